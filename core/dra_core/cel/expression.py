"""Expressions over a device, ready to be asked: conditions (selectors) and derived attributes.

Source: k8s.io/dynamic-resource-allocation/cel (CompileCELExpression, DeviceMatches, EvaluateDerivedAttribute).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

import msgspec

from dra_core.cel.costs import bounded
from dra_core.cel.device_variable import device_variable
from dra_core.cel.environment import Environment
from dra_core.cel.frame import AbortedError
from dra_core.cel.literals import wrong_pattern
from dra_core.cel.parser import Rejected, parse
from dra_core.cel.program import Program
from dra_core.cel.reads import Reads, key_function, reads_of
from dra_core.cel.syntax import Checked
from dra_core.cel.values import EvaluationError, Optional, TypeName, Value, type_name
from dra_core.snapshot.device import Device, DeviceAttribute
from dra_core.snapshot.semantic_version import SemanticVersion

_SCALARS = ("bool", "int", "string", "any", "dyn", "kubernetes.Semver")
_GO_NAMES = {
    "null_type": "structpb.NullValue",
    "uint": "uint64",
    "double": "float64",
    "bytes": "[]uint8",
    "list": "[]ref.Val",
    "map": "map[ref.Val]ref.Val",
    "google.protobuf.Duration": "time.Duration",
    "google.protobuf.Timestamp": "time.Time",
    "type": "string",
    "kubernetes.Quantity": "*resource.Quantity",
    "bool": "bool",
    "int": "int64",
    "string": "string",
    "kubernetes.Semver": "semver.Version",
    "net.IP": "netip.Addr",
    "net.CIDR": "netip.Prefix",
    "kubernetes.URL": "*url.URL",
    "kubernetes.NamedFormat": "cel.Format",
}
"""How Go calls the types, in the scheduler's messages about results that are no attribute."""


class Fault(msgspec.Struct, frozen=True):
    """Why an expression cannot be compiled or evaluated, in the scheduler's words."""

    text: str


class Evaluated(msgspec.Struct, frozen=True):
    """A value and its cost; the cost is 0 where nothing had to be counted."""

    value: Value
    cost: int


class Expression:
    """A compiled expression.

    Attributes:
        text: As written.
        checked: Its tree.
        reads: What of a device it can read.
        key: Of driver and device: equal for devices that the expression cannot tell apart.
    """

    def __init__(self, text: str, checked: Checked, *, counted: bool = False) -> None:
        self.text = text
        self.checked = checked
        self.reads: Reads = reads_of(checked.root)
        self.key: Callable[[str, Device], Hashable] = key_function(self.reads)
        self._program = Program(checked.root, checked.types, counted=counted or not bounded(checked.root, len(text)))

    def evaluate(self, driver: str, device: Device) -> Evaluated | Fault:
        """The value for a device; never an exception."""
        try:
            return Evaluated(*self._program.evaluate(device_variable(driver, device)))
        except (EvaluationError, AbortedError) as error:
            return Fault(error.text)

    def holds(self, driver: str, device: Device) -> bool | Fault:
        """Whether the device is selected."""
        found = self.evaluate(driver, device)
        if isinstance(found, Fault):
            return found
        if isinstance(found.value, bool):
            return found.value
        inner = found.value.value if isinstance(found.value, Optional) and found.value.present else found.value
        if isinstance(inner, bool):
            return inner
        name = type_name(found.value)
        return Fault(f"CEL result of type {name} could not be converted to bool: {_no_bool(type_name(inner))}")

    def attribute(self, driver: str, device: Device) -> DeviceAttribute | Fault:
        """The derived attribute of a device."""
        found = self.evaluate(driver, device)
        return found if isinstance(found, Fault) else attribute_of(found.value)


