"""Expressions as cel-cpp has to read them to find in them what cel-go finds.

What is exchanged keeps its length, so that every place in a message is a place in the expression as written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

FLATTEN = "flatte_"
"""``flatten`` as declared here: cel-cpp's own takes any list, and forgets the type of its elements."""

_QUOTED = (
    r"\b(?:[bB]?[rR]|[rR][bB])(?:'''[\s\S]*?'''|\"\"\"[\s\S]*?\"\"\"|'[^'\n]*'|\"[^\"\n]*\")"
    r"|'''(?:\\[\s\S]|[^\\])*?'''|\"\"\"(?:\\[\s\S]|[^\\])*?\"\"\""
    r"|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"|//[^\n]*"
)
_TOKEN = re.compile(_QUOTED + r"|\bhas\(\s*device\.(\w+)\s*\)|(?<=\.)(exists_one|flatten)(?=\s*\()")
_BRACKET_OR_COMMA = re.compile(_QUOTED + r"|([\[\](){},])")
_WITH_POSITION = 3  # arguments of exists_one: two variables and the condition


def as_parser_reads(expression: str, fields: Sequence[str]) -> str:
    """The expression for cel-cpp.

    ``has(device.driver)`` becomes ``(true)``: the checker would take it for the field itself. ``exists_one`` of two
    variables becomes ``existsOne``, the only name that cel-cpp knows. ``flatten`` becomes ``FLATTEN``.

    Args:
        expression: As written.
        fields: What ``device`` has.
    """
    if not any(word in expression for word in ("has(", "exists_one", "flatten")):
        return expression
    return _TOKEN.sub(_exchange(expression, fields), expression)


def as_written(text: str) -> str:
    """A message of cel-cpp about such an expression, or a name in its tree."""
    return text.replace(FLATTEN, "flatten")


def _exchange(expression: str, fields: Sequence[str]) -> Callable[[re.Match[str]], str]:
    def exchanged(found: re.Match[str]) -> str:
        if found[1] in fields:
            return "(true)".ljust(len(found[0]))
        if found[2] == "flatten":
            return FLATTEN
        if found[2] and _arguments(expression, found.end()) == _WITH_POSITION:
            return "existsOne".ljust(len(found[0]))
        return found[0]

    return exchanged


def _arguments(expression: str, start: int) -> int:
    """How many there are in the brackets that begin at or after the place."""
    depth, count = 0, 1
    for found in _BRACKET_OR_COMMA.finditer(expression, start):
        match found[1]:
            case "(" | "[" | "{":
                depth += 1
            case ")" | "]" | "}":
                depth -= 1
                if not depth:
                    return count
            case "," if depth == 1:
                count += 1
            case _:
                pass
    return 0
