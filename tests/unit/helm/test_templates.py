"""What the chart renders. Needs helm."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import yaml
from click.core import Command
from dra_controller.command_line import main as controller_command
from dra_core.snapshot.json_value import JsonObject, at, list_at, object_at, text_at
from dra_kubeletplugin.command_line import command

from tests.unit.helm.rendering import (
    CHART,
    CLASSIC,
    HELM,
    MODERN,
    RELEASE,
    container,
    environment,
    helm,
    one,
    refused,
    render,
)

both_generations = pytest.mark.parametrize("server", [MODERN, CLASSIC], ids=["modern", "classic"])

pytestmark = pytest.mark.skipif(not HELM, reason="there is no helm; `demo/clusters/local/cluster build` makes one")


def _kinds(objects: list[JsonObject]) -> set[str]:
    return {text_at(item, "kind") for item in objects}


def _allowed(objects: list[JsonObject], part: str) -> dict[str, set[tuple[str, str]]]:
    """Pairs of resource and verb that a part of the driver may use: everywhere, and in its namespace."""
    roles = [item for item in objects if item["kind"] in ("Role", "ClusterRole")]
    return {
        text_at(role, "kind"): {
            (str(resource), str(verb))
            for rule in list_at(role, "rules")
            for resource in list_at(rule, "resources")
            for verb in list_at(rule, "verbs")
        }
        for role in roles
        if text_at(role, "metadata", "name").endswith(part)
    }


def _each(resources: str, verbs: str) -> set[tuple[str, str]]:
    return {(resource, verb) for resource in resources.split() for verb in verbs.split()}


@both_generations
def test_lint_finds_nothing(server: Sequence[str]) -> None:
    """`helm lint` takes no served versions; what the server would say is set."""
    generation = "apiGeneration=classic" if server is CLASSIC else "apiGeneration="
    arguments = ("--namespace", RELEASE, *server[:2], "--set", generation)
    done = helm("lint", "--strict", str(CHART), *arguments)
    assert done.returncode == 0, done.stdout + done.stderr


@both_generations
def test_each_variable_is_one_that_the_plugin_reads(server: Sequence[str]) -> None:
    """A flag that was renamed would leave the chart setting something that nobody reads."""
    assert isinstance(command, Command)
    known = {str(parameter.envvar) for parameter in command.params if parameter.envvar}
    assert set(environment(render(server=server))) <= known


@both_generations
def test_each_variable_is_one_that_the_controller_reads(server: Sequence[str]) -> None:
    assert isinstance(controller_command, Command)
    known = {str(parameter.envvar) for parameter in controller_command.params if parameter.envvar}
    conditions = [] if server is CLASSIC else ["controller.bindingConditions=true"]
    assert set(environment(render(*conditions, server=server), "Deployment")) <= known


@both_generations
def test_what_the_server_serves_decides_the_generation(server: Sequence[str]) -> None:
    objects = render(server=server)
    classic = server is CLASSIC
    assert environment(objects)["API_GENERATION"] == ("classic" if classic else "modern")
    assert ("ResourceClass" in _kinds(objects), "DeviceClass" in _kinds(objects)) == (classic, not classic)


@pytest.mark.parametrize("generation", ["classic", "modern"])
@both_generations
def test_a_generation_that_is_set_wins(server: Sequence[str], generation: str) -> None:
    objects = render(f"apiGeneration={generation}", server=server)
    assert environment(objects)["API_GENERATION"] == generation


def test_server_that_serves_neither_is_told_what_to_turn_on() -> None:
    done = helm("template", RELEASE, str(CHART), "--namespace", "x", "--kube-version", "1.30.14")
    assert done.returncode != 0
    for words in (
        "v1.30.14 serves neither",
        "--runtime-config=resource.k8s.io/v1alpha2=true",
        "DynamicResourceAllocat",
    ):
        assert words in done.stderr


@pytest.mark.parametrize(
    ("setting", "variable", "value"),
    [
        ("kubeletPlugin.numDevices=3", "NUM_DEVICES", "3"),
        ("kubeletPlugin.gpuPartitions=4", "GPU_PARTITIONS", "4"),
        ("kubeletPlugin.gpuAllowMultipleAllocations=true", "GPU_ALLOW_MULTIPLE_ALLOCATIONS", "true"),
        ("kubeletPlugin.bindingConditions=true", "BINDING_CONDITIONS", "true"),
        ("kubeletPlugin.cdiDirectoryPath=/etc/cdi", "CDI_ROOT", "/etc/cdi"),
        ("kubeletPlugin.deviceMetadata=true", "DEVICE_METADATA", "true"),
        ("deviceProfile=net", "DEVICE_PROFILE", "net"),
        ("deviceProfile=net", "DRIVER_NAME", "net.example.com"),
        ("kubeletPlugin.logLevel=debug", "LOG_LEVEL", "debug"),
        ("kubeletPlugin.logFormat=console", "LOG_FORMAT", "console"),
        ("kubeletPlugin.healthcheckPort=-1", "HEALTHCHECK_PORT", "-1"),
        ("kubeletPlugin.metricsPort=9090", "METRICS_PORT", "9090"),
        ("driverName=gpu.vendor.example", "DRIVER_NAME", "gpu.vendor.example"),
    ],
)
def test_value_reaches_the_plugin(setting: str, variable: str, value: str) -> None:
    assert environment(render(setting))[variable] == value


@pytest.mark.parametrize(
    ("setting", "variable", "value"),
    [
        ("controller.workers=9", "WORKERS", "9"),
        ("controller.httpPort=-1", "HTTP_PORT", "-1"),
        ("controller.logLevel=debug", "LOG_LEVEL", "debug"),
        ("controller.logFormat=console", "LOG_FORMAT", "console"),
        ("driverName=gpu.vendor.example", "DRIVER_NAME", "gpu.vendor.example"),
    ],
)
def test_value_reaches_the_controller(setting: str, variable: str, value: str) -> None:
    assert environment(render(setting, server=CLASSIC), "Deployment")[variable] == value


@both_generations
def test_plugin_and_controller_agree_on_names_and_places(server: Sequence[str]) -> None:
    objects = render(server=server)
    plugin, controller = environment(objects), environment(objects, "Deployment")
    assert plugin["DRIVER_NAME"] == controller["DRIVER_NAME"]
    assert plugin["API_GENERATION"] == controller["API_GENERATION"]
    for kind in ("DaemonSet", "Deployment"):
        (namespace,) = [item for item in list_at(container(objects, kind), "env") if at(item, "name") == "NAMESPACE"]
        assert text_at(namespace, "valueFrom", "fieldRef", "fieldPath") == "metadata.namespace"


def test_classic_driver_and_class_have_the_names_of_the_examples() -> None:
    objects = render(server=CLASSIC)
    found = one(objects, "ResourceClass")
    assert (at(found, "metadata", "name"), at(found, "driverName")) == ("gpu.example.com", "gpu.resource.example.com")
    other = one(render("driverName=gpu.vendor.example", server=CLASSIC), "ResourceClass")
    assert at(other, "metadata", "name") == at(other, "driverName") == "gpu.vendor.example"


def test_directories_are_mounted_where_the_plugin_looks_for_them() -> None:
    objects = render("kubeletPlugin.kubeletPluginsDirectoryPath=/data/kubelet/plugins")
    mounts = {text_at(item, "mountPath") for item in list_at(container(objects), "volumeMounts")}
    volumes = list_at(one(objects, "DaemonSet"), "spec", "template", "spec", "volumes")
    variables = environment(objects)
    wanted = {
        variables["KUBELET_PLUGINS_DIRECTORY_PATH"],
        variables["KUBELET_REGISTRAR_DIRECTORY_PATH"],
        variables["CDI_ROOT"],
    }
    assert mounts == wanted == {text_at(item, "hostPath", "path") for item in volumes}
    assert "/data/kubelet/plugins" in wanted


def test_class_has_the_drivers_name_and_selects_its_devices() -> None:
    found = one(
        render("driverName=gpu.vendor.example", "deviceClass.extendedResourceName=example.com/gpu"), "DeviceClass"
    )
    assert at(found, "metadata", "name") == "gpu.vendor.example"
    assert at(found, "spec", "extendedResourceName") == "example.com/gpu"
    (selector,) = list_at(found, "spec", "selectors")
    assert text_at(selector, "cel", "expression") == "device.driver == 'gpu.vendor.example'"
    assert not [item for item in render("deviceClass.create=false") if item["kind"] == "DeviceClass"]


@both_generations
def test_role_allows_no_more_than_the_plugin_does(server: Sequence[str]) -> None:
    """Each addition here is a decision."""
    slices = set() if server is CLASSIC else _each("resourceslices", "get list watch create update delete")
    state = "get create patch delete" if server is CLASSIC else "get create patch"
    assert _allowed(render(server=server), "kubeletplugin") == {
        "ClusterRole": _each("resourceclaims nodes", "get") | slices,
        "Role": _each("nodeallocationstates", state),
    }


def test_role_allows_no_more_than_the_classic_controller_does() -> None:
    """Each addition here is a decision."""
    watched = "resourceclaims podschedulingcontexts resourceclasses deviceclassparameters gpuclaimparameters nodes"
    assert _allowed(render(server=CLASSIC), "controller") == {
        "ClusterRole": _each(watched, "get list watch")
        | _each("resourceclaims resourceclaims/status podschedulingcontexts/status", "patch")
        | _each("pods", "get")
        | _each("events", "create"),
        "Role": _each("nodeallocationstates", "get list watch patch") | _each("leases", "get update"),
    }


def test_role_allows_no_more_than_the_modern_controller_does() -> None:
    """Each addition here is a decision."""
    assert _allowed(render(), "controller") == {
        "ClusterRole": _each("resourceclaims resourceslices nodes", "get list watch"),
        "Role": _each("nodeallocationstates", "get list watch create patch delete") | _each("leases", "get update"),
    }


def test_role_grows_with_binding_conditions_by_the_drivers_entries_in_claims() -> None:
    objects = render("controller.bindingConditions=true")
    assert environment(objects, "Deployment")["BINDING_CONDITIONS"] == "true"
    more = _allowed(objects, "controller")["ClusterRole"] - _allowed(render(), "controller")["ClusterRole"]
    assert more == {("resourceclaims/status", "patch"), ("resourceclaims/driver", "arbitrary-node:patch")}
    (role,) = [item for item in objects if item["kind"] == "ClusterRole" and "controller" in str(item["metadata"])]
    (narrowed,) = [rule for rule in list_at(role, "rules") if list_at(rule, "resourceNames")]
    assert list_at(narrowed, "resourceNames") == ["gpu.example.com"]


@both_generations
def test_controller_may_write_its_own_lease_only(server: Sequence[str]) -> None:
    """And the chart makes it: the right to create leases cannot be narrowed to a name."""
    objects = render("driverName=gpu.vendor.example", server=server)
    (rule,) = [
        rule
        for item in objects
        if item["kind"] == "Role"
        for rule in list_at(item, "rules")
        if "leases" in list_at(rule, "resources")
    ]
    assert list_at(rule, "resourceNames") == [at(one(objects, "Lease"), "metadata", "name")] == ["gpu-vendor-example"]


@both_generations
def test_roles_and_policies_are_bound_to_the_accounts_that_run(server: Sequence[str]) -> None:
    objects = render("serviceAccount.name=plugin", "serviceAccount.controllerName=operator", server=server)
    bound = {
        (
            text_at(item, "kind"),
            text_at(subject, "namespace"),
            text_at(subject, "name"),
            text_at(item, "roleRef", "name"),
        )
        for item in objects
        if item["kind"] in ("RoleBinding", "ClusterRoleBinding")
        for subject in list_at(item, "subjects")
    }
    assert bound == {
        (kind, RELEASE, account, f"{RELEASE}-{part}")
        for kind in ("RoleBinding", "ClusterRoleBinding")
        for account, part in (("plugin", "kubeletplugin"), ("operator", "controller"))
    }
    assert at(one(objects, "DaemonSet"), "spec", "template", "spec", "serviceAccountName") == "plugin"
    policies = [item for item in objects if item["kind"] == "ValidatingAdmissionPolicy"]
    for policy in policies:
        (condition,) = list_at(policy, "spec", "matchConditions")
        assert f'"system:serviceaccount:{RELEASE}:plugin"' in text_at(condition, "expression")
    names = {text_at(policy, "metadata", "name") for policy in policies}
    states, slices = (f"{kind}-policy-{RELEASE}" for kind in ("nodeallocationstates", "resourceslices"))
    assert names == ({states} if server is CLASSIC else {states, slices})
    bindings = [item for item in objects if item["kind"] == "ValidatingAdmissionPolicyBinding"]
    assert {text_at(item, "spec", "policyName") for item in bindings} == names


def test_servers_without_admission_policies_get_none() -> None:
    older = ("--kube-version", "1.29.6", *CLASSIC[2:])
    assert not {kind for kind in _kinds(render(server=older)) if kind.startswith("Validating")}
    assert not {kind for kind in _kinds(render("admissionPolicy.enabled=false")) if kind.startswith("Validating")}


def test_plugin_has_no_privileges() -> None:
    context = object_at(container(render()), "securityContext")
    assert context["privileged"] is False
    assert context["allowPrivilegeEscalation"] is False
    assert context["readOnlyRootFilesystem"] is True
    assert at(context, "capabilities", "drop") == ["ALL"]


def test_controller_has_no_privileges() -> None:
    context = object_at(container(render(server=CLASSIC), "Deployment"), "securityContext")
    assert context["runAsNonRoot"] is True
    assert context["privileged"] is False
    assert context["allowPrivilegeEscalation"] is False
    assert context["readOnlyRootFilesystem"] is True
    assert at(context, "capabilities", "drop") == ["ALL"]
    assert not list_at(one(render(server=CLASSIC), "Deployment"), "spec", "template", "spec", "volumes")


def test_update_lets_the_new_plugin_come_before_the_old_one_goes() -> None:
    strategy = object_at(one(render(), "DaemonSet"), "spec", "updateStrategy")
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    names = {text_at(item, "name") for item in list_at(container(render()), "env")}
    assert "POD_UID" in names, "without it old and new plugin would want the same sockets"


def test_update_on_kubelets_that_know_one_instance_lets_the_old_plugin_go_first() -> None:
    objects = render(server=CLASSIC)
    strategy = object_at(one(objects, "DaemonSet"), "spec", "updateStrategy")
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
    assert "POD_UID" not in {text_at(item, "name") for item in list_at(container(objects), "env")}


@both_generations
def test_update_strategy_that_is_set_wins(server: Sequence[str]) -> None:
    objects = render("kubeletPlugin.updateStrategy.type=OnDelete", server=server)
    assert at(one(objects, "DaemonSet"), "spec", "updateStrategy") == {"type": "OnDelete"}


def test_ports_below_zero_switch_probes_and_metrics_off() -> None:
    objects = render("kubeletPlugin.healthcheckPort=-1", "kubeletPlugin.metricsPort=-1")
    assert not {"startupProbe", "readinessProbe", "livenessProbe", "ports"} & set(container(objects))
    assert [text_at(item, "metadata", "name") for item in objects if item["kind"] == "Service"] == [
        f"{RELEASE}-controller-metrics"
    ]
    classic = render("controller.httpPort=-1", server=CLASSIC)
    assert not {"startupProbe", "readinessProbe", "livenessProbe", "ports"} & set(container(classic, "Deployment"))
    assert [text_at(item, "metadata", "name") for item in classic if item["kind"] == "Service"] == [
        f"{RELEASE}-metrics"
    ]


@both_generations
def test_each_service_finds_its_part_only(server: Sequence[str]) -> None:
    """The parts share the release's labels; what selects one of them must not find the other."""
    objects = render(*([] if server is CLASSIC else ["webhook.enabled=true"]), server=server)
    pods = [item for item in objects if item["kind"] in ("DaemonSet", "Deployment")]
    for item in objects:
        if item["kind"] in ("Service", "DaemonSet", "Deployment"):
            selector = object_at(item, "spec", "selector")
            wanted = object_at(selector, "matchLabels") or selector
            found = [
                text_at(pod, "metadata", "labels", "app.kubernetes.io/component")
                for pod in pods
                if wanted.items() <= object_at(pod, "spec", "template", "metadata", "labels").items()
            ]
            own = text_at(item, "metadata", "labels", "app.kubernetes.io/component")
            assert found == [own]


