"""Quantity: amounts as Kubernetes writes, compares and prints them (apimachinery pkg/api/resource, 1.37).

Every amount that can be written is a whole number of billionths, so an amount is one Python integer and all arithmetic
is exact. What else apimachinery remembers of the writing (``format``, ``text``, ``scale``, ``big``) decides how the
amount is printed, and whether two amounts count as the same writing.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

Amount: TypeAlias = Annotated[str, msgspec.Meta(title="quantity")]
"""A field of a record that holds an amount as text."""

NANOS = 1_000_000_000  # the smallest amount is 1n (apimachinery rounds up to it)
MOST = 2**63 - 1  # int64; binary amounts are capped at it
_DIGITS = "0123456789"
_SUFFIX_LETTERS = "eEinumkKMGTP"
_DECIMAL = {"": 0, "n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIX = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_BINARY_SUFFIX = {exponent: suffix for suffix, exponent in _BINARY.items()}
_MOST_WRITTEN = 3_000  # characters of a quantity; Python converts no more than 4,300 digits
_MOST_DIGITS = 18  # decimal digits that always fit an int64

DECIMAL_SI = "DecimalSI"
BINARY_SI = "BinarySI"
DECIMAL_EXPONENT = "DecimalExponent"


class Quantity(msgspec.Struct, frozen=True):
    """An amount.

    Attributes:
        nanos: The amount in billionths.
        format: DecimalSI, BinarySI or DecimalExponent.
        text: The writing it was parsed from if that is in canonical form, else "".
        scale: Power of ten of the stored mantissa (part of the identity of a writing).
        big: Stored by apimachinery as a decimal of any size instead of int64 and scale.
    """

    nanos: int
    format: str = DECIMAL_SI
    text: str = ""
    scale: int = 0
    big: bool = False

    def __str__(self) -> str:
        """The canonical writing, as apimachinery prints it."""
        return self.text or canonical(self.nanos, self.format)


def same_writing(left: Quantity, right: Quantity) -> bool:
    """Go's ``==`` on two copies of quantities: same amount written the same way; big ones are never the same."""
    return not left.big and not right.big and left == right


def as_big(quantity: Quantity) -> Quantity:
    """The same amount after apimachinery turned it into a decimal of any size (as comparing with one does)."""
    return msgspec.structs.replace(quantity, scale=0, big=True)


def whole(value: int, form: str) -> Quantity:
    """NewQuantity: a whole number."""
    return Quantity(value * NANOS, form)


def thousandths(value: int, form: str) -> Quantity:
    """NewMilliQuantity: a number of thousandths."""
    return Quantity(value * 1_000_000, form, "", -3)


def parse(text: str) -> Quantity | None:
    """Parse as ParseQuantity does; None if the text is not a quantity (or so long that nobody means it)."""
    if not text or len(text) > _MOST_WRITTEN:
        return None
    if text == "0":
        return Quantity(0, DECIMAL_SI, text)
    parts = _split(text)
    if parts is None:
        return None
    negative, number, fraction, suffix = parts
    interpreted = _interpret(suffix)
    if interpreted is None:
        return None
    base, exponent, form = interpreted
    if form == BINARY_SI:
        precision = -1 if fraction else 15 - len(number) - exponent * 3 // 10 - 1
    else:
        precision = _MOST_DIGITS - len(number) - len(fraction)
    scale = (exponent if base == 10 else 0) - len(fraction)
    if precision >= 0 and scale >= -9:
        shifted = number + fraction
        value = int(shifted)
        result = value << exponent if base == 2 else value
        if result <= MOST:
            if base == 2:
                kept = exponent % 10 == 0 and value & 7 != 0
            else:
                kept = scale % 3 == 0 and not shifted.endswith("000") and shifted[0] != "0"
            nanos = result * 10 ** (scale + 9)
            return Quantity(-nanos if negative else nanos, form, text if kept else "", scale)
    return _parse_big(negative, number, fraction, base, exponent, form)


