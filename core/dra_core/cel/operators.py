"""CEL's operators and conversions (cel-spec, standard definitions; error texts as cel-go's)."""

from __future__ import annotations

import math
from ipaddress import IPv4Address, IPv6Address

from dra_core.cel.values import (
    LEAST,
    MOST,
    Domains,
    Duration,
    EvaluationError,
    Network,
    Optional,
    Timestamp,
    TypeName,
    Unsigned,
    Value,
    checked_int,
    checked_moment,
    checked_unsigned,
    compare,
    equal,
    has_key,
    no_such_overload,
    size,
    type_name,
)


def _whole(value: Value) -> bool:
    return type(value) is int


def add(left: Value, right: Value) -> Value:
    """``+``."""
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    if type(left) is int and type(right) is int:
        return checked_int(left + right)
    if isinstance(left, Unsigned) and isinstance(right, Unsigned):
        return checked_unsigned(left + right)
    if isinstance(left, float) and isinstance(right, float):
        return left + right
    if isinstance(left, list) and isinstance(right, list):
        return left + right
    if isinstance(left, bytes) and isinstance(right, bytes):
        return left + right
    if isinstance(left, Duration) and isinstance(right, Duration):
        return Duration(checked_int(left.nanos + right.nanos))
    if isinstance(left, Timestamp) and isinstance(right, Duration):
        return checked_moment(left.nanos + right.nanos)
    if isinstance(left, Duration) and isinstance(right, Timestamp):
        return checked_moment(left.nanos + right.nanos)
    raise no_such_overload()


def subtract(left: Value, right: Value) -> Value:
    """``-``."""
    if type(left) is int and type(right) is int:
        return checked_int(left - right)
    if isinstance(left, Unsigned) and isinstance(right, Unsigned):
        return checked_unsigned(int(left) - int(right))
    if isinstance(left, float) and isinstance(right, float):
        return left - right
    if isinstance(left, Duration) and isinstance(right, Duration):
        return Duration(checked_int(left.nanos - right.nanos))
    if isinstance(left, Timestamp) and isinstance(right, Duration):
        return checked_moment(left.nanos - right.nanos)
    if isinstance(left, Timestamp) and isinstance(right, Timestamp):
        return Duration(checked_int(left.nanos - right.nanos))
    raise no_such_overload()


def multiply(left: Value, right: Value) -> Value:
    """``*``."""
    if type(left) is int and type(right) is int:
        return checked_int(left * right)
    if isinstance(left, Unsigned) and isinstance(right, Unsigned):
        return checked_unsigned(int(left) * int(right))
    if isinstance(left, float) and isinstance(right, float):
        return left * right
    raise no_such_overload()


def divide(left: Value, right: Value) -> Value:
    """``/``, towards zero for whole numbers."""
    if isinstance(left, float) and isinstance(right, float):
        if right == 0:
            if left == 0 or math.isnan(left):
                return math.nan
            return math.copysign(math.inf, left) * math.copysign(1, right)
        return left / right
    if type(left) is not type(right) or not isinstance(left, int) or not isinstance(right, int) or left is True:
        raise no_such_overload()
    if isinstance(left, bool):
        raise no_such_overload()
    if right == 0:
        raise EvaluationError("division by zero")
    quotient = abs(int(left)) // abs(int(right))
    signed = quotient if (left < 0) == (right < 0) else -quotient
    return Unsigned(signed) if isinstance(left, Unsigned) else checked_int(signed)


def remainder(left: Value, right: Value) -> Value:
    """``%``, with the sign of the left side."""
    if type(left) is not type(right) or not isinstance(left, int) or not isinstance(right, int):
        raise no_such_overload()
    if isinstance(left, bool):
        raise no_such_overload()
    if right == 0:
        raise EvaluationError("modulus by zero")
    if left == LEAST and right == -1:
        raise EvaluationError("integer overflow")
    rest = abs(int(left)) % abs(int(right))
    return Unsigned(rest) if isinstance(left, Unsigned) else (-rest if left < 0 else rest)


