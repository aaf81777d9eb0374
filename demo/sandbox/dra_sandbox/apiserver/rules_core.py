"""The other built-in kinds: namespaces, nodes, configuration, services, events, leases and priority classes."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from dra_core.refusal import Refusal
from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, object_at, text_at

from dra_sandbox.apiserver import faults
from dra_sandbox.apiserver.requests import Circumstances
from dra_sandbox.apiserver.resources import Resource
from dra_sandbox.world.objects import objects_at, uid_of, with_fields

NAMESPACE_NAME = "kubernetes.io/metadata.name"  # core/v1 LabelMetadataName
_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_KEY_RULE = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_CONFIG_LIMIT = 1024 * 1024  # core/v1 MaxSecretSize


def prepared_namespace(
    _resource: Resource, value: JsonObject, old: JsonObject | None, _circumstances: Circumstances
) -> JsonObject:
    """A namespace carries its name as a label, is Active, and is held until it is empty."""
    value = with_fields(value, ("metadata", "labels"), {NAMESPACE_NAME: text_at(value, "metadata", "name")})
    if old is None:
        return {**value, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
    return value


def check_namespace(_resource: Resource, value: JsonObject, old: JsonObject | None) -> Iterator[Refusal]:
    """Only /finalize takes a namespace's finalizers away, and nobody adds one."""
    if old is None:
        return
    before = list_at(old, "spec", "finalizers")
    for finalizer in list_at(value, "spec", "finalizers"):
        if finalizer not in before:
            yield faults.invalid("spec.finalizers", finalizer, "finalizers cannot be added to a namespace")


def prepared_secret(
    _resource: Resource, value: JsonObject, old: JsonObject | None, _circumstances: Circumstances
) -> JsonObject:
    """StringData becomes data; a secret of no type is Opaque."""
    written = object_at(value, "stringData")
    data: dict[str, Json] = dict(object_at(value, "data"))
    for key, text in written.items():
        data[key] = base64.b64encode(str(text).encode()).decode()
    kept = {key: item for key, item in value.items() if key != "stringData"}
    kind = text_at(value, "type") or (text_at(old, "type") if old is not None else "") or "Opaque"
    return {**kept, "type": kind, **({"data": data} if data else {})}


def check_config(resource: Resource, value: JsonObject, old: JsonObject | None) -> Iterator[Refusal]:
    """ConfigMap and Secret: keys, encoding, size, and whether they may change at all."""
    fields = ("data", "binaryData")
    size = 0
    for field in fields:
        for key, item in object_at(value, field).items():
            size += len(key) + len(str(item))
            if not _KEY.fullmatch(key) or len(key) > 253:
                yield faults.invalid(f"{field}[{key}]", key, _KEY_RULE)
            if (resource.kind == "Secret" or field == "binaryData") and not _is_base64(str(item)):
                yield faults.invalid(f"{field}[{key}]", "<value omitted>", "illegal base64 data")
    if size > _CONFIG_LIMIT * (4 if resource.kind == "Secret" else 3) // 3:
        yield faults.too_long("data", _CONFIG_LIMIT)
    if old is None:
        return
    if resource.kind == "Secret" and value.get("type") != old.get("type"):
        yield faults.invalid("type", value.get("type"), "field is immutable")
    if old.get("immutable") is True:
        if value.get("immutable") is not True:
            yield faults.forbidden("immutable", "field is immutable when `immutable` is set")
        for field in fields:
            if value.get(field) != old.get(field):
                yield faults.forbidden(field, "field is immutable when `immutable` is set")


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error is one; letters outside of ASCII are another
        return False
    return True