def _parse_big(negative: bool, number: str, fraction: str, base: int, exponent: int, form: str) -> Quantity:
    unscaled, power = int(number + fraction), 9 - len(fraction)
    if base == 2:
        unscaled <<= exponent
    else:
        power += exponent
    nanos = unscaled * 10**power if power >= 0 else -(-unscaled // 10**-power)  # rounded up, away from zero
    if form == BINARY_SI:
        nanos = min(nanos, MOST * NANOS)
        if 0 < nanos < NANOS:
            form = DECIMAL_SI
    return Quantity(-nanos if negative else nanos, form, "", 0, True)


def _split(text: str) -> tuple[bool, str, str, str] | None:
    """Sign, digits before and after the point, suffix; None for a suffix that cannot be one."""
    end, position = len(text), 0
    negative = text[0] == "-"
    if text[0] in "+-":
        position = 1
    while position < end and text[position] == "0":
        position += 1
    start = position
    while position < end and text[position] in _DIGITS:
        position += 1
    number, fraction = text[start:position] or "0", ""
    if position < end and text[position] == ".":
        start = position + 1
        position = start
        while position < end and text[position] in _DIGITS:
            position += 1
        fraction = text[start:position]
    start = position
    while position < end and text[position] in _SUFFIX_LETTERS:
        position += 1
    if position < end and text[position] in "+-":
        position += 1
    while position < end and text[position] in _DIGITS:
        position += 1
    return (negative, number, fraction, text[start:]) if position == end else None


def _interpret(suffix: str) -> tuple[int, int, str] | None:
    """Base, exponent and format of a suffix."""
    if suffix in _DECIMAL:
        return 10, _DECIMAL[suffix], DECIMAL_SI
    if suffix in _BINARY:
        return 2, _BINARY[suffix], BINARY_SI
    digits = suffix[2:] if suffix[1:2] in ("+", "-") else suffix[1:]
    if suffix[0] in "eE" and digits and all(character in _DIGITS for character in digits) and len(digits) < 4:
        return 10, int(suffix[1:]), DECIMAL_EXPONENT
    return None


def canonical(nanos: int, form: str) -> str:
    """CanonicalizeBytes: no precision lost, the largest suffix that needs no fraction."""
    if nanos == 0:
        return "0"
    if form == BINARY_SI and (abs(nanos) < 1024 * NANOS or nanos % NANOS):
        form = DECIMAL_SI
    if form == BINARY_SI:
        amount, power = nanos // NANOS, 0
        while amount % 1024 == 0:
            amount, power = amount // 1024, power + 10
        return f"{amount}{_BINARY_SUFFIX.get(power, '')}"
    amount, exponent = nanos, -9
    while amount % 10 == 0:
        amount, exponent = amount // 10, exponent + 1
    while exponent % 3:
        amount, exponent = amount * 10, exponent - 1
    if form == DECIMAL_SI:
        return f"{amount}{_DECIMAL_SUFFIX.get(exponent, '')}"
    return f"{amount}e{exponent}" if exponent else f"{amount}"


def whole_value(quantity: Quantity) -> int:
    """Value(): rounded up, away from zero for negative amounts, as int64 arithmetic leaves it."""
    return _rounded(quantity, NANOS)


def milli_value(quantity: Quantity) -> int | None:
    """The amount in thousandths, or None where that would lose something or not fit an int64."""
    value, rest = divmod(quantity.nanos, 1_000_000)
    return None if rest or not -MOST - 1 <= value <= MOST else value


def _rounded(quantity: Quantity, unit: int) -> int:
    value, rest = divmod(abs(quantity.nanos), unit)
    value += 1 if rest else 0
    if quantity.nanos < 0:
        value = -value
    # Beyond int64, Go's conversion wraps for decimals of any size and gives up with 0 for scaled int64 amounts.
    if -MOST - 1 <= value <= MOST:
        return value
    return (value + MOST + 1) % 2**64 - MOST - 1 if quantity.big else 0
