"""What of a device an expression can read: found in its tree, so that devices alike in it get the same answer."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import TypeAlias

import msgspec

from dra_core.cel.syntax import Call, Comprehension, ListOf, Literal, Name, Node, Select, children
from dra_core.snapshot.device import Device

DRIVER_DOMAIN = ""
"""In place of a domain: the driver's own, whatever its name."""

ATTRIBUTES, CAPACITY = "attributes", "capacity"
_MAPS = {f"device.{ATTRIBUTES}": ATTRIBUTES, f"device.{CAPACITY}": CAPACITY}
_ELEMENTS = ("_[_]", "_[?_]", "_?._")

_Path: TypeAlias = tuple[str, ...]
"""``attributes`` or ``capacity``, then a domain, then a name; what lies deeper belongs to the value."""


class Reads(msgspec.Struct, frozen=True):
    """What is read.

    Attributes:
        everything: Anything may be read; the rest then says nothing.
        driver: The driver's name.
        multiple: Whether several claims may share the device.
        attributes: Domain and name of each attribute.
        capacity: Domain and name of each capacity.
    """

    everything: bool = False
    driver: bool = False
    multiple: bool = False
    attributes: tuple[tuple[str, str], ...] = ()
    capacity: tuple[tuple[str, str], ...] = ()


def reads_of(root: Node) -> Reads:
    """What the expression reads of a device."""
    finder = _Finder()
    finder.visit(root, {})
    return Reads(
        everything=finder.everything,
        driver=finder.driver,
        multiple=finder.multiple,
        attributes=tuple(sorted(path[1:] for path in finder.paths if path[0] == ATTRIBUTES)),  # type: ignore[misc] # of three
        capacity=tuple(sorted(path[1:] for path in finder.paths if path[0] == CAPACITY)),  # type: ignore[misc] # of three
    )


class _Finder:
    """Collects paths; ``names`` are local variables that stand for a path."""

    def __init__(self) -> None:
        self.everything = self.driver = self.multiple = False
        self.paths: set[_Path] = set()

    def visit(self, node: Node, names: Mapping[str, _Path | None]) -> None:
        path = self._path(node, names)
        if path is not None:
            self._read(path, node)
            return
        match node:
            case Name(name="device") if "device" not in names:
                self.everything = True
            case Name(name="device.driver"):
                self.driver = True
            case Name(name="device.allowMultipleAllocations"):
                self.multiple = True
            case Call(function="@in", arguments=(Literal(value=str() as name), container)):
                held = self._path(container, names)
                if held is not None and len(held) == 2:
                    self.paths.add((*held, name))
                else:
                    self.visit(container, names)
            case Comprehension():
                self._visit_loop(node, names)
            case _:
                for part in children(node):
                    self.visit(part, names)

    def _read(self, path: _Path, node: Node) -> None:
        if len(path) == 3:
            self.paths.add(path)
        elif not (len(path) == 2 and isinstance(node, Select) and node.test_only):
            self.everything = True  # a whole map; that a domain is there may always be asked

    def _visit_loop(self, node: Comprehension, names: Mapping[str, _Path | None]) -> None:
        local: dict[str, _Path | None] = {**names, node.variable: None, node.second_variable: None}
        self.visit(node.range, names)
        bound = self._path(node.start, names)
        if bound is not None and isinstance(node.range, ListOf) and not node.range.elements:
            local[node.accumulator] = bound  # cel.bind: the loop never runs
        else:
            self.visit(node.start, names)
            local[node.accumulator] = None
            self.visit(node.condition, local)
            self.visit(node.step, local)
        self.visit(node.result, local)

    def _path(self, node: Node, names: Mapping[str, _Path | None]) -> _Path | None:
        match node:
            case Name():
                if node.name in names:
                    return names[node.name]
                return (_MAPS[node.name],) if node.name in _MAPS else None
            case Select():
                return self._longer(node.operand, node.field, names)
            case Call(function=function, arguments=(operand, key)) if function in _ELEMENTS:
                if isinstance(key, Literal) and isinstance(key.value, str):
                    return self._longer(operand, key.value, names)
                if isinstance(key, Name) and key.name == "device.driver" and self._length(operand, names) == 1:
                    return self._longer(operand, DRIVER_DOMAIN, names)
                return None
            case _:
                return None

    def _length(self, node: Node, names: Mapping[str, _Path | None]) -> int:
        return len(self._path(node, names) or ())

    def _longer(self, operand: Node, name: str, names: Mapping[str, _Path | None]) -> _Path | None:
        path = self._path(operand, names)
        if path is None:
            return None
        return path if len(path) == 3 else (*path, name)


def names_of(domain: str, name: str, driver: str) -> tuple[str, str]:
    """The two names under which a driver may publish something: with its domain, and (or "") without."""
    if domain in (DRIVER_DOMAIN, driver):
        return f"{driver}/{name}", name
    return f"{domain}/{name}", ""


def key_function(reads: Reads) -> Callable[[str, Device], Hashable]:
    """What gives, of driver and device, a key that is equal for devices which the expression cannot tell apart."""
    if reads.everything:
        return _whole_key
    if not reads.attributes and not reads.capacity:
        if not reads.multiple:
            return _driver_key if reads.driver else _no_key
        return partial(_simple_key, reads.driver)
    attributes = tuple((domain, f"{domain}/{name}", name) for domain, name in reads.attributes)
    capacity = tuple((domain, f"{domain}/{name}", name) for domain, name in reads.capacity)
    if any(domain == DRIVER_DOMAIN for domain, _ in (*reads.attributes, *reads.capacity)):
        return partial(_key_by_driver, reads)
    return partial(_key, reads.driver, reads.multiple, attributes, capacity)


def _whole_key(driver: str, device: Device) -> Hashable:
    return (
        driver,
        device.allow_multiple_allocations,
        frozenset(device.attributes.items()),
        frozenset((name, item.value) for name, item in device.capacity.items()),
    )


def _no_key(driver: str, device: Device) -> Hashable:  # noqa: ARG001 - nothing is read
    return None


def _driver_key(driver: str, device: Device) -> Hashable:  # noqa: ARG001 - only the driver is read
    return driver


def _simple_key(reads_driver: bool, driver: str, device: Device) -> Hashable:
    return driver if reads_driver else None, bool(device.allow_multiple_allocations)


def _key_by_driver(reads: Reads, driver: str, device: Device) -> Hashable:
    """``device.attributes[device.driver]``: the names are those of the driver, whatever it is."""
    attributes, capacity = (
        tuple((domain or driver, f"{domain or driver}/{name}", name) for domain, name in pairs)
        for pairs in (reads.attributes, reads.capacity)
    )
    return _key(reads.driver, reads.multiple, attributes, capacity, driver, device)


_Names: TypeAlias = tuple[tuple[str, str, str], ...]
"""Domain, name with domain, name without."""


def _key(
    reads_driver: bool, multiple: bool, attributes: _Names, capacities: _Names, driver: str, device: Device
) -> Hashable:
    parts: list[Hashable] = [driver] if reads_driver else []
    if multiple:
        parts.append(device.allow_multiple_allocations is True)
    for domain, full, short in attributes:
        published = device.attributes
        parts.append(published.get(full))
        if domain == driver:
            parts.append(published.get(short))
    for domain, full, short in capacities:
        found = device.capacity.get(full)
        if found is None and domain == driver:
            found = device.capacity.get(short)
        parts.append(None if found is None else found.value)
    return tuple(parts)
