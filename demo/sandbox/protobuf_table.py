"""Writes ``apiserver/protobuf_fields.py``: the field numbers of the types that Go clients send as protobuf.

Usage: ``python demo/sandbox/protobuf_table.py PATH_OF_k8s.io/api PATH_OF_k8s.io/apimachinery`` (Go modules of one
version). The numbers are read from the tags of the Go structs, which also say what is a pointer and what is inlined.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

ROOTS = (
    "core/v1.Namespace",
    "core/v1.Node",
    "core/v1.Pod",
    "core/v1.Event",
    "core/v1.Secret",
    "core/v1.ConfigMap",
    "core/v1.ServiceAccount",
    "core/v1.Service",
    "core/v1.Binding",
    "apps/v1.DaemonSet",
    "apps/v1.Deployment",
    "apps/v1.ReplicaSet",
    "apps/v1.StatefulSet",
    "apps/v1.ControllerRevision",
    "batch/v1.Job",
    "rbac/v1.Role",
    "rbac/v1.ClusterRole",
    "rbac/v1.RoleBinding",
    "rbac/v1.ClusterRoleBinding",
    "coordination/v1.Lease",
    "events/v1.Event",
    "scheduling/v1.PriorityClass",
    "resource/v1.ResourceSlice",
    "resource/v1.ResourceClaim",
    "resource/v1.ResourceClaimTemplate",
    "resource/v1.DeviceClass",
    "resource/v1.DeviceTaintRule",
    "policy/v1.Eviction",
    "policy/v1.PodDisruptionBudget",
    "authentication/v1.TokenRequest",
    "admissionregistration/v1.ValidatingAdmissionPolicy",
    "admissionregistration/v1.ValidatingAdmissionPolicyBinding",
    "meta/v1.DeleteOptions",
    "authentication/v1.SelfSubjectReview",
    "authentication/v1.TokenReview",
    "authorization/v1.SelfSubjectAccessReview",
    "authorization/v1.SubjectAccessReview",
)
SPECIAL = {
    "resource.Quantity": "q",
    "intstr.IntOrString": "x",
    "metav1.Time": "t",
    "metav1.MicroTime": "T",
    "Time": "t",
    "MicroTime": "T",
    "runtime.RawExtension": "r",
    "metav1.FieldsV1": "r",
    "FieldsV1": "r",
    "[]byte": "y",
}
SCALARS = {"string": "s", "int32": "i", "int64": "i", "int": "i", "bool": "b", "float64": "n", "types.UID": "s"}
RENAMED = {
    "events/v1.Event": "NewEvent",
    "events/v1.EventSeries": "NewEventSeries",
    "core/v1.ResourceClaim": "ContainerClaim",
}
"""Types whose names another type has, too; called as in the schemas."""
PACKAGES = {
    "metav1": "meta/v1",
    "v1": "core/v1",
    "corev1": "core/v1",
    "authenticationv1": "authentication/v1",
    "rbacv1": "rbac/v1",
    "apiv1": "core/v1",
}
FIELD = re.compile(
    r"""^\s*(?P<go>\w*(?:\.\w+)?)\s*(?P<type>[\w.*\[\]{}]*)\s+
    `json:"(?P<json>[^",]*)[^"]*"[^`]*?\ protobuf:"\w+,(?P<number>\d+),""",
    re.VERBOSE,
)
HEAD = '''"""Field numbers of the types that Go clients send as protobuf; made by ``demo/sandbox/protobuf_table.py``.

One type a line: ``number=name:type``. Types: ``s`` text, ``i`` whole number, ``b`` boolean, ``n`` float, ``y`` bytes,
``q`` quantity, ``x`` number or text, ``t`` time, ``T`` time with microseconds, ``r`` raw JSON, ``[T]`` list, ``<T>``
map; ``!`` after it: a pointer, which is there even if it is zero. A field without a name is inlined.
"""

FIELDS = """
'''


class Go(msgspec.Struct):
    """The Go types of both modules, by package: structs with their lines, and other types with what they are."""

    structs: dict[str, list[str]] = {}
    others: dict[str, str] = {}


def main(api: Path, machinery: Path) -> None:
    """Print the module."""
    go = Go()
    for path in sorted({root.partition(".")[0] for root in ROOTS}):
        folder = machinery / "pkg/apis" / path if path == "meta/v1" else api / path
        for file in folder.glob("*.go"):
            if not file.name.startswith("zz_") and not file.name.startswith("generated"):
                _read(go, path, file.read_text())
    lines: dict[str, str] = {}
    waiting = list(ROOTS)
    while waiting:
        name = waiting.pop(0)
        if name in lines:
            continue
        found: list[str] = []
        lines[name] = f"{_short(name)}: " + " ".join(_fields(go, name, found))
        waiting += found
    names = sorted(map(_short, lines))
    if twice := {name for name in names if names.count(name) > 1}:
        sys.exit(f"two types have the same name: {', '.join(sorted(twice))}")
    sys.stdout.write(HEAD + "\n".join(_wrapped(line) for line in sorted(lines.values())) + '\n"""\n')


def _read(go: Go, package: str, text: str) -> None:
    for found in re.finditer(r"^type (\w+) struct \{\n(.*?)^\}", text, re.DOTALL | re.MULTILINE):
        go.structs[f"{package}.{found[1]}"] = found[2].splitlines()
    for found in re.finditer(r"^type (\w+) ([\w.\[\]]+)$", text, re.MULTILINE):
        go.others[f"{package}.{found[1]}"] = found[2]


def _fields(go: Go, name: str, met: list[str]) -> Iterator[str]:
    package = name.partition(".")[0]
    for line in go.structs[name]:
        found = FIELD.match(line)
        if found is None:
            continue
        written = found["type"] or found["go"]  # an embedded struct has its type for a name
        pointer = "!" if written.startswith("*") else ""
        kind = _type(go, package, written.lstrip("*"), met)
        if kind:
            yield f"{found['number']}={found['json']}:{kind}{pointer}"


def _type(go: Go, package: str, written: str, met: list[str]) -> str:
    if written in SPECIAL:
        return SPECIAL[written]
    if written in SCALARS:
        return SCALARS[written]
    if written.startswith("[]"):
        return f"[{_type(go, package, written[2:].lstrip('*'), met)}]"
    if written.startswith("map["):
        return f"<{_type(go, package, written.partition(']')[2], met)}>"
    prefix, dot, base = written.rpartition(".")
    if dot and prefix not in PACKAGES:
        return ""  # of an API that is not served: whoever sends the field is told so
    full = f"{PACKAGES[prefix] if dot else package}.{base}"
    if full in go.others:
        return _type(go, full.partition(".")[0], go.others[full], met)
    met.append(full)
    return _short(full)


def _short(name: str) -> str:
    return RENAMED.get(name, name.partition(".")[2])


def _wrapped(line: str) -> str:
    lines, room = [""], 118
    for word in line.split():
        if len(lines[-1]) + len(word) > room:
            lines.append("")
        lines[-1] += f" {word}"
    return "\n".join([lines[0][1:], *lines[1:]])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
