"""What the chart renders for the admission webhook. What its conditions mean is in tests/e2e/test_admission.py."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.core import Command
from dra_core.admission.verdict import OPERATIONS
from dra_core.admission.written import PLACES
from dra_core.snapshot.json_value import JsonObject, at, list_at, object_at, text_at
from dra_core.snapshot.versions import GROUP, SERVED
from dra_webhook.command_line import main as webhook_command
from dra_webhook.webhook import STOP_SECONDS

from tests.unit.helm.rendering import CLASSIC, HELM, RELEASE, container, environment, one, refused, render

pytestmark = pytest.mark.skipif(not HELM, reason="there is no helm; `demo/clusters/local/cluster build` makes one")

ON = "webhook.enabled=true"
SECRET = ("webhook.certificateFrom=secret", "webhook.certificateSecretName=mine", "webhook.caBundle=AAAA")


def _webhook_objects(*values: str) -> list[JsonObject]:
    """What comes with the webhook alone."""
    without = [(item["kind"], at(item, "metadata", "name")) for item in render(*values)]
    objects = render(ON, *values)
    return [item for item in objects if (item["kind"], at(item, "metadata", "name")) not in without]


def _webhook(objects: list[JsonObject]) -> JsonObject:
    (found,) = list_at(one(objects, "ValidatingWebhookConfiguration"), "webhooks")
    assert isinstance(found, dict)
    return found


def _pod(objects: list[JsonObject]) -> JsonObject:
    return object_at(one(objects, "Deployment"), "spec", "template", "spec")


def test_there_is_none_by_default() -> None:
    assert not [item for item in render() if "webhook" in text_at(item, "metadata", "name")]
    assert not [item for item in render() if item["kind"] == "ValidatingWebhookConfiguration"]


def test_each_variable_is_one_that_the_webhook_reads() -> None:
    """A flag that was renamed would leave the chart setting something that nobody reads."""
    assert isinstance(webhook_command, Command)
    known = {str(parameter.envvar) for parameter in webhook_command.params if parameter.envvar}
    assert set(environment(_webhook_objects(), "Deployment")) <= known


@pytest.mark.parametrize(
    ("setting", "variable", "value"),
    [
        ("webhook.containerPort=9443", "PORT", "9443"),
        ("webhook.logLevel=debug", "LOG_LEVEL", "debug"),
        ("webhook.logFormat=console", "LOG_FORMAT", "console"),
        ("deviceProfile=net", "DEVICE_PROFILE", "net"),
        ("driverName=gpu.vendor.example", "DRIVER_NAME", "gpu.vendor.example"),
    ],
)
def test_value_reaches_the_webhook(setting: str, variable: str, value: str) -> None:
    assert environment(_webhook_objects(setting), "Deployment")[variable] == value


def test_it_is_asked_about_all_that_it_judges_and_nothing_else() -> None:
    (rule,) = list_at(_webhook(render(ON)), "rules")
    assert list_at(rule, "apiGroups") == [GROUP]
    assert set(list_at(rule, "resources")) == set(PLACES)
    assert list_at(rule, "operations") == list(OPERATIONS)
    for place in PLACES.values():
        assert set(list_at(rule, "apiVersions")) == set(SERVED[place.kind])


def test_it_is_asked_about_parameters_of_its_driver_only_and_on_updates_about_new_ones() -> None:
    webhook = _webhook(render(ON, "driverName=gpu.vendor.example"))
    assert text_at(webhook, "name") == "opaque-parameters.webhook.gpu.vendor.example"
    ours, new = (text_at(item, "expression") for item in list_at(webhook, "matchConditions"))
    assert ours.endswith('.exists(entry, entry.?opaque.?driver.orValue("") == "gpu.vendor.example")')
    for place in PLACES.values():
        assert f"object.?{'.?'.join(place.path)}" in ours
        assert f"oldObject.?{'.?'.join(place.path)}" in new
    assert new.startswith('request.operation != "UPDATE" ||')
    assert new.endswith('== "gpu.vendor.example" && before.?opaque.?parameters == entry.?opaque.?parameters))')


def test_how_it_is_asked() -> None:
    webhook = _webhook(render(ON, "webhook.timeoutSeconds=7"))
    fields = ("failurePolicy", "sideEffects", "matchPolicy", "timeoutSeconds", "admissionReviewVersions")
    assert [webhook[field] for field in fields] == ["Fail", "None", "Equivalent", 7, ["v1"]]
    assert _webhook(render(ON, "webhook.failurePolicy=Ignore"))["failurePolicy"] == "Ignore"


def test_api_server_finds_the_pods() -> None:
    objects = _webhook_objects("webhook.servicePort=444", "webhook.containerPort=9443")
    asked = object_at(_webhook(objects), "clientConfig", "service")
    (service,) = [item for item in objects if item["kind"] == "Service" and at(item, "spec", "clusterIP") != "None"]
    (port,) = list_at(service, "spec", "ports")
    assert (asked["namespace"], asked["name"]) == tuple(at(service, "metadata", key) for key in ("namespace", "name"))
    assert asked["path"] == "/validate-resource-claim-parameters"
    assert asked["port"] == at(port, "port") == 444
    assert {"name": at(port, "targetPort"), "containerPort": 9443} in list_at(container(objects, "Deployment"), "ports")


def test_certificate_of_helm_is_for_the_service_and_signed_by_whom_the_api_server_trusts(tmp_path: Path) -> None:
    objects = render(ON)
    data = object_at(one(objects, "Secret"), "data")
    assert text_at(_webhook(objects), "clientConfig", "caBundle") == data["ca.crt"]
    for name in ("ca.crt", "tls.crt", "tls.key"):
        (tmp_path / name).write_bytes(base64.b64decode(text_at(data, name)))
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")
    client.load_verify_locations(tmp_path / "ca.crt")
    _shake_hands(server, client, f"{RELEASE}-webhook.{RELEASE}.svc")
    with pytest.raises(ssl.SSLCertVerificationError):
        _shake_hands(server, client, f"another.{RELEASE}.svc")


def _shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """A TLS handshake in memory."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(back, there, server_hostname=name), server.wrap_bio(there, back, server_side=True)]
    while ends:
        for end in list(ends):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            ends.remove(end)


