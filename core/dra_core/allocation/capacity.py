"""How much of a shared device a request takes, and whether that much is left (KEP-5075, DRAConsumableCapacity).

The effective amount of every capacity of the device is what is asked for, else the policy's default, else all of it;
rounded up to the next amount that the policy allows. An amount that int64 arithmetic cannot hold, or a negative one, is
an error of the whole allocation; an amount that the policy forbids or that is not left only rules the device out.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from dra_core.allocation.inventory_device import Capacity, Policy, Range
from dra_core.snapshot.quantity import (
    MOST,
    NANOS,
    Quantity,
    as_big,
    milli_value,
    same_writing,
    thousandths,
    whole,
    whole_value,
)

_NOT_REPRESENTABLE = "capacity request cannot be represented in the device's range arithmetic"


class Unusable(msgspec.Struct, frozen=True):
    """Why no amount can be worked out."""

    text: str


class Shortage(msgspec.Struct, frozen=True):
    """Why the device is ruled out.

    Attributes:
        name: The capacity.
        kind: ``unknown`` (the device has no such capacity), ``policy`` (the amount is not allowed) or ``short``.
        wanted: The effective amount.
        left: What is left of it, in billionths.
    """

    name: str
    kind: str
    wanted: Quantity | None = None
    left: int = 0


def effective_amounts(
    wanted: Mapping[str, Quantity] | None, capacity: Mapping[str, Capacity], fractional: bool
) -> Mapping[str, Quantity] | Unusable:
    """What a share consumes of each capacity."""
    amounts: dict[str, Quantity] = {}
    for name, item in capacity.items():
        amount = _effective(None if wanted is None else wanted.get(name), item, fractional)
        if isinstance(amount, Unusable):
            return Unusable(f'capacity "{name}": {amount.text}')
        if amount.nanos < 0:
            return Unusable(f'capacity "{name}": capacity value is negative')
        amounts[name] = amount
    return amounts


def shortage(
    wanted: Mapping[str, Quantity] | None,
    capacity: Mapping[str, Capacity],
    consumed: Mapping[str, int],
    consuming: Mapping[str, int],
    fractional: bool,
) -> Shortage | Unusable | None:
    """What keeps the request from the device; None if enough is left.

    Args:
        wanted: The amounts asked for by name.
        capacity: What the device has.
        consumed: What allocated claims consume of it, in billionths.
        consuming: What this run gave away already, in billionths.
        fractional: Whether steps below one are allowed (DRAFractionalCapacityRange).
    """
    for name in wanted or ():
        if name not in capacity:
            return Shortage(name, "unknown")
    amounts = effective_amounts(wanted, capacity, fractional)
    if isinstance(amounts, Unusable):
        return amounts
    for name, item in capacity.items():
        amount = amounts[name]
        if item.policy is not None and _violates(amount, item.policy, fractional):
            return Shortage(name, "policy", amount)
        left = item.value.nanos - consumed.get(name, 0) - consuming.get(name, 0)
        if amount.nanos > left:
            return Shortage(name, "short", amount, left)
    return None


def _effective(wanted: Quantity | None, capacity: Capacity, fractional: bool) -> Quantity | Unusable:
    policy = capacity.policy
    if wanted is None:
        return policy.default if policy is not None and policy.default is not None else capacity.value
    if policy is None:
        return wanted
    if policy.valid_range is not None and policy.valid_range.least is not None:
        return _rounded_to_step(wanted, policy.valid_range, policy.valid_range.least, fractional)
    for value in policy.valid_values:
        if value.big and not wanted.big:
            wanted = as_big(wanted)
        if wanted.nanos <= value.nanos:
            return value
    return wanted


def _rounded_to_step(wanted: Quantity, bounds: Range, least: Quantity, fractional: bool) -> Quantity | Unusable:
    if least.big and not wanted.big:
        wanted = as_big(wanted)
    if wanted.nanos < least.nanos:
        return least
    if bounds.step is None:
        return wanted
    if fractional and _in_thousandths(bounds):
        return _rounded_in_thousandths(wanted, bounds.step, least)
    if wanted.nanos > MOST * NANOS:
        return Unusable(f"{_NOT_REPRESENTABLE}: request {wanted} exceeds MaxInt64")
    first, step = whole_value(least), whole_value(bounds.step)
    if step == 0:
        return Unusable(f"{_NOT_REPRESENTABLE}: the step of the range is 0")
    steps = _steps(_wrapped(whole_value(wanted) - first), step)
    if first >= 0 and steps > _quotient(MOST - first, step):
        return Unusable(f"{_NOT_REPRESENTABLE}: rounding request {wanted} up to the next step passes MaxInt64")
    return whole(_wrapped(first + step * steps), bounds.step.format)


def _rounded_in_thousandths(wanted: Quantity, step: Quantity, least: Quantity) -> Quantity | Unusable:
    asked = milli_value(wanted)
    if asked is None:
        return Unusable(f"{_NOT_REPRESENTABLE}: request {wanted} is not a representable milli value")
    first, size = milli_value(least) or 0, milli_value(step) or 1
    steps = _steps(_wrapped(asked - first), size)
    if steps > _quotient(_wrapped(MOST - first), size):
        return Unusable(
            f"{_NOT_REPRESENTABLE}: rounding request {wanted} up to the next step passes the milli-value range"
        )
    value = _wrapped(first + size * steps)
    return whole(value // 1000, step.format) if value % 1000 == 0 else thousandths(value, step.format)


def _wrapped(value: int) -> int:
    """What int64 arithmetic leaves of it: the scheduler guards against too much only from 0 upwards."""
    return (value + MOST + 1) % 2**64 - MOST - 1


def _quotient(left: int, right: int) -> int:
    """Go's integer division, towards zero."""
    return left // right if (left < 0) == (right < 0) else -(-left // right)


def _steps(distance: int, step: int) -> int:
    steps = _quotient(distance, step)
    return steps if steps * step == distance else steps + 1


def _in_thousandths(bounds: Range) -> bool:
    """Whether the whole range can be reckoned in thousandths, with a step of one at least."""
    for amount in (bounds.least, bounds.most, bounds.step):
        if amount is not None and milli_value(amount) is None:
            return False
    return bounds.step is None or (milli_value(bounds.step) or 0) >= 1


def _violates(amount: Quantity, policy: Policy, fractional: bool) -> bool:
    """Whether the policy forbids the amount; the default, written the same way, is always allowed."""
    if policy.default is not None and same_writing(amount, policy.default):
        return False
    if policy.valid_range is not None:
        return _outside(amount, policy.valid_range, fractional)
    return bool(policy.valid_values) and all(amount.nanos != value.nanos for value in policy.valid_values)


def _outside(amount: Quantity, bounds: Range, fractional: bool) -> bool:
    if bounds.most is not None and amount.nanos > bounds.most.nanos:
        return True
    if bounds.step is None:
        return False
    if fractional and _in_thousandths(bounds):
        value = milli_value(amount)
        if value is None:
            return True
        first, step = milli_value(bounds.least or Quantity(0)) or 0, milli_value(bounds.step) or 1
    else:
        value, step = whole_value(amount), whole_value(bounds.step)
        first = whole_value(bounds.least or Quantity(0))
    return step == 0 or _wrapped(value - first) % step != 0
