"""Functions of strings: cel-go's ext.Strings version 2, the standard ones, and Kubernetes' find and findAll."""

from __future__ import annotations

from dra_core.cel import regular_expression
from dra_core.cel.values import EvaluationError, Value, no_such_overload

_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_ASCII_UPPER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_WHITE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_ESCAPES = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\", '"': '\\"',
}  # fmt: skip


def _text(value: Value) -> str:
    if isinstance(value, str):
        return value
    raise no_such_overload()


def _whole(value: Value) -> int:
    if type(value) is int:
        return value
    raise no_such_overload()


def char_at(text: Value, position: Value) -> Value:
    """``charAt``: "" just behind the end."""
    string, index = _text(text), _whole(position)
    if not 0 <= index <= len(string):
        raise EvaluationError(f"index out of range: {index}")
    return string[index : index + 1]


def index_of(text: str, part: Value, offset: Value = 0) -> Value:
    """``indexOf`` of strings."""
    searched, start = _text(part), _whole(offset)
    if start < 0:
        raise EvaluationError(f"index out of range: {start}")
    if not searched:
        return min(start, len(text))
    return text.find(searched, start)


def last_index_of(text: str, part: Value, offset: Value | None = None) -> Value:
    """``lastIndexOf`` of strings."""
    searched = _text(part)
    if offset is None:
        return text.rfind(searched)
    start = _whole(offset)
    if start < 0:
        raise EvaluationError(f"index out of range: {start}")
    if not searched:
        return min(start, len(text))
    return -1 if start >= len(text) else text.rfind(searched, 0, start + len(searched))


def lower_ascii(text: Value) -> Value:
    """``lowerAscii``."""
    return _text(text).translate(_ASCII_LOWER)


def upper_ascii(text: Value) -> Value:
    """``upperAscii``."""
    return _text(text).translate(_ASCII_UPPER)


def replace(text: Value, old: Value, new: Value, most: Value = -1) -> Value:
    """``replace``; a negative number replaces all."""
    return _text(text).replace(_text(old), _text(new), _whole(most))


def split(text: Value, separator: Value, most: Value = -1) -> Value:
    """``split``; by "" into characters."""
    string, between, count = _text(text), _text(separator), _whole(most)
    if count == 0:
        return []
    if not between:
        letters: list[Value] = list(string)
        return letters if count < 0 or len(letters) <= count else [*letters[: count - 1], string[count - 1 :]]
    return [*string.split(between, -1 if count < 0 else count - 1)]


def substring(text: Value, start: Value, end: Value | None = None) -> Value:
    """``substring``."""
    string, first = _text(text), _whole(start)
    last = len(string) if end is None else _whole(end)
    if end is not None and first > last:
        raise EvaluationError(f"invalid substring range. start: {first}, end: {last}")
    if not 0 <= first <= len(string):
        raise EvaluationError(f"index out of range: {first}")
    if not 0 <= last <= len(string):
        raise EvaluationError(f"index out of range: {last}")
    return string[first:last]


def trim(text: Value) -> Value:
    """``trim``: white space of Unicode off both ends."""
    return _text(text).strip(_WHITE)


def join(items: Value, separator: Value = "") -> Value:
    """``join``."""
    if not isinstance(items, list):
        raise no_such_overload()
    return _text(separator).join([_text(item) for item in items])


def quote(text: Value) -> Value:
    """``strings.quote``."""
    return '"' + "".join(_ESCAPES.get(letter, letter) for letter in _text(text)) + '"'


def contains(text: Value, part: Value) -> Value:
    """``contains``."""
    return _text(part) in _text(text)


def starts_with(text: Value, part: Value) -> Value:
    """``startsWith``."""
    return _text(text).startswith(_text(part))


def ends_with(text: Value, part: Value) -> Value:
    """``endsWith``."""
    return _text(text).endswith(_text(part))


def matches(text: Value, pattern: Value) -> Value:
    """``matches``: the pattern occurs somewhere."""
    return regular_expression.matches(_text(text), _text(pattern))


def find(text: Value, pattern: Value) -> Value:
    """``find``: the first occurrence or ""."""
    return regular_expression.found(_text(text), _text(pattern))


def find_all(text: Value, pattern: Value, most: Value = -1) -> Value:
    """``findAll``: occurrences one behind the other, at most so many if the number is not negative."""
    if type(most) is not int:
        raise EvaluationError("no such overload")
    return [*regular_expression.all_found(_text(text), _text(pattern), most)]
