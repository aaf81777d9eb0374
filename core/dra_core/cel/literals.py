"""What Kubernetes has cel-go look for in a checked tree: literals that are wrong whatever the device.

Patterns, durations, timestamps, lists and maps of mixed types, formats (ASTValidators and HomogeneousAggregateLiterals
of its base environment; the validator of the strings library).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from dra_core.cel.issues import Issue
from dra_core.cel.regular_expression import check
from dra_core.cel.syntax import Call, Checked, ListOf, Literal, MapOf, Name, Node, Select, walk
from dra_core.cel.text_format import mismatch
from dra_core.cel.times import duration, timestamp
from dra_core.cel.values import EvaluationError

_INITIALISED = {"find": 1, "findAll": 1}
"""Functions whose pattern is compiled when the program is made, and where it stands."""


def wrong_literals(checked: Checked) -> list[Issue]:
    """What is wrong; numbers and mixed types first, because they end the check."""
    nodes = walk(checked.root)
    infinite = [
        Issue(checked.positions.get(node.id, 0), "invalid double literal")
        for node in nodes
        if isinstance(node, Literal) and isinstance(node.value, float) and math.isinf(node.value)
    ]
    if infinite:
        return infinite
    formatted = frozenset(
        item.id
        for node in nodes
        if isinstance(node, Call) and node.function == "format"
        for argument in node.arguments
        for item in walk(argument)
    )
    mixed = [issue for node in nodes for issue in _mixed(node, checked, formatted)]
    if mixed:
        return mixed
    return [issue for node in nodes if isinstance(node, Call) for issue in _wrong_call(node, checked)]


def wrong_pattern(root: Node) -> str:
    """What is wrong with a pattern that is compiled when the program is made; "" if nothing is."""
    for node in walk(root):
        if isinstance(node, Call) and node.function in _INITIALISED and node.arguments:
            pattern = node.arguments[0]
            if isinstance(pattern, Literal) and isinstance(pattern.value, str):
                try:
                    check(pattern.value)
                except EvaluationError as error:
                    return error.text
    return ""


def _mixed(node: Node, checked: Checked, formatted: frozenset[int]) -> Iterable[Issue]:
    if isinstance(node, ListOf) and node.id not in formatted:
        yield from _differing(node.elements, checked, node.optional)
    elif isinstance(node, MapOf) and not node.message and node.id not in formatted:
        optional = [i for i, entry in enumerate(node.entries) if entry.optional]
        yield from _differing([entry.key for entry in node.entries], checked, ())
        yield from _differing([entry.value for entry in node.entries], checked, optional)


def _differing(nodes: Iterable[Node], checked: Checked, optional: Iterable[int]) -> Iterable[Issue]:
    """Elements whose type is not that of the elements before them."""
    wanted = ""
    unwrapped = frozenset(optional)
    for i, node in enumerate(nodes):
        found = checked.types.get(node.id, "dyn")
        if i in unwrapped and found.startswith("optional_type("):
            found = found[len("optional_type(") : -1]
        if not wanted:
            wanted = found
        elif found != wanted:
            yield Issue(checked.positions.get(node.id, 0), f"expected type '{wanted}' but found '{found}'")
            return


def _wrong_call(node: Call, checked: Checked) -> Iterable[Issue]:
    arguments = node.arguments
    if node.function == "format" and isinstance(node.target, Literal) and isinstance(node.target.value, str):
        yield from _wrong_format(node, node.target.value, checked)
    pattern = arguments[-1] if arguments else None
    if not isinstance(pattern, Literal):
        return
    try:
        match node.function, pattern.value:
            case "duration", str() as text:
                duration(text)
            case "timestamp", str() | int() as moment:
                timestamp(moment)
            case "matches", str() as text:
                check(text)
            case _:
                pass
    except EvaluationError:
        yield Issue(checked.positions.get(pattern.id, 0), f"invalid {node.function} argument")


def _wrong_format(node: Call, pattern: str, checked: Checked) -> Iterable[Issue]:
    items = node.arguments[0] if node.arguments else None
    if not isinstance(items, ListOf):
        return
    found = mismatch(pattern, [checked.types.get(item.id, "dyn") for item in items.elements])
    if found is not None:
        place = node.id if found.argument < 0 else items.elements[found.argument].id
        yield Issue(checked.positions.get(place, 0), found.text)


def misused_device(checked: Checked, fields: tuple[str, ...]) -> list[Issue]:
    """``device`` is an object of known fields; to the checker it is a map beside names like ``device.driver``."""
    found: list[Issue] = []
    for node in walk(checked.root):
        match node:
            case Select(operand=operand) if _is_device(operand) and node.field not in fields:
                found.append(Issue(checked.positions.get(node.id, 0), f"undefined field '{node.field}'"))
            case Call(function="_?._", arguments=(operand, Literal(value=str() as name))) if (
                _is_device(operand) and name not in fields
            ):
                found.append(Issue(checked.positions.get(node.id, 0), f"undefined field '{name}'"))
            case Call() if node.function not in _OF_ANYTHING and any(map(_is_device, _operands(node))):
                types = [
                    "kubernetes.DRADevice" if _is_device(part) else checked.types.get(part.id, "dyn")
                    for part in _operands(node)
                ]
                shown = f"({', '.join(types)})" if node.target is None else f"{types[0]}.({', '.join(types[1:])})"
                text = f"found no matching overload for '{node.function}' applied to '{shown}'"
                found.append(Issue(checked.positions.get(node.id, 0), text))
            case _:
                pass
    return found


_OF_ANYTHING = ("_==_", "_!=_", "dyn", "type", "_?._", "optional.of", "optional.ofNonZeroValue")


def _operands(node: Call) -> tuple[Node, ...]:
    return node.arguments if node.target is None else (node.target, *node.arguments)


def _is_device(node: Node) -> bool:
    return isinstance(node, Name) and node.name == "device"
