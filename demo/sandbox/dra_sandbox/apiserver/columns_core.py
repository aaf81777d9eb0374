"""Columns of the remaining built-in kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from dra_core.snapshot.json_value import JsonObject, at, list_at, object_at, text_at

from dra_sandbox.apiserver.column import AGE, CREATED, NAME, Column, age, column, text_column
from dra_sandbox.apiserver.resources import PrinterColumn
from dra_sandbox.world.objects import condition_status, labels_of, objects_at, texts, whole_number_at

_ROLE = "node-role.kubernetes.io/"


def _node_status(node: JsonObject) -> str:
    ready = {"True": "Ready", "False": "NotReady"}.get(condition_status(node, "Ready"), "NotReady")
    if not condition_status(node, "Ready"):
        ready = "Unknown"
    return f"{ready},SchedulingDisabled" if at(node, "spec", "unschedulable") is True else ready


def _roles(node: JsonObject) -> str:
    return ",".join(sorted(key.removeprefix(_ROLE) for key in labels_of(node) if key.startswith(_ROLE))) or "<none>"


def _address(kind: str, node: JsonObject) -> str:
    found = (text_at(one, "address") for one in objects_at(node, "status", "addresses") if one.get("type") == kind)
    return next(found, "<none>")


def _size(*fields: str) -> Column:
    return column("Data", lambda value: sum(len(object_at(value, field)) for field in fields), kind="integer")


def _ports(service: JsonObject) -> str:
    shown = []
    for port in objects_at(service, "spec", "ports"):
        node_port = at(port, "nodePort")
        middle = f":{node_port}" if node_port else ""
        shown.append(f"{at(port, 'port')}{middle}/{text_at(port, 'protocol')}")
    return ",".join(shown) or "<none>"


def _service_selector(service: JsonObject) -> str:
    wanted = texts(object_at(service, "spec", "selector"))
    return ",".join(f"{key}={item}" for key, item in sorted(wanted.items())) or "<none>"


def _last_seen(event: JsonObject, now: datetime) -> str:
    series = text_at(event, "series", "lastObservedTime")
    return age(series or text_at(event, "lastTimestamp") or text_at(event, "eventTime"), now)


def _first_seen(event: JsonObject, now: datetime) -> str:
    return age(text_at(event, "firstTimestamp") or text_at(event, "eventTime"), now)


def _about(event: JsonObject) -> str:
    about = object_at(event, "involvedObject") or object_at(event, "regarding")
    return f"{text_at(about, 'kind').lower()}/{text_at(about, 'name')}"


def _source(event: JsonObject) -> str:
    source = object_at(event, "source")
    parts = [text_at(source, "component") or text_at(event, "reportingComponent"), text_at(source, "host")]
    return ", ".join(part for part in parts if part)


def _param_kind(policy: JsonObject) -> str:
    kind = object_at(policy, "spec", "paramKind")
    return f"{text_at(kind, 'apiVersion')}/{text_at(kind, 'kind')}" if kind else "<unset>"


def _role_reference(binding: JsonObject) -> str:
    return f"{text_at(binding, 'roleRef', 'kind')}/{text_at(binding, 'roleRef', 'name')}"


_EVENTS = (
    Column(PrinterColumn(name="Last Seen", type="string"), _last_seen),
    text_column("Type", "type"),
    text_column("Reason", "reason"),
    column("Object", _about),
    column("Subobject", lambda event: text_at(event, "involvedObject", "fieldPath"), wide=True),
    column("Source", _source, wide=True),
    column("Message", lambda event: (text_at(event, "message") or text_at(event, "note")).strip()),
    Column(PrinterColumn(name="First Seen", type="string", priority=1), _first_seen),
    column("Count", lambda event: whole_number_at(event, "count", default=1), wide=True, kind="integer"),
    Column(PrinterColumn(name="Name", type="string", format="name", priority=1), NAME.cell),
)

CORE: Mapping[str, Sequence[Column]] = {
    "/namespaces": (NAME, text_column("Status", "status", "phase"), AGE),
    "/nodes": (
        NAME,
        column("Status", _node_status),
        column("Roles", _roles),
        AGE,
        text_column("Version", "status", "nodeInfo", "kubeletVersion"),
        column("Internal-IP", lambda node: _address("InternalIP", node), wide=True),
        column("External-IP", lambda node: _address("ExternalIP", node), wide=True),
        text_column("OS-Image", "status", "nodeInfo", "osImage", absent="<unknown>", wide=True),
        text_column("Kernel-Version", "status", "nodeInfo", "kernelVersion", absent="<unknown>", wide=True),
        text_column(
            "Container-Runtime", "status", "nodeInfo", "containerRuntimeVersion", absent="<unknown>", wide=True
        ),
    ),
    "/events": _EVENTS,
    "/configmaps": (NAME, _size("data", "binaryData"), AGE),
    "/secrets": (NAME, text_column("Type", "type"), _size("data"), AGE),
    "/serviceaccounts": (
        NAME,
        column("Secrets", lambda value: len(list_at(value, "secrets")), kind="integer"),
        AGE,
    ),
    "/services": (
        NAME,
        text_column("Type", "spec", "type"),
        text_column("Cluster-IP", "spec", "clusterIP"),
        column("External-IP", lambda _value: "<none>"),
        column("Port(s)", _ports),
        AGE,
        column("Selector", _service_selector, wide=True),
    ),
    "coordination.k8s.io/leases": (NAME, text_column("Holder", "spec", "holderIdentity", absent=""), AGE),
    "apiextensions.k8s.io/customresourcedefinitions": (NAME, CREATED),
    "scheduling.k8s.io/priorityclasses": (
        NAME,
        column("Value", lambda value: whole_number_at(value, "value", default=0), kind="integer"),
        column("Global-Default", lambda value: value.get("globalDefault") is True, kind="boolean"),
        AGE,
        text_column("PreemptionPolicy", "preemptionPolicy"),
    ),
    "rbac.authorization.k8s.io/roles": (NAME, CREATED),
    "rbac.authorization.k8s.io/clusterroles": (NAME, CREATED),
    "rbac.authorization.k8s.io/rolebindings": (NAME, column("Role", _role_reference), AGE),
    "rbac.authorization.k8s.io/clusterrolebindings": (NAME, column("Role", _role_reference), AGE),
    "admissionregistration.k8s.io/validatingadmissionpolicies": (
        NAME,
        column("Validations", lambda value: len(list_at(value, "spec", "validations")), kind="integer"),
        column("ParamKind", _param_kind),
        AGE,
    ),
    "admissionregistration.k8s.io/validatingadmissionpolicybindings": (
        NAME,
        text_column("PolicyName", "spec", "policyName"),
        text_column("ParamRef", "spec", "paramRef", "name", absent="<unset>"),
        AGE,
    ),
}
