"""Regular expressions, by RE2 itself, which cel-expr-python carries: it is asked to match, to extract and to replace.

Go's syntax is RE2's, and so is the promise that no pattern takes exponential time.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

import msgspec

from dra_core.cel.values import EvaluationError

if TYPE_CHECKING:
    from typing import Protocol

    class _Answer(Protocol):
        def plain_value(self) -> object: ...

    class _Expression(Protocol):
        def eval(self, *, data: dict[str, str]) -> _Answer: ...


_MARKS = range(0xE000, 0x110000)  # from the private use area on
_FAILED = "INVALID_ARGUMENT: invalid regular expression: "
_IN_GO = {
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "no argument for repetition operator": "missing argument to repetition operator",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid repetition size": "invalid repeat count",
    "invalid named capture group": "invalid named capture",
}
"""Go's words for RE2's faults; the others are the same."""


def check(pattern: str) -> None:
    """Raise if the pattern is none.

    Raises:
        EvaluationError: It is none; the text is Go's.
    """
    matches("", pattern)


@lru_cache(maxsize=4096)
def matches(text: str, pattern: str) -> bool:
    """Whether the pattern occurs in the text.

    Raises:
        EvaluationError: The pattern is none.
    """
    if "\\C" in pattern:
        raise EvaluationError("error parsing regexp: invalid escape sequence: `\\C`")
    answer = _asked("s.matches(p)", text, pattern)
    if isinstance(answer, bool):
        return answer
    raise EvaluationError(_fault(str(answer)))


def found(text: str, pattern: str) -> str:
    """The first occurrence, or ""."""
    if not matches(text, pattern):
        return ""
    answer = _asked("regex.extract(s, p).orValue('')", text, f"({without_groups(pattern)})")
    return answer if isinstance(answer, str) else ""


def all_found(text: str, pattern: str, most: int) -> list[str]:
    """Occurrences one behind the other, empty ones too, at most so many if the number is not negative."""
    if most == 0 or not matches(text, pattern):
        return []
    # ``regex.extractAll`` leaves out empty occurrences; a replacement shows them all, between marks.
    mark = next(chr(code) for code in _MARKS if chr(code) not in text)
    answer = _asked(f"regex.replace(s, p, '{mark}\\\\1{mark}')", text, f"({without_groups(pattern)})")
    occurrences = answer.split(mark)[1::2] if isinstance(answer, str) else []
    return occurrences if most < 0 else occurrences[:most]


def without_groups(pattern: str) -> str:
    """The same pattern with groups that capture nothing, because ``extract`` takes one group at most."""
    parts: list[str] = []
    position, in_class = 0, False
    while position < len(pattern):
        letter = pattern[position]
        if letter == "\\":
            end = pattern.find("\\E", position) + 2 if pattern.startswith("\\Q", position) else position + 2
            end = end if end >= position + 2 else len(pattern)
            parts.append(pattern[position:end])
            position = end
            continue
        if letter == "[" and not in_class:
            in_class = True
            end = position + (2 if pattern.startswith("[^", position) else 1)
            end += 1 if pattern.startswith("]", end) else 0
            parts.append(pattern[position:end])
            position = end
            continue
        if in_class and pattern.startswith("[:", position) and ":]" in pattern[position:]:
            end = pattern.index(":]", position) + 2
            parts.append(pattern[position:end])
            position = end
            continue
        if letter == "]":
            in_class = False
        if letter == "(" and not in_class:
            if pattern.startswith(("(?P<", "(?<"), position):
                position = pattern.index(">", position)
                parts.append("(?:")
            else:
                parts.append("(" if pattern.startswith("(?", position) else "(?:")
        else:
            parts.append(letter)
        position += 1
    return "".join(parts)


def _asked(question: str, text: str, pattern: str) -> object:
    try:
        return _expression(question).eval(data={"s": text, "p": pattern}).plain_value()
    except UnicodeEncodeError:
        raise EvaluationError("invalid UTF-8") from None


def _fault(text: str) -> str:
    kind, colon, rest = text.removeprefix(_FAILED).partition(": ")
    if kind == "trailing \\":
        return "error parsing regexp: trailing backslash at end of expression: ``"
    return f"error parsing regexp: {_IN_GO.get(kind, kind)}{colon}`{rest}`"


@cache
def _expression(source: str) -> _Expression:
    from cel_expr_python import cel

    config = {
        "variables": [{"name": name, "type_name": "string"} for name in ("s", "p")],
        "extensions": [{"name": "regex"}, {"name": "optional"}],
    }
    environment = cel.NewEnv(config=cel.NewEnvConfigFromYaml(msgspec.json.encode(config).decode()))
    expression: _Expression = environment.compile(source)
    return expression