def negate(value: Value) -> Value:
    """Unary ``-``."""
    if type(value) is int:
        return checked_int(-value)
    if isinstance(value, float):
        return -value
    raise no_such_overload()


def less(left: Value, right: Value) -> Value:
    """``<``."""
    return compare(left, right) < 0


def less_or_equal(left: Value, right: Value) -> Value:
    """``<=``."""
    return compare(left, right) <= 0


def greater(left: Value, right: Value) -> Value:
    """``>``."""
    return compare(left, right) > 0


def greater_or_equal(left: Value, right: Value) -> Value:
    """``>=``."""
    return compare(left, right) >= 0


def equals(left: Value, right: Value) -> Value:
    """``==``."""
    return equal(left, right)


def differs(left: Value, right: Value) -> Value:
    """``!=``; what cannot be compared differs."""
    try:
        return not equal(left, right)
    except EvaluationError:
        return True


def contained(item: Value, container: Value) -> Value:
    """``in``."""
    if isinstance(container, list):
        return _in_list(item, container)
    if isinstance(container, dict):
        return isinstance(item, bool | int | float | str) and has_key(container, item)
    raise no_such_overload()


def _in_list(item: Value, container: list[Value]) -> bool:
    for element in container:
        try:
            if equal(element, item):
                return True
        except EvaluationError:
            continue
    return False


def element(container: Value, key: Value) -> Value:
    """``container[key]``, also ``container.key``."""
    if isinstance(container, dict):
        if not isinstance(key, bool | int | float | str):
            raise EvaluationError(f"unsupported key type: {type_name(key)}")
        if has_key(container, key):
            return container[key]
        if isinstance(container, Domains):
            return {}
        raise EvaluationError(f"no such key: {shown(key)}")
    if isinstance(container, list):
        position = _position(key)
        if not 0 <= position < len(container):
            raise EvaluationError(f"index out of bounds: {position}")
        return container[position]
    if isinstance(container, Optional):
        return optional_element(container, key)
    raise EvaluationError(f"no such key: {shown(key)}")


def _position(key: Value) -> int:
    if isinstance(key, int) and not isinstance(key, bool):
        return int(key)
    if isinstance(key, float):
        if key.is_integer():
            return int(key)
        raise EvaluationError(f"unsupported index value {shown(key)} in list")
    raise EvaluationError(f"unsupported index type '{type_name(key)}' in list")


def found(container: Value, key: Value) -> bool:
    """Whether ``container[key]`` is there, for ``has`` and optional access."""
    if isinstance(container, Optional):
        return container.present and found(container.value, key)
    if isinstance(container, dict):
        return isinstance(container, Domains) or has_key(container, key)
    if isinstance(container, list):
        return 0 <= _position(key) < len(container)
    return False


def optional_element(container: Value, key: Value) -> Value:
    """``container[?key]`` and ``container.?key``."""
    if isinstance(container, Optional):
        if not container.present:
            return container
        container = container.value
    return Optional(element(container, key)) if found(container, key) else Optional(None, present=False)


def length(value: Value) -> Value:
    """``size``."""
    if isinstance(value, str | bytes | list | dict):
        return size(value)
    raise no_such_overload()


def unconverted(value: Value, wanted: str) -> EvaluationError:
    """The value is none of the wanted type."""
    return EvaluationError(f"type conversion error from '{type_name(value)}' to '{wanted}'")


def to_int(value: Value) -> Value:
    """``int()``."""
    match value:
        case bool():
            raise no_such_overload()
        case int():
            return checked_int(int(value))
        case float():
            if math.isnan(value) or not float(LEAST) < value < float(MOST):
                raise EvaluationError("integer overflow")
            return int(value)
        case str():
            number = _go_integer(value)
            if number is None or not LEAST <= number <= MOST:
                raise unconverted(value, "int")
            return number
        case Duration():
            return value.nanos
        case Timestamp():
            return value.nanos // 1_000_000_000
        case _:
            raise no_such_overload()