def prepared_service(
    _resource: Resource, value: JsonObject, old: JsonObject | None, _circumstances: Circumstances
) -> JsonObject:
    """A service with defaults and a cluster address, which is made from its UID. Nothing listens there."""
    spec: dict[str, Json] = {"type": "ClusterIP", "sessionAffinity": "None", **object_at(value, "spec")}
    if spec["type"] != "ExternalName" and not spec.get("clusterIP"):
        spec["clusterIP"] = text_at(old, "spec", "clusterIP") if old is not None else _cluster_address(uid_of(value))
    if spec.get("clusterIP"):
        spec |= {"clusterIPs": [spec["clusterIP"]], "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"}
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if "ports" in spec:
        spec["ports"] = [
            {"protocol": "TCP", "targetPort": port.get("port"), **port} for port in objects_at(spec, "ports")
        ]
    return {**value, "spec": spec, **({} if value.get("status") else {"status": {"loadBalancer": {}}})}


def _cluster_address(uid: str) -> str:
    number = int(uid.replace("-", "") or "0", 16) if re.fullmatch(r"[0-9a-f-]*", uid) else sum(uid.encode())
    return f"10.96.{number >> 8 & 255}.{number & 255 or 1}"


def check_service(_resource: Resource, value: JsonObject, old: JsonObject | None) -> Iterator[Refusal]:
    """Ports, and the cluster address, which does not change."""
    spec = object_at(value, "spec")
    ports = objects_at(spec, "ports")
    if not ports and text_at(spec, "clusterIP") != "None" and text_at(spec, "type") != "ExternalName":
        yield faults.required("spec.ports")
    for i, port in enumerate(ports):
        number = at(port, "port")
        if not isinstance(number, int) or not 0 < number < 65536:
            yield faults.invalid(f"spec.ports[{i}].port", number, "must be between 1 and 65535, inclusive")
        if len(ports) > 1 and not text_at(port, "name"):
            yield faults.required(f"spec.ports[{i}].name")
    if old is not None:
        before = text_at(old, "spec", "clusterIP")
        if before and text_at(spec, "clusterIP") != before and text_at(spec, "type") != "ExternalName":
            yield faults.invalid("spec.clusterIPs[0]", text_at(spec, "clusterIP"), "may not change once set")


def check_event(_resource: Resource, value: JsonObject, _old: JsonObject | None) -> Iterator[Refusal]:
    """An event is where the object is that it is about; about cluster-scoped objects, in default or kube-system."""
    namespace, about = text_at(value, "metadata", "namespace"), text_at(value, "involvedObject", "namespace")
    allowed = (about,) if about else ("default", "kube-system")
    if namespace not in allowed:
        yield faults.invalid("involvedObject.namespace", about, "does not match event.namespace")


def check_lease(_resource: Resource, value: JsonObject, _old: JsonObject | None) -> Iterator[Refusal]:
    """Numbers in a lease."""
    spec = object_at(value, "spec")
    seconds, transitions = spec.get("leaseDurationSeconds"), spec.get("leaseTransitions")
    if isinstance(seconds, int) and seconds <= 0:
        yield faults.invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0")
    if isinstance(transitions, int) and transitions < 0:
        yield faults.invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0")


def prepared_priority(
    _resource: Resource, value: JsonObject, _old: JsonObject | None, _circumstances: Circumstances
) -> JsonObject:
    """A priority class with its preemption policy."""
    return {"preemptionPolicy": "PreemptLowerPriority", **value, "value": value.get("value", 0)}


def check_priority(_resource: Resource, value: JsonObject, old: JsonObject | None) -> Iterator[Refusal]:
    """A priority class does not change its value."""
    if old is not None and value.get("value") != old.get("value"):
        yield faults.forbidden("value", "may not be changed in an update.")


def check_node(_resource: Resource, value: JsonObject, _old: JsonObject | None) -> Iterator[Refusal]:
    """Taints of a node: key and effect."""
    seen: set[tuple[str, str]] = set()
    for i, taint in enumerate(objects_at(value, "spec", "taints")):
        key, effect = text_at(taint, "key"), text_at(taint, "effect")
        if effect not in ("NoSchedule", "PreferNoSchedule", "NoExecute"):
            supported = ("NoExecute", "NoSchedule", "PreferNoSchedule")
            yield faults.not_supported(f"spec.taints[{i}].effect", effect, supported)
        if (key, effect) in seen:
            yield faults.duplicate(f"metadata.taints[{i}]", taint)
        seen.add((key, effect))
