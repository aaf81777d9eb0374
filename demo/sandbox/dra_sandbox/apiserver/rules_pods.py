"""Pods and pod templates: defaults (pkg/apis/core/v1/defaults.go) and what can be wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dra_core.refusal import Refusal
from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, object_at, text_at

from dra_sandbox.apiserver import faults
from dra_sandbox.apiserver.metadata import dns_label_faults, subdomain_faults
from dra_sandbox.apiserver.requests import Circumstances
from dra_sandbox.apiserver.resources import Resource
from dra_sandbox.world.objects import objects_at

POLICIES = ("Always", "OnFailure", "Never")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_NODE_TROUBLE_SECONDS = 300  # admission plugin DefaultTolerationSeconds
_MODE = 0o644  # default mode of files in volumes
_CHANGEABLE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def prepared_pod(
    _resource: Resource, value: JsonObject, old: JsonObject | None, _circumstances: Circumstances
) -> JsonObject:
    """A pod with defaults; a new one is Pending."""
    spec = dict(with_spec_defaults(object_at(value, "spec")))
    spec["tolerations"] = _with_default_tolerations(objects_at(spec, "tolerations"))
    value = {**value, "spec": spec}
    if old is None:
        value = {**value, "status": {"phase": "Pending", "qosClass": quality_of_service(spec)}}
    return value


def with_template_defaults(template: JsonObject) -> JsonObject:
    """A pod template with the defaults of its pods."""
    return {**template, "spec": with_spec_defaults(object_at(template, "spec"))}


def with_spec_defaults(spec: JsonObject) -> JsonObject:
    """A pod's specification with defaults."""
    account = text_at(spec, "serviceAccountName") or text_at(spec, "serviceAccount")
    value: dict[str, Json] = {
        "dnsPolicy": "ClusterFirst",
        "enableServiceLinks": True,
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
        **spec,
    }
    if account:
        value |= {"serviceAccountName": account, "serviceAccount": account}
    for key in ("containers", "initContainers"):
        if key in spec:
            value[key] = [_container(item) for item in objects_at(spec, key)]
    if "volumes" in spec:
        value["volumes"] = [_volume(item) for item in objects_at(spec, "volumes")]
    return value


def _container(container: JsonObject) -> JsonObject:
    image = text_at(container, "image")
    tag = image.rpartition("/")[2].partition(":")[2]
    latest = "@" not in image and tag in ("", "latest")
    value: dict[str, Json] = {
        "imagePullPolicy": "Always" if latest else "IfNotPresent",
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        **container,
    }
    if "ports" in container:
        value["ports"] = [{"protocol": "TCP", **port} for port in objects_at(container, "ports")]
    for key in ("livenessProbe", "readinessProbe", "startupProbe"):
        if key in container:
            value[key] = _probe(object_at(container, key))
    if "env" in container:
        value["env"] = [_variable(item) for item in objects_at(container, "env")]
    limits, requests = object_at(container, "resources", "limits"), object_at(container, "resources", "requests")
    if any(name not in requests for name in limits):
        value["resources"] = {**object_at(container, "resources"), "requests": {**limits, **requests}}
    return value


def _probe(probe: JsonObject) -> JsonObject:
    value: dict[str, Json] = {
        "failureThreshold": 3,
        "periodSeconds": 10,
        "successThreshold": 1,
        "timeoutSeconds": 1,
        **probe,
    }
    if "httpGet" in probe:
        value["httpGet"] = {"path": "/", "scheme": "HTTP", **object_at(probe, "httpGet")}
    if "grpc" in probe:
        value["grpc"] = {"service": "", **object_at(probe, "grpc")}
    return value


def _variable(variable: JsonObject) -> JsonObject:
    reference = object_at(variable, "valueFrom", "fieldRef")
    if not reference or "apiVersion" in reference:
        return variable
    source = {**object_at(variable, "valueFrom"), "fieldRef": {"apiVersion": "v1", **reference}}
    return {**variable, "valueFrom": source}


