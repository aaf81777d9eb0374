"""Which CEL a Kubernetes version offers for devices.

Sources: k8s.io/dynamic-resource-allocation/cel and k8s.io/apiserver/pkg/cel/environment.
"""

from __future__ import annotations

import msgspec

EXPRESSION_LENGTH = 10 * 1024  # bytes; CELSelectorExpressionMaxLength
COST_LIMIT = 1_000_000  # CELSelectorExpressionMaxCost, for the estimate at creation and for each evaluation


class Environment(msgspec.Struct, frozen=True):
    """What an expression may use.

    A component of version n accepts in *new* expressions what version n-1 knew (``MinCompatibilityVersion``), so that
    a rollback leaves no expression behind that cannot be read; in *stored* ones all that n knows, whatever the gates.

    Attributes:
        minor: 34 to 37, the minor version of Kubernetes 1.
        stored: Stored expressions (what kube-scheduler evaluates) rather than new ones (what kube-apiserver admits).
        consumable_capacity: Gate DRAConsumableCapacity; decides about ``device.allowMultipleAllocations`` when new.
        list_attributes: Gate DRAListTypeAttributes; decides about ``includes`` and list attributes when new.
    """

    minor: int = 37
    stored: bool = True
    consumable_capacity: bool = True
    list_attributes: bool = True

    @property
    def level(self) -> int:
        """The minor version whose base libraries count."""
        return self.minor if self.stored else self.minor - 1

    @property
    def multiple_allocations(self) -> bool:
        """Whether ``device.allowMultipleAllocations`` is known."""
        return self.level >= 34 and (self.stored or self.consumable_capacity)

    @property
    def lists(self) -> bool:
        """Whether attributes may be lists for the type checker."""
        return self.minor >= 36 and (self.stored or self.list_attributes)

    @property
    def includes(self) -> bool:
        """Whether ``includes`` is known."""
        return self.level >= 37 or self.lists


def of_version(version: str, *, stored: bool = True) -> Environment:
    """The environment of ``1.34`` … ``1.37`` with that version's default gates; other versions count as the nearest."""
    parts = version.removeprefix("v").split(".")
    number = int(parts[1]) if len(parts) > 1 and parts[1].isdecimal() else 37
    minor = min(max(number, 34), 37)
    return Environment(minor, stored, consumable_capacity=minor >= 36, list_attributes=False)
