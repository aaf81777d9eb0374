"""Regular expressions: RE2's syntax, matched by Python's ``re``.

Both try alternatives in the same order. What Python reads otherwise is rewritten; what RE2 has not is refused.
"""

from __future__ import annotations

import re
from functools import lru_cache

from dra_core.cel.values import EvaluationError

_CLASSES = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": r"\x00-\x7f", "blank": r"\t ", "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9", "graph": "!-~", "lower": "a-z", "print": " -~", "punct": r"!-/:-@\[-`{-~", "space": r"\t\n\v\f\r ",
    "upper": "A-Z", "word": "0-9A-Za-z_", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_REFUSED = ("(?=", "(?!", "(?<=", "(?<!", "(?#", "(?(", "(?>", "(?P=", "(?P>")


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern, ready to search with."""
    try:
        return re.compile(_rewritten(pattern), re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise EvaluationError(f"error parsing regexp: {error}: `{pattern}`") from None


def _rewritten(pattern: str) -> str:
    parts: list[str] = []
    position, in_class = 0, False
    while position < len(pattern):
        character = pattern[position]
        if character == "\\":
            pair = pattern[position : position + 2]
            if pair in (r"\z",):
                pair = r"\Z"
            elif len(pair) == 2 and (pair[1] in "123456789" or pair[1] in "kKGRXhHVN"):
                raise re.error(f"invalid escape sequence: `{pair}`")
            elif pair == r"\Q":
                end = pattern.find(r"\E", position)
                literal = pattern[position + 2 : end if end >= 0 else len(pattern)]
                parts.append(re.escape(literal))
                position = end + 2 if end >= 0 else len(pattern)
                continue
            parts.append(pair)
            position += 2
            continue
        if in_class and pattern.startswith("[:", position):
            end = pattern.find(":]", position)
            name = pattern[position + 2 : end] if end > 0 else ""
            if name.removeprefix("^") in _CLASSES and not name.startswith("^"):
                parts.append(_CLASSES[name])
                position = end + 2
                continue
        if character == "[" and not in_class:
            in_class = True
            opening = "[^" if pattern.startswith("[^", position) else "["
            position += len(opening)
            if pattern.startswith("]", position):
                opening, position = opening + r"\]", position + 1
            parts.append(opening)
            continue
        if character == "[":
            parts.append(r"\[")
        elif character == "]" and in_class:
            in_class = False
            parts.append(character)
        elif character == "$" and not in_class and "(?m" not in pattern and "(?im" not in pattern:
            parts.append(r"\Z")
        elif not in_class and pattern.startswith(_REFUSED, position):
            raise re.error(f"invalid or unsupported Perl syntax: `{pattern[position : position + 3]}`")
        elif character in "*+?}" and not in_class and pattern[position + 1 : position + 2] == "+":
            raise re.error(f"invalid nested repetition operator: `{pattern[position : position + 2]}`")
        else:
            parts.append(character)
        position += 1
    return "".join(parts)
