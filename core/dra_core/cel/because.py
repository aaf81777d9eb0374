"""What of a device made a condition false, in words."""

from __future__ import annotations

from collections.abc import Mapping

from dra_core.cel.device_variable import device_variable
from dra_core.cel.expression import Expression
from dra_core.cel.frame import AbortedError
from dra_core.cel.operators import shown
from dra_core.cel.program import Program
from dra_core.cel.reads import DRIVER_DOMAIN, Reads, names_of, reads_of
from dra_core.cel.syntax import Call, Node
from dra_core.cel.values import EvaluationError, Value
from dra_core.snapshot.device import Device, DeviceAttribute

_MOST_NAMED = 4  # values in one sentence


def because(expression: Expression, driver: str, device: Device) -> str:
    """The values that the first false part of a conjunction read; "" if it read none or the condition holds."""
    try:
        variable = device_variable(driver, device)
    except EvaluationError as error:
        return error.text
    for part in _conjuncts(expression.checked.root):
        if _is_false(part, expression.checked.types, variable):
            return ", ".join(_seen(reads_of(part), driver, device)[:_MOST_NAMED])
    return ""


def _conjuncts(node: Node) -> list[Node]:
    if isinstance(node, Call) and node.function == "_&&_":
        return [part for side in node.arguments for part in _conjuncts(side)]
    return [node]


def _is_false(node: Node, types: Mapping[int, str], variable: dict[Value, Value]) -> bool:
    try:
        return Program(node, types, counted=True).evaluate(variable)[0] is False
    except (EvaluationError, AbortedError):
        return False


def _seen(reads: Reads, driver: str, device: Device) -> list[str]:
    seen: list[str] = []
    for domain, name in reads.attributes:
        full, short = names_of(domain, name, driver)
        attribute = device.attributes.get(full) or device.attributes.get(short)
        what = f"{driver if domain == DRIVER_DOMAIN else domain}/{name}"
        seen.append(f"the device has no {what}" if attribute is None else f"{what} is {attribute_text(attribute)}")
    for domain, name in reads.capacity:
        full, short = names_of(domain, name, driver)
        capacity = device.capacity.get(full) or device.capacity.get(short)
        what = f"{driver if domain == DRIVER_DOMAIN else domain}/{name}"
        seen.append(f"the device has no capacity {what}" if capacity is None else f"{what} is {capacity.value}")
    if reads.driver:
        seen.append(f"its driver is {driver}")
    if reads.multiple:
        shared = "may" if device.allow_multiple_allocations else "may not"
        seen.append(f"it {shared} be allocated several times")
    return seen


def attribute_text(attribute: DeviceAttribute) -> str:
    """An attribute's value for people."""
    if attribute.string_value is not None:
        return f'"{attribute.string_value}"'
    for single in (attribute.int_value, attribute.bool_value, attribute.version_value):
        if single is not None:
            return shown(single)
    for several in (attribute.ints_value, attribute.bools_value, attribute.strings_value, attribute.versions_value):
        if several is not None:
            return "[" + ", ".join(shown(item) for item in several) + "]"
    return "empty"
