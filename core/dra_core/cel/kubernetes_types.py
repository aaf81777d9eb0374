"""Quantity and Semver in CEL (k8s.io/apiserver/pkg/cel/library/quantity.go and semverlib.go)."""

from __future__ import annotations

from dra_core.cel.values import LEAST, MOST, Amount, EvaluationError, Value, no_such_overload
from dra_core.snapshot import semantic_version
from dra_core.snapshot.quantity import DECIMAL_EXPONENT, NANOS, Quantity, parse, whole
from dra_core.snapshot.semantic_version import SemanticVersion

_BAD_QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


def quantity(text: Value) -> Value:
    """``quantity``."""
    if not isinstance(text, str):
        raise no_such_overload()
    found = parse(text)
    if found is None:
        raise EvaluationError(_BAD_QUANTITY)
    return Amount(found)


def is_quantity(text: Value) -> Value:
    """``isQuantity``."""
    if not isinstance(text, str):
        raise no_such_overload()
    return parse(text) is not None


def sign(target: Value) -> Value:
    """``sign``: -1, 0 or 1."""
    nanos = _amount(target).nanos
    return (nanos > 0) - (nanos < 0)


def compare_to(target: Value, other: Value) -> Value:
    """``compareTo`` of quantities and versions."""
    if isinstance(target, Amount) and isinstance(other, Amount):
        left, right = target.quantity.nanos, other.quantity.nanos
        return (left > right) - (left < right)
    if isinstance(target, SemanticVersion) and isinstance(other, SemanticVersion):
        return target.compare(other)
    raise no_such_overload()


def is_greater_than(target: Value, other: Value) -> Value:
    """``isGreaterThan``."""
    return compare_to(target, other) == 1


def is_less_than(target: Value, other: Value) -> Value:
    """``isLessThan``."""
    return compare_to(target, other) == -1


def as_approximate_float(target: Value) -> Value:
    """``asApproximateFloat``."""
    return _amount(target).nanos / NANOS


def as_integer(target: Value) -> Value:
    """``asInteger``."""
    number = _as_int64(_amount(target))
    if number is None:
        raise EvaluationError("cannot convert value to integer")
    return number


def is_integer(target: Value) -> Value:
    """``isInteger``."""
    return _as_int64(_amount(target)) is not None


def _as_int64(amount: Quantity) -> int | None:
    """AsInt64: only of amounts kept as int64 without a fraction; ``1.0`` is none, ``0.5k`` neither."""
    number, rest = divmod(amount.nanos, NANOS)
    return None if amount.big or amount.scale < 0 or rest or not LEAST <= number <= MOST else number


def add(target: Value, other: Value) -> Value:
    """``add`` of a quantity or an int."""
    return _sum(_amount(target), _amount_or_int(other), 1)


def sub(target: Value, other: Value) -> Value:
    """``sub`` of a quantity or an int."""
    return _sum(_amount(target), _amount_or_int(other), -1)


def _sum(left: Quantity, right: Quantity, factor: int) -> Amount:
    """Apimachinery's Add and Sub: the format of the left side, unless that is zero; the finer of both scales."""
    scale = right.scale if left.nanos == 0 else left.scale if right.nanos == 0 else min(left.scale, right.scale)
    nanos = left.nanos + factor * right.nanos
    unit: int = 10 ** max(scale + 9, 0)
    big = left.big or right.big or not LEAST <= nanos // unit <= MOST
    form = right.format if left.nanos == 0 else left.format
    return Amount(Quantity(nanos, form, "", 0 if big else scale, big), computed=True)


def _amount(value: Value) -> Quantity:
    if isinstance(value, Amount):
        return value.quantity
    raise no_such_overload()


def _amount_or_int(value: Value) -> Quantity:
    return whole(value, DECIMAL_EXPONENT) if type(value) is int else _amount(value)


def semver(text: Value, normalize: Value = False) -> Value:
    """``semver``; with true also short versions, a leading v and leading zeros."""
    found = _version(text, normalize)
    if isinstance(found, str):
        raise EvaluationError(found)
    return found


def is_semver(text: Value, normalize: Value = False) -> Value:
    """``isSemver``."""
    return not isinstance(_version(text, normalize), str)


def _version(text: Value, normalize: Value) -> SemanticVersion | str:
    if not isinstance(text, str) or not isinstance(normalize, bool):
        raise no_such_overload()
    if not normalize:
        return semantic_version.parse(text)
    full = semantic_version.normalized(text)
    return (
        semantic_version.parse(full) if full or not text else "short version cannot contain PreRelease/Build meta data"
    )


def major(target: Value) -> Value:
    """``major``."""
    return _numbers(target)[0]


def minor(target: Value) -> Value:
    """``minor``."""
    return _numbers(target)[1]


def patch(target: Value) -> Value:
    """``patch``."""
    return _numbers(target)[2]


def _numbers(target: Value) -> tuple[int, int, int]:
    if not isinstance(target, SemanticVersion):
        raise no_such_overload()
    return target.major, target.minor, target.patch
