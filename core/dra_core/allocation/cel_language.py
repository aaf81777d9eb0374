"""CEL as the allocator's language."""

from __future__ import annotations

from collections.abc import Hashable

from dra_core.allocation.inventory_device import InventoryDevice
from dra_core.allocation.selectors import Derivation, Failure, Selector
from dra_core.cel.because import because
from dra_core.cel.environment import Environment
from dra_core.cel.expression import Expression, Fault, compile_condition, compile_derived
from dra_core.snapshot.device import DeviceAttribute

_NEWEST = Environment()


class CelSelector:
    """A condition in CEL."""

    def __init__(self, expression: Expression) -> None:
        self._expression = expression
        self._key = expression.key

    def matches(self, device: InventoryDevice) -> bool | Failure:
        """Whether the device is selected."""
        found = self._expression.holds(device.id[0], device.record)
        return Failure(found.text) if isinstance(found, Fault) else found

    def key(self, device: InventoryDevice) -> Hashable:
        """Equal for devices that the expression cannot tell apart; any fault of an attribute counts."""
        key = self._key(device.id[0], device.record)
        return (device.fault, key) if device.fault else key

    def because(self, device: InventoryDevice) -> str:
        """What of the device made the condition false."""
        return because(self._expression, device.id[0], device.record)


class CelDerivation:
    """A derived attribute in CEL."""

    def __init__(self, expression: Expression) -> None:
        self._expression = expression

    def attribute(self, device: InventoryDevice) -> DeviceAttribute | Failure:
        """The attribute of the device."""
        found = self._expression.attribute(device.id[0], device.record)
        return Failure(found.text) if isinstance(found, Fault) else found


class CelLanguage:
    """Compiles expressions as a version of Kubernetes does."""

    def __init__(self, environment: Environment = _NEWEST) -> None:
        self._environment = environment

    def selector(self, expression: str) -> Selector | Failure:
        """Compile a condition."""
        found = compile_condition(expression, self._environment)
        return Failure(found.text) if isinstance(found, Fault) else CelSelector(found)

    def derivation(self, expression: str) -> Derivation | Failure:
        """Compile a derived attribute."""
        found = compile_derived(expression, self._environment)
        return Failure(found.text) if isinstance(found, Fault) else CelDerivation(found)
