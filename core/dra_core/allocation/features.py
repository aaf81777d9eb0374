"""Which rules are in force: the fields of structured.Features (k8s.io/dynamic-resource-allocation v0.37.2).

The scheduler holds three implementations of the search. ``stable`` knows the fewest features, ``experimental`` all; the
first that knows every enabled feature answers. They differ in more than features, see ``Variant``.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec


class Variant(enum.Enum):
    """The implementation of the scheduler's allocator that a set of features leads to.

    STABLE takes pools and slices in no particular order (here: as they are listed), ignores capacity requests and
    ``bindsToNode``, knows no distinctAttribute, and always counts slices with counter sets as the node's own.
    STABLE and INCUBATING ignore ``skipNodeOperations``.
    """

    STABLE = "stable"
    INCUBATING = "incubating"
    EXPERIMENTAL = "experimental"


class Features(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """What is enabled. JSON names are Go's field names, e.g. ``ConsumableCapacity``."""

    admin_access: bool = False
    compatibility_groups: bool = False
    consumable_capacity: bool = False
    derived_attributes: bool = False
    device_binding_and_status: bool = False
    device_taints: bool = False
    fractional_capacity_range: bool = False
    list_type_attributes: bool = False
    optional_node_operations: bool = False
    partitionable_devices: bool = False
    prioritized_list: bool = False

    @property
    def variant(self) -> Variant:
        """The first implementation that supports everything that is enabled."""
        if (
            self.list_type_attributes
            or self.optional_node_operations
            or self.derived_attributes
            or self.compatibility_groups
        ):
            return Variant.EXPERIMENTAL
        if self.device_binding_and_status or self.consumable_capacity or self.fractional_capacity_range:
            return Variant.INCUBATING
        return Variant.STABLE

    @classmethod
    def of_version(cls, version: str) -> Features:
        """The defaults of a Kubernetes version, ``1.34`` to ``1.37`` (feature gates of kube-scheduler).

        Raises:
            KeyError: for another version; the allocator's rules are known for these.
        """
        return DEFAULTS[version]

    @classmethod
    def everything(cls) -> Features:
        """All that 1.37 can do, with every alpha gate."""
        return cls(**dict.fromkeys(cls.__struct_fields__, True))

    @classmethod
    def named(cls, switches: Mapping[str, bool]) -> Features:
        """From Go's field names; names that are not known are left out."""
        names = {field.encode_name: field.name for field in msgspec.structs.fields(cls)}
        return cls(**{names[name]: value for name, value in switches.items() if name in names})


_GA_IN_1_36 = Features(admin_access=True, prioritized_list=True)
_ON_SINCE_1_36 = msgspec.structs.replace(
    _GA_IN_1_36,
    partitionable_devices=True,
    device_taints=True,
    device_binding_and_status=True,
    consumable_capacity=True,
)
DEFAULTS: Mapping[str, Features] = {
    "1.34": _GA_IN_1_36,
    "1.35": _GA_IN_1_36,
    "1.36": _ON_SINCE_1_36,
    "1.37": msgspec.structs.replace(_ON_SINCE_1_36, fractional_capacity_range=True),
}