@pytest.mark.parametrize(
    ("values", "secret"),
    [
        ((), f"{RELEASE}-webhook-certificate"),
        (("webhook.certificateFrom=cert-manager",), f"{RELEASE}-webhook-certificate"),
        (SECRET, "mine"),
    ],
)
def test_pod_has_the_certificate_that_was_chosen(values: Sequence[str], secret: str) -> None:
    objects = _webhook_objects(*values)
    (volume,) = list_at(_pod(objects), "volumes")
    assert text_at(volume, "secret", "secretName") == secret
    assert [at(item, "key") for item in list_at(volume, "secret", "items")] == ["tls.crt", "tls.key"]
    (mount,) = list_at(container(objects, "Deployment"), "volumeMounts")
    folder, variables = text_at(mount, "mountPath"), environment(objects, "Deployment")
    assert (variables["TLS_CERT_FILE"], variables["TLS_PRIVATE_KEY_FILE"]) == (f"{folder}/tls.crt", f"{folder}/tls.key")


def test_certificate_of_cert_manager() -> None:
    objects = _webhook_objects("webhook.certificateFrom=cert-manager")
    certificate, configuration = one(objects, "Certificate"), one(objects, "ValidatingWebhookConfiguration")
    assert at(certificate, "spec", "secretName") == f"{RELEASE}-webhook-certificate"
    assert f"{RELEASE}-webhook.{RELEASE}.svc" in list_at(certificate, "spec", "dnsNames")
    issuer = {"kind": "Issuer", "name": at(one(objects, "Issuer"), "metadata", "name")}
    assert at(certificate, "spec", "issuerRef") == issuer
    injected = text_at(configuration, "metadata", "annotations", "cert-manager.io/inject-ca-from")
    assert injected == f"{RELEASE}/{text_at(certificate, 'metadata', 'name')}"
    assert "caBundle" not in object_at(_webhook(objects), "clientConfig")
    assert not [item for item in objects if item["kind"] == "Secret"]


def test_certificate_of_an_issuer_that_is_there() -> None:
    issuer = ("webhook.certificateIssuer.kind=ClusterIssuer", "webhook.certificateIssuer.name=ours")
    objects = _webhook_objects("webhook.certificateFrom=cert-manager", *issuer)
    assert at(one(objects, "Certificate"), "spec", "issuerRef") == {"kind": "ClusterIssuer", "name": "ours"}
    assert not [item for item in objects if item["kind"] == "Issuer"]


def test_certificate_of_a_secret_that_is_there() -> None:
    objects = _webhook_objects(*SECRET)
    assert at(_webhook(objects), "clientConfig", "caBundle") == "AAAA"
    assert not {"Secret", "Certificate", "Issuer"} & {text_at(item, "kind") for item in objects}


def test_webhook_has_no_privileges_and_no_rights() -> None:
    objects = _webhook_objects()
    context = object_at(container(objects, "Deployment"), "securityContext")
    assert context["runAsNonRoot"] is True
    assert context["privileged"] is False
    assert context["allowPrivilegeEscalation"] is False
    assert context["readOnlyRootFilesystem"] is True
    assert at(context, "capabilities", "drop") == ["ALL"]
    account, pod = one(objects, "ServiceAccount"), _pod(objects)
    assert at(account, "automountServiceAccountToken") is at(pod, "automountServiceAccountToken") is False
    assert at(pod, "serviceAccountName") == at(account, "metadata", "name") == f"{RELEASE}-webhook"
    bound = [subject for item in render(ON) for subject in list_at(item, "subjects")]
    assert bound
    assert at(account, "metadata", "name") not in [at(subject, "name") for subject in bound]


def test_rollout_drops_no_question() -> None:
    """The new pod answers before the old one goes, which answers until the API servers know that it goes."""
    objects = _webhook_objects()
    strategy = object_at(one(objects, "Deployment"), "spec", "strategy")
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    asked, pod = container(objects, "Deployment"), _pod(objects)
    wait, grace = at(asked, "lifecycle", "preStop", "sleep", "seconds"), at(pod, "terminationGracePeriodSeconds")
    assert isinstance(wait, int)
    assert isinstance(grace, int)
    assert grace > wait + STOP_SECONDS
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert at(asked, probe, "httpGet") == {"path": "/readyz", "port": "https", "scheme": "HTTPS"}


def test_metrics_of_each_webhook_are_at_its_own_address() -> None:
    (service,) = [item for item in _webhook_objects() if at(item, "spec", "clusterIP") == "None"]
    assert list_at(service, "spec", "ports") == [{"name": "metrics", "port": 8443, "targetPort": "https"}]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", SECRET[0]], "webhook.certificateSecretName and webhook.caBundle are needed"),
        (["--set", ",".join(SECRET[:2])], "webhook.certificateSecretName and webhook.caBundle are needed"),
        (CLASSIC, "nothing like webhook.enabled"),
        (
            ["--set", "serviceAccount.create=false,serviceAccount.name=x,serviceAccount.controllerName=y"],
            "serviceAccount.webhookName is needed",
        ),
    ],
)
def test_mistakes_are_refused_with_words(arguments: Sequence[str], words: str) -> None:
    assert words in refused("--namespace", "x", "--set", ON, *arguments)
