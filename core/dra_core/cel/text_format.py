"""``format``: clauses %s %d %f %e %b %o %x %X and %%, written as cel-go's strings library version 2 does."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dra_core.cel.operators import quoted, shown
from dra_core.cel.times import time_text
from dra_core.cel.values import Duration, EvaluationError, Timestamp, TypeName, Value, no_such_overload, type_name

_DIGITS_ABOVE = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MOST_PRECISION = 1_000  # more digits than any amount has; a longer text only costs memory
_BINARY = "only integers and bools can be formatted as binary"
_HEX = "only integers, byte buffers, and strings can be formatted as hex"
_WHOLE = ("int", "uint")
_PLAIN = (
    "string", "bool", "bytes", "int", "uint", "double", "map", "list", "type", "google.protobuf.Duration",
    "google.protobuf.Timestamp", "null_type",
)  # fmt: skip
_ACCEPTED: dict[str, tuple[tuple[str, ...], str]] = {
    "s": (
        _PLAIN,
        "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and"
        " timestamps",
    ),
    "d": (_WHOLE, "decimal clause can only be used on integers"),
    "f": (("double",), "fixed-point clause can only be used on doubles"),
    "e": (("double",), "scientific clause can only be used on doubles"),
    "b": ((*_WHOLE, "bool"), _BINARY),
    "o": (_WHOLE, "octal clause can only be used on integers"),
    "x": ((*_WHOLE, "string", "bytes"), _HEX),
    "X": ((*_WHOLE, "string", "bytes"), _HEX),
}
"""By clause the types that it takes, and what is said of others."""

_DOUBLES_IN_WORDS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


class Clause(msgspec.Struct, frozen=True):
    """A place in the pattern that shows an argument."""

    letter: str
    precision: int


class Mismatch(msgspec.Struct, frozen=True):
    """Why a pattern does not go with its arguments; ``argument`` is at fault unless it is -1."""

    text: str
    argument: int = -1


def format_text(pattern: Value, arguments: Value) -> Value:
    """``format``."""
    if not isinstance(pattern, str) or not isinstance(arguments, list):
        raise no_such_overload()
    parts: list[str] = []
    used = 0
    for part in _parsed(pattern):
        if isinstance(part, str):
            parts.append(part)
            continue
        if used >= len(arguments):
            raise EvaluationError(f"index {used} out of range")
        parts.append(_formatted(part, arguments[used]))
        used += 1
    return "".join(parts)


def mismatch(pattern: str, types: Sequence[str]) -> Mismatch | None:
    """What the type checker says against arguments of these types; ``dyn`` is never wrong."""
    try:
        clauses = [part for part in _parsed(pattern) if isinstance(part, Clause)]
    except EvaluationError as error:
        return Mismatch(error.text)
    for number, clause in enumerate(clauses):
        if number >= len(types):
            return Mismatch(f"index {number} out of range")
        accepted, words = _ACCEPTED[clause.letter]
        name = types[number].partition("(")[0]
        if name not in (*accepted, "dyn", "any"):
            return Mismatch(f"error during formatting: {words}, was given {name}", number)
    if len(types) > len(clauses):
        counts = f"(expected {len(clauses)}, got {len(types)})"
        return Mismatch(f"too many arguments supplied to string.format {counts}")
    return None


def _parsed(pattern: str) -> list[str | Clause]:
    """Texts and clauses in turn.

    Raises:
        EvaluationError: It is no pattern.
    """
    parts: list[str | Clause] = []
    position = 0
    while position < len(pattern):
        start = pattern.find("%", position)
        if start < 0:
            parts.append(pattern[position:])
            break
        parts.append(pattern[position:start])
        position = start + 1
        if pattern.startswith("%", position):
            parts.append("%")
            position += 1
            continue
        clause, position = _clause(pattern, position)
        parts.append(clause)
    return parts


def _clause(pattern: str, position: int) -> tuple[Clause, int]:
    precision = 6
    if pattern.startswith(".", position):
        start = position = position + 1
        while position < len(pattern) and pattern[position] in "0123456789":
            position += 1
        if start == position:
            raise EvaluationError(
                "could not parse formatting clause: error while parsing precision: error while converting precision to"
                ' integer: strconv.Atoi: parsing "": invalid syntax'
            )
        precision = min(int(pattern[start:position][:9]), _MOST_PRECISION)
    if position >= len(pattern):
        raise EvaluationError("unexpected end of string")
    letter = pattern[position]
    if letter not in _ACCEPTED:
        raise EvaluationError(f'could not parse formatting clause: unrecognized formatting clause "{letter}"')
    return Clause(letter, precision), position + 1


def _formatted(clause: Clause, value: Value) -> str:
    letter = clause.letter
    if letter in "fe" and isinstance(value, str) and value in _DOUBLES_IN_WORDS:
        value = _DOUBLES_IN_WORDS[value]
    accepted, words = _ACCEPTED[letter]
    if type_name(value) not in accepted:
        raise EvaluationError(f"error during formatting: {words}, was given {type_name(value)}")
    match value:
        case float() if letter in "fe":
            return _double(value, clause)
        case str() | bytes() if letter in "xX":
            digits = (value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value).hex()
            return digits.upper() if letter == "X" else digits
        case int() if letter in "dboxX":
            return f"{int(value):{letter}}"
        case _:
            return _plain(value)


def _double(value: float, clause: Clause) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        word = "NaN" if value != value else "∞" if value > 0 else "-∞"
        return word.rjust(6) if clause.letter == "e" else word
    if clause.letter == "f":
        return f"{value:,.{clause.precision}f}"
    mantissa, _, exponent = f"{value:.6e}".partition("e")  # the precision is not looked at
    return f"{mantissa}×10{exponent.removeprefix('+').translate(_DIGITS_ABOVE)}"


def _plain(value: Value) -> str:
    """What %s shows at the top: texts as they are."""
    match value:
        case None:
            return "null"
        case bytes():
            return value.decode("utf-8", "replace")
        case str():
            return value
        case list() | dict():
            return _inner(value)
        case Duration() | Timestamp():
            return time_text(value)
        case TypeName():
            return value.name
        case _:
            return shown(value)


def _inner(value: Value) -> str:
    """What %s shows inside of lists and maps: texts in quotes, doubles with six digits."""
    match value:
        case str():
            return quoted(value)
        case bytes():
            return f"b{quoted(value.decode('utf-8', 'replace'))}"
        case float():
            return f"{value:.6f}"
        case Duration():
            return f'duration("{time_text(value)}")'
        case Timestamp():
            return f'timestamp("{time_text(value)}")'
        case list():
            return f"[{', '.join(map(_inner, value))}]"
        case dict():
            entries = sorted((_inner(key), _inner(item)) for key, item in value.items())
            return "{" + ", ".join(f"{key}:{item}" for key, item in entries) + "}"
        case None | bool() | int() | TypeName():
            return _plain(value)
        case _:
            raise EvaluationError(f"error during formatting: no formatting function for {type_name(value)}")
