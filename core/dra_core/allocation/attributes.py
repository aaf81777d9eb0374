"""Attributes of devices, and the constraints over them (matchAttribute, distinctAttribute)."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeAlias

from dra_core.allocation.inventory_device import InventoryDevice
from dra_core.allocation.requests import Request
from dra_core.snapshot.device import DeviceAttribute
from dra_core.snapshot.resource_claim import DeviceConstraint

Scalar: TypeAlias = bool | int | str
Values: TypeAlias = tuple[str, frozenset[Scalar]]
"""The type of an attribute (int, bool, string, version) and its values; one value unless it is a list."""


def static_attribute(device: InventoryDevice, name: str) -> DeviceAttribute | None:
    """A published attribute by its full name; a driver may leave its own domain out."""
    attributes = device.record.attributes
    found = attributes.get(name)
    if found is not None:
        return found
    domain, slash, short = name.partition("/")
    return attributes.get(short) if slash and domain == device.id[0] else None


def values_of(attribute: DeviceAttribute, lists: bool) -> Values | None:
    """Type and values; None if there are none, or only a list while lists are not enabled."""
    if lists:
        if attribute.ints_value:
            return "int", frozenset(attribute.ints_value)
        if attribute.bools_value:
            return "bool", frozenset(attribute.bools_value)
        if attribute.strings_value:
            return "string", frozenset(attribute.strings_value)
        if attribute.versions_value:
            return "version", frozenset(attribute.versions_value)
        if attribute.int_value is not None:
            return "int", frozenset((attribute.int_value,))
        if attribute.bool_value is not None:
            return "bool", frozenset((attribute.bool_value,))
    if attribute.string_value is not None:
        return "string", frozenset((attribute.string_value,))
    if attribute.int_value is not None:
        return "int", frozenset((attribute.int_value,))
    if attribute.bool_value is not None:
        return "bool", frozenset((attribute.bool_value,))
    if attribute.version_value is not None:
        return "version", frozenset((attribute.version_value,))
    return None


def applies(constraint: DeviceConstraint, request: Request) -> bool:
    """Whether the constraint is about the request; naming a list means each of its alternatives."""
    names = constraint.requests
    return not names or (request.parent or request.name) in names or request.full_name in names


class ConstraintState:
    """The values that a constraint has seen in this run, as a stack; ``number`` is its place in the claim."""

    def __init__(self, number: int, constraint: DeviceConstraint, lists: bool) -> None:
        self.number = number
        self.constraint = constraint
        self.match = constraint.match_attribute is not None
        self.attribute = (constraint.match_attribute if self.match else constraint.distinct_attribute) or ""
        self._lists = lists
        self._seen: list[Values | None] = []

    def add(self, attribute: DeviceAttribute | None) -> bool:
        """Take the next device's attribute in, if the constraint still holds with it."""
        if attribute is None:
            return False
        values = values_of(attribute, self._lists)
        if self.match:
            return self._add_equal(values)
        return self._add_distinct(values)

    def remove(self) -> None:
        """Forget the attribute that was added last."""
        self._seen.pop()

    def fingerprint(self) -> Hashable:
        """Equal for states that take the same attributes in."""
        return tuple(self._seen[-1:]) if self.match else frozenset(self._seen)

    def _add_equal(self, values: Values | None) -> bool:
        """The first device may have any value; all others one in common with it.

        Without lists, a first attribute of no known type is taken and no other device then fits.
        """
        if not self._seen:
            if values is None and self._lists:
                return False
            self._seen.append(values)
            return True
        before = self._seen[-1]
        if values is None or before is None or values[0] != before[0]:
            return False
        common = values[1] & before[1]
        if not common:
            return False
        self._seen.append((values[0], common))
        return True

    def _add_distinct(self, values: Values | None) -> bool:
        if values is None:
            if self._lists or self._seen:
                return False
        elif any(before is not None and before[0] == values[0] and before[1] & values[1] for before in self._seen):
            return False
        self._seen.append(values)
        return True