@both_generations
def test_all_objects_of_two_releases_have_names_of_their_own(server: Sequence[str]) -> None:
    def names(release: str, driver: str) -> set[tuple[str, str]]:
        values = ("--set", f"driverName={driver}")
        done = helm("template", release, str(CHART), "--namespace", "drivers", *server, *values)
        objects = (item for item in yaml.safe_load_all(done.stdout) if item)
        return {(text_at(item, "kind"), text_at(item, "metadata", "name")) for item in objects}

    assert names("one", "one.example.com") & names("two", "two.example.com") == set()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--namespace", "default"], "does not belong into the namespace"),
        (["--namespace", "x", "--set", "serviceAccount.create=false"], "serviceAccount.name is needed"),
        (["--namespace", "x", "--set", "kubeletPlugin.numDevice=3"], "numDevice"),
        (
            ["--namespace", "x", "--set", "serviceAccount.create=false,serviceAccount.name=y"],
            "controllerName is needed",
        ),
        (["--namespace", "x", "--set", "apiGeneration=v1"], "apiGeneration"),
        (["--namespace", "x", "--kube-version", "1.33.0"], "kubeVersion"),
        (
            [
                "--namespace",
                "x",
                *CLASSIC,
                "--set",
                "kubeletPlugin.gpuPartitions=2,kubeletPlugin.bindingConditions=true",
            ],
            "nothing like kubeletPlugin.gpuPartitions, kubeletPlugin.bindingConditions",
        ),
        (["--namespace", "x", *CLASSIC, "--set", "deviceProfile=cpu"], "nothing like deviceProfile cpu"),
        (
            ["--namespace", "x", "--set", "deviceProfile=net,kubeletPlugin.gpuPartitions=2"],
            "kubeletPlugin.gpuPartitions: for GPUs only, and deviceProfile is net",
        ),
    ],
)
def test_mistakes_are_refused_with_words(arguments: list[str], words: str) -> None:
    assert words in refused(*arguments)
