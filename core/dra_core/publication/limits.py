"""How much fits into one ResourceSlice: the API server's limits by minor version of Kubernetes 1.x."""

from __future__ import annotations

import msgspec


class SliceLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of resource.k8s.io/v1 ResourceSlice validation.

    Attributes:
        devices: Devices in a slice.
        special_devices: The same if any device of the slice has taints, consumes counters or, with
            ``lists_are_special``, has list attributes.
        lists_are_special: See above.
        counters_apart: A slice holds devices or counter sets, not both; before, a device's counter sets had to be in
            its own slice.
        counter_sets: Counter sets in a slice.
        counters_in_slice: Counters over all sets of a slice.
        counters_in_set: Counters in a set.
        sets_per_device: Counter sets that a device draws from.
        counters_per_device: Counters that a device draws, over all its sets.
        counters_drawn_in_slice: The same over all devices of a slice.
    """

    devices: int = 128
    special_devices: int
    lists_are_special: bool
    counters_apart: bool
    counter_sets: int
    counters_in_slice: int
    counters_in_set: int = 32
    sets_per_device: int
    counters_per_device: int
    counters_drawn_in_slice: int


_NO_LIMIT = 1 << 30

# 1.34: pkg/apis/resource/types.go and validation of that release; counters are limited per slice, taints not at all.
_1_34 = SliceLimits(
    special_devices=128,
    lists_are_special=False,
    counters_apart=False,
    counter_sets=32,
    counters_in_slice=32,
    sets_per_device=32,
    counters_per_device=32,
    counters_drawn_in_slice=1024,
)
# 1.35: counter sets move to slices of their own; a slice with taints or counter consumption holds half as many devices.
_1_35 = SliceLimits(
    special_devices=64,
    lists_are_special=False,
    counters_apart=True,
    counter_sets=8,
    counters_in_slice=8 * 32,
    sets_per_device=2,
    counters_per_device=2 * 32,
    counters_drawn_in_slice=_NO_LIMIT,
)
# 1.36: attributes may be lists, which count as special.
_1_36 = msgspec.structs.replace(_1_35, lists_are_special=True)


def limits_of(minor: int) -> SliceLimits:
    """The limits of Kubernetes 1.<minor>; the newest known ones for a server that is newer."""
    if minor <= 34:
        return _1_34
    return _1_35 if minor == 35 else _1_36
