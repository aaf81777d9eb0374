"""Whether two slice specs say the same: the API server writes quantities in its own way (1024Mi becomes 1Gi)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

import msgspec

from dra_core.snapshot.device import CapacityRequestPolicy, Counter, Device, DeviceCapacity
from dra_core.snapshot.resource_slice import ResourceSliceSpec

_QUANTITY = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?[0-9]{1,2}))?")
_FACTORS: Mapping[str, Fraction] = {
    **{suffix: Fraction(1000) ** power for power, suffix in enumerate(("n", "u", "m", "", "k", "M", "G", "T"), -3)},
    "P": Fraction(1000) ** 5,
    "E": Fraction(1000) ** 6,
    **{suffix: Fraction(1024) ** power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)},
}


def equal(left: ResourceSliceSpec, right: ResourceSliceSpec) -> bool:
    """Whether both publish the same."""
    return left == right or _plain(left) == _plain(right)


def plain_quantity(text: str) -> str:
    """One text for each amount; what is no quantity stays as it is (apimachinery, resource.Quantity)."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return text
    number, suffix, exponent = match.groups()
    amount = Fraction(number) * _FACTORS[suffix or ""] * Fraction(10) ** int(exponent or 0)
    return str(amount)


def _plain(spec: ResourceSliceSpec) -> ResourceSliceSpec:
    return msgspec.structs.replace(
        spec,
        devices=tuple(map(_plain_device, spec.devices)),
        shared_counters=tuple(
            msgspec.structs.replace(each, counters=_plain_counters(each.counters)) for each in spec.shared_counters
        ),
    )


def _plain_device(device: Device) -> Device:
    return msgspec.structs.replace(
        device,
        capacity={name: _plain_capacity(each) for name, each in device.capacity.items()},
        consumes_counters=tuple(
            msgspec.structs.replace(each, counters=_plain_counters(each.counters)) for each in device.consumes_counters
        ),
    )


def _plain_counters(counters: Mapping[str, Counter]) -> dict[str, Counter]:
    return {name: Counter(value=plain_quantity(each.value)) for name, each in counters.items()}


def _plain_capacity(capacity: DeviceCapacity) -> DeviceCapacity:
    policy = capacity.request_policy
    return DeviceCapacity(
        value=plain_quantity(capacity.value), request_policy=None if policy is None else _plain_policy(policy)
    )


def _plain_policy(policy: CapacityRequestPolicy) -> CapacityRequestPolicy:
    span = policy.valid_range
    return CapacityRequestPolicy(
        default=_plain_or_none(policy.default),
        valid_values=tuple(map(plain_quantity, policy.valid_values)),
        valid_range=None
        if span is None
        else msgspec.structs.replace(
            span, min=_plain_or_none(span.min), max=_plain_or_none(span.max), step=_plain_or_none(span.step)
        ),
    )


def _plain_or_none(quantity: str | None) -> str | None:
    return None if quantity is None else plain_quantity(quantity)