def _volume(volume: JsonObject) -> JsonObject:
    if len(volume) == 1:
        return {**volume, "emptyDir": {}}
    value: dict[str, Json] = dict(volume)
    for key in ("configMap", "secret", "projected", "downwardAPI"):
        if key in volume:
            value[key] = {"defaultMode": _MODE, **object_at(volume, key)}
    if "hostPath" in volume:
        value["hostPath"] = {"type": "", **object_at(volume, "hostPath")}
    return value


def _with_default_tolerations(tolerations: Sequence[JsonObject]) -> list[Json]:
    """Five minutes of patience with a node in trouble, unless the pod says something about it."""
    added: list[Json] = [
        {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": _NODE_TROUBLE_SECONDS}
        for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
        if not any(
            text_at(one, "key") in ("", key) and text_at(one, "effect") in ("", "NoExecute") for one in tolerations
        )
    ]
    return [*tolerations, *added]


def quality_of_service(spec: JsonObject) -> str:
    """Guaranteed, Burstable or BestEffort (core/v1 PodQOSClass)."""
    containers = [*objects_at(spec, "containers"), *objects_at(spec, "initContainers")]
    pairs = [
        (object_at(one, "resources", "requests").get(name), object_at(one, "resources", "limits").get(name))
        for one in containers
        for name in ("cpu", "memory")
    ]
    if all(request is None and limit is None for request, limit in pairs):
        return "BestEffort"
    return "Guaranteed" if all(limit is not None and request == limit for request, limit in pairs) else "Burstable"


def check_pod(_resource: Resource, value: JsonObject, old: JsonObject | None) -> Iterator[Refusal]:
    """A pod; most of its specification never changes."""
    spec = object_at(value, "spec")
    if old is None:
        yield from spec_faults("spec", spec)
        return
    before = object_at(old, "spec")
    if spec == before:
        return
    for key in ("containers", "initContainers"):
        names = [[text_at(item, "name") for item in objects_at(one, key)] for one in (spec, before)]
        if names[0] != names[1]:
            yield faults.forbidden(f"spec.{key}", "pod updates may not add or remove containers")
            return
    if not _only_changeable(spec, before):
        yield faults.forbidden("spec", _CHANGEABLE)


def _only_changeable(spec: JsonObject, before: JsonObject) -> bool:
    if any(one not in objects_at(spec, "tolerations") for one in objects_at(before, "tolerations")):
        return False
    gates = objects_at(before, "schedulingGates")
    if any(one not in gates for one in objects_at(spec, "schedulingGates")):
        return False
    aside = ("tolerations", "activeDeadlineSeconds", "schedulingGates", "containers", "initContainers")
    if {k: v for k, v in spec.items() if k not in aside} != {k: v for k, v in before.items() if k not in aside}:
        return False
    return all(
        [{**item, "image": ""} for item in objects_at(spec, key)]
        == [{**item, "image": ""} for item in objects_at(before, key)]
        for key in ("containers", "initContainers")
    )


def spec_faults(path: str, spec: JsonObject, policies: tuple[str, ...] = POLICIES) -> Iterator[Refusal]:
    """A pod's specification."""
    containers, initial = objects_at(spec, "containers"), objects_at(spec, "initContainers")
    claims, volumes = objects_at(spec, "resourceClaims"), objects_at(spec, "volumes")
    yield from _claim_faults(f"{path}.resourceClaims", claims)
    yield from _names_faults(f"{path}.volumes", volumes)
    if not containers:
        yield faults.required(f"{path}.containers")
    known_claims = {text_at(one, "name") for one in claims}
    known_volumes = {text_at(one, "name") for one in volumes}
    for key, items in (("containers", containers), ("initContainers", initial)):
        for i, item in enumerate(items):
            yield from _container_faults(f"{path}.{key}[{i}]", item, known_claims, known_volumes)
    every = [text_at(one, "name") for one in (*containers, *initial)]
    for i, name in enumerate(every):
        if name and name in every[:i]:
            place = f"containers[{i}]" if i < len(containers) else f"initContainers[{i - len(containers)}]"
            yield faults.duplicate(f"{path}.{place}.name", name)
    policy = text_at(spec, "restartPolicy")
    if policy not in policies:
        yield faults.not_supported(f"{path}.restartPolicy", policy, policies)
    node = text_at(spec, "nodeName")
    if node:
        yield from subdomain_faults(f"{path}.nodeName", node)


def _names_faults(path: str, items: Sequence[JsonObject]) -> Iterator[Refusal]:
    seen: set[str] = set()
    for i, item in enumerate(items):
        name = text_at(item, "name")
        if not name:
            yield faults.required(f"{path}[{i}].name")
        else:
            yield from dns_label_faults(f"{path}[{i}].name", name)
        if name in seen:
            yield faults.duplicate(f"{path}[{i}].name", name)
        seen.add(name)


def _claim_faults(path: str, claims: Sequence[JsonObject]) -> Iterator[Refusal]:
    """spec.resourceClaims: a name, and either a claim or a template (classic pods have both in ``source``)."""
    yield from _names_faults(path, claims)
    for i, claim in enumerate(claims):
        source = object_at(claim, "source") or claim
        given = [key for key in ("resourceClaimName", "resourceClaimTemplateName") if source.get(key)]
        if len(given) == 2:
            yield faults.invalid(
                f"{path}[{i}]",
                claim,
                "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified",
            )
        elif not given and not claim.get("podGroupResourceClaim"):
            yield faults.invalid(
                f"{path}[{i}]", claim, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            )
        for key in given:
            yield from subdomain_faults(f"{path}[{i}].{key}", text_at(source, key))


def _container_faults(path: str, container: JsonObject, claims: set[str], volumes: set[str]) -> Iterator[Refusal]:
    name = text_at(container, "name")
    if name:
        yield from dns_label_faults(f"{path}.name", name)
    else:
        yield faults.required(f"{path}.name")
    if not text_at(container, "image"):
        yield faults.required(f"{path}.image")
    policy = text_at(container, "imagePullPolicy")
    if policy not in _PULL_POLICIES:
        yield faults.not_supported(f"{path}.imagePullPolicy", policy, _PULL_POLICIES)
    for i, variable in enumerate(objects_at(container, "env")):
        if not text_at(variable, "name"):
            yield faults.required(f"{path}.env[{i}].name")
        if variable.get("value") and variable.get("valueFrom"):
            yield faults.invalid(f"{path}.env[{i}].valueFrom", "", "may not be specified when `value` is not empty")
    for i, mount in enumerate(objects_at(container, "volumeMounts")):
        if text_at(mount, "name") not in volumes:
            yield faults.not_found(f"{path}.volumeMounts[{i}].name", text_at(mount, "name"))
        if not text_at(mount, "mountPath"):
            yield faults.required(f"{path}.volumeMounts[{i}].mountPath")
    for i, port in enumerate(objects_at(container, "ports")):
        number = at(port, "containerPort")
        if not isinstance(number, int) or not 0 < number < 65536:
            yield faults.invalid(f"{path}.ports[{i}].containerPort", number, "must be between 1 and 65535, inclusive")
    yield from _used_claim_faults(f"{path}.resources.claims", list_at(container, "resources", "claims"), claims)


def _used_claim_faults(path: str, used: Sequence[Json], claims: set[str]) -> Iterator[Refusal]:
    seen: set[tuple[str, str]] = set()
    for i, one in enumerate(used):
        name, request = text_at(one, "name"), text_at(one, "request")
        if not name:
            yield faults.required(f"{path}[{i}].name")
        elif name not in claims:
            yield faults.not_found(f"{path}[{i}].name", name)
        key = (name, request)
        if key in seen or (request and (name, "") in seen) or (not request and any(name == other for other, _ in seen)):
            yield faults.duplicate(f"{path}[{i}]", f"{name}/{request}" if request else name)
        seen.add(key)