def to_unsigned(value: Value) -> Value:
    """``uint()``."""
    match value:
        case bool():
            raise no_such_overload()
        case int():
            return checked_unsigned(int(value))
        case float():
            if math.isnan(value) or not 0 <= value < 2.0**64:
                raise EvaluationError("unsigned integer overflow")
            return Unsigned(int(value))
        case str():
            if not (value.isascii() and value.isdigit()) or int(value) >= 2**64:
                raise unconverted(value, "uint")
            return Unsigned(int(value))
        case _:
            raise no_such_overload()


def _go_integer(text: str) -> int | None:
    digits = text[1:] if text[:1] in ("+", "-") else text
    return int(text) if digits.isascii() and digits.isdigit() else None


def to_double(value: Value) -> Value:
    """``double()``."""
    match value:
        case bool():
            raise no_such_overload()
        case int() | float():
            return float(value)
        case str():
            try:
                if value != value.strip():
                    raise ValueError
                number = float.fromhex(value) if "0x" in value.lower() else float(value)
            except (ValueError, OverflowError):
                raise unconverted(value, "double") from None
            if math.isinf(number) and any(letter.isdigit() for letter in value):
                raise unconverted(value, "double")
            return number
        case _:
            raise no_such_overload()


def to_boolean(value: Value) -> Value:
    """``bool()``: what strconv.ParseBool reads."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        if value in ("1", "t", "T", "true", "TRUE", "True"):
            return True
        if value in ("0", "f", "F", "false", "FALSE", "False"):
            return False
        raise unconverted(value, "bool")
    raise no_such_overload()


def to_bytes(value: Value) -> Value:
    """``bytes()``."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, bytes):
        return value
    raise no_such_overload()


def to_text(value: Value) -> Value:
    """``string()``."""
    match value:
        case bytes():
            try:
                return value.decode()
            except UnicodeDecodeError:
                raise EvaluationError("invalid UTF-8 in bytes, cannot convert to string") from None
        case str() | bool() | int() | float() | IPv4Address() | IPv6Address() | Network():
            return shown(value)
        case _:
            from dra_core.cel.times import time_text

            if isinstance(value, Duration | Timestamp):
                return time_text(value)
            raise no_such_overload()


def type_of(value: Value) -> Value:
    """``type()``."""
    return TypeName(type_name(value))


def same(value: Value) -> Value:
    """``dyn()``."""
    return value


def shown(value: Value) -> str:
    """A value as cel-go writes it into texts."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return double_text(value)
        case Network():
            return f"{value.address}/{value.bits}"
        case _:
            return str(value)


_PLAIN_POWER = 6  # from this power of ten on, Go's shortest %g writes an exponent


def double_text(value: float) -> str:
    """Go's ``%g`` with as many digits as are needed."""
    if math.isnan(value) or math.isinf(value):
        return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")
    text = repr(value)
    mantissa, _, exponent = text.partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return f"{sign}0"
    power = int(exponent or 0) + len(whole) - 1 if whole != "0" else -(len(fraction) - len(fraction.lstrip("0"))) - 1
    if -4 <= power < _PLAIN_POWER and not exponent:
        return sign + whole + (f".{fraction}" if fraction else "")
    digits = digits.rstrip("0") or "0"
    if -4 <= power < _PLAIN_POWER:
        return sign + digits.ljust(power + 1, "0")
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{'-' if power < 0 else '+'}{abs(power):02d}"


def quoted(text: str) -> str:
    """Go's ``%q``."""
    escapes = {
        '"': '\\"',
        "\\": "\\\\",
        "\n": "\\n",
        "\t": "\\t",
        "\r": "\\r",
        "\a": "\\a",
        "\b": "\\b",
        "\f": "\\f",
        "\v": "\\v",
    }
    parts = [escapes.get(letter) or (letter if letter.isprintable() else f"\\u{ord(letter):04x}") for letter in text]
    return '"' + "".join(parts) + '"'
