"""What expressions say of the devices of whole slices, asked once for all claims that are planned in a cluster.

Claims ask the same questions again and again: the pods of a workload do, and so does every change that ``explain``
tries. Answers are numbered, so that slices are compared by numbers instead of device by device.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from dra_core.allocation.attributes import Values, static_attribute, values_of
from dra_core.allocation.features import Features
from dra_core.allocation.inventory_device import InventoryDevice, InventorySlice
from dra_core.allocation.requests import Request
from dra_core.allocation.selectors import Answer, Failure, Questions

_FAILS = -1  # in place of a number: an expression fails


class Verdicts:
    """Answers by slice; they never change, as neither slices nor expressions do."""

    def __init__(self, features: Features, questions: Questions) -> None:
        self.features = features
        self._questions = questions
        self._numbers: dict[Hashable, int] = {}
        self._fixed: dict[InventorySlice, int] = {}
        self._said: dict[str, dict[InventorySlice, int]] = {}
        self._answers: dict[int, tuple[Answer, ...]] = {}  # what the numbers in _said stand for
        self._selected: dict[tuple[int, ...], int] = {}
        self._choices: dict[int, tuple[bool, ...]] = {}  # what the numbers in _selected stand for
        self._compared: dict[tuple[str, str, int], dict[InventorySlice, int]] = {}

    def fixed(self, part: InventorySlice) -> int:
        """Equal for slices that are alike in all that counts for any claim, but for what expressions read."""
        found = self._fixed.get(part)
        if found is None:
            devices = tuple([_fixed(device) for device in part.devices])
            found = self._fixed[part] = self._number((devices, part.record.spec.skip_node_operations))
        return found

    def selected(self, request: Request, part: InventorySlice) -> int | None:
        """Equal for slices of which class and request select the same devices; None if an expression fails on one.

        For slices of one node: where single devices can be used (perDeviceNodeSelection) is not looked at.
        """
        key = (self.fixed(part), *[self._asked(condition.expression, part) for condition in request.conditions])
        found = self._selected.get(key)
        if found is None:
            chosen = self._combined(part, [self._answers[number] for number in key[1:]])
            found = self._selected[key] = _FAILS if chosen is None else self._number(chosen)
            if chosen is not None:
                self._choices[found] = chosen
        return None if found == _FAILS else found

    def compared(self, request: Request, name: str, selected: int, part: InventorySlice) -> int | None:
        """Equal for slices whose selected devices have the same values of an attribute; None if deriving it fails."""
        expression = request.derived.get(name, "")
        known = self._compared.setdefault((expression, name, selected), {})
        found = known.get(part)
        if found is None:
            values = self._values(expression, name, self._choices[selected], part)
            found = known[part] = _FAILS if values is None else self._number(values)
        return None if found == _FAILS else found

    def _number(self, value: Hashable) -> int:
        return self._numbers.setdefault(value, len(self._numbers))

    def _asked(self, expression: str, part: InventorySlice) -> int:
        known = self._said.get(expression)
        if known is None:
            known = self._said[expression] = {}
        found = known.get(part)
        if found is None:
            ask = self._questions.ask
            answers = tuple([ask(expression, device) for device in part.devices])
            found = known[part] = self._number(answers)
            self._answers[found] = answers
        return found

    def _combined(self, part: InventorySlice, said: Sequence[Sequence[Answer]]) -> tuple[bool, ...] | None:
        """All conditions together; as in the search, one that fails counts only where those before it hold."""
        found: list[bool] = []
        for position, device in enumerate(part.devices):
            selected = self.features.device_binding_and_status or not device.record.binding_conditions
            for answers in said if selected else ():
                answer = answers[position]
                if isinstance(answer, Failure):
                    return None
                if not answer:
                    selected = False
                    break
            found.append(selected)
        return tuple(found)

    def _values(
        self, expression: str, name: str, chosen: Sequence[bool], part: InventorySlice
    ) -> tuple[tuple[bool, Values | None] | None, ...] | None:
        lists = self.features.list_type_attributes
        found: list[tuple[bool, Values | None] | None] = []
        for wanted, device in zip(chosen, part.devices, strict=True):
            if not wanted:
                found.append(None)
                continue
            attribute = self._questions.derive(expression, device) if expression else static_attribute(device, name)
            if isinstance(attribute, Failure):
                return None
            found.append((attribute is not None, None if attribute is None else values_of(attribute, lists)))
        return tuple(found)


def _fixed(device: InventoryDevice) -> Hashable:
    record = device.record
    return (
        device.id[0],
        record.name,
        # Equal capacities and consumptions of one inventory are one object.
        id(device.capacity) if device.capacity else 0,
        id(device.consumes) if device.consumes else 0,
        device.blocking,
        device.multiple,
        record.binds_to_node,
        record.binding_conditions,
        record.binding_failure_conditions,
    )