def compile_condition(text: str, environment: Environment, *, counted: bool = False) -> Expression | Fault:
    """Compile a selector.

    Args:
        text: The expression; its length is the API server's business (``EXPRESSION_LENGTH``).
        environment: The version's CEL.
        counted: Count the cost also where it cannot come near the limit.
    """
    checked = _checked(text, environment)
    if isinstance(checked, Fault):
        return checked
    if checked.output not in ("bool", "dyn"):
        return Fault(f"must evaluate to bool or the unknown type, not {checked.output}")
    return _made(text, checked, counted)


def compile_derived(text: str, environment: Environment) -> Expression | Fault:
    """Compile a derived attribute."""
    checked = _checked(text, environment)
    if isinstance(checked, Fault):
        return checked
    output = checked.output
    inner = output[5:-1] if output.startswith("list(") else output
    if inner in _SCALARS and (inner == output or environment.lists):
        return _made(text, checked, False)
    lists = " or a list of these scalars" if environment.lists else ""
    return Fault(f"must evaluate to a primitive scalar (string, integer, boolean, semver){lists}, not {output}")


def _checked(text: str, environment: Environment) -> Checked | Fault:
    checked = parse(text, environment)
    if isinstance(checked, Rejected):
        return Fault(checked.text if checked.missing else f"compilation failed: {checked.text}")
    return checked


def _made(text: str, checked: Checked, counted: bool) -> Expression | Fault:
    pattern = wrong_pattern(checked.root)
    if pattern:
        return Fault(f"program instantiation failed: {pattern}")
    try:
        return Expression(text, checked, counted=counted)
    except EvaluationError as error:
        return Fault(f"program instantiation failed: {error.text}")


def attribute_of(value: Value) -> DeviceAttribute | Fault:
    """A value as an attribute; an empty list counts as one of strings."""
    match value:
        case bool():
            return DeviceAttribute(bool_value=value)
        case int() if type(value) is int:
            return DeviceAttribute(int_value=value)
        case str():
            return DeviceAttribute(string_value=value)
        case SemanticVersion():
            return DeviceAttribute(version_value=str(value))
        case list():
            return _list_attribute(value)
        case TypeName():
            return DeviceAttribute(string_value=value.name)
        case Optional():
            return attribute_of(value.value) if value.present else Fault("unsupported CEL return type: <nil>")
        case _:
            return Fault(f"unsupported CEL return type: {_go_name(value)}")


def _list_attribute(items: list[Value]) -> DeviceAttribute | Fault:
    if not items:
        return DeviceAttribute(strings_value=())
    name = type_name(items[0])
    if name not in ("bool", "int", "string", "kubernetes.Semver"):
        return Fault(f"unsupported list element type: {_go_name(items[0])}")
    for i, item in enumerate(items):
        if type_name(item) != name:
            wanted = "semver" if name == "kubernetes.Semver" else name
            return Fault(f"expected list element at index {i} to be {wanted}, got {_go_name(item)}")
    if name == "bool":
        return DeviceAttribute(bools_value=tuple(item for item in items if isinstance(item, bool)))
    if name == "int":
        return DeviceAttribute(ints_value=tuple(item for item in items if isinstance(item, int)))
    texts = tuple(str(item) for item in items)
    return DeviceAttribute(strings_value=texts) if name == "string" else DeviceAttribute(versions_value=texts)


def _go_name(value: Value) -> str:
    name = type_name(value)
    return _GO_NAMES.get(name, name)


def _no_bool(name: str) -> str:
    """What the types' own conversions say; no two say it alike."""
    match name:
        case "int" | "uint":
            return f"unsupported type conversion from '{name}' to bool"
        case "string":
            return "unsupported native conversion from string to 'bool'"
        case "double" | "bytes":
            return f"type conversion error from {name.capitalize()} to 'bool'"
        case "list" | "map":
            return f"type conversion error from {name} to 'bool'"
        case "type":
            return "type conversion not supported for 'type'"
        case "optional_type":
            return "optional.none() dereference"
        case _:
            short = "Format" if name == "kubernetes.NamedFormat" else name.rpartition(".")[2]
            return f"type conversion error from '{short}' to 'bool'"
