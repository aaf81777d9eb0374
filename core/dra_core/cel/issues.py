"""What is wrong with an expression, as kube-scheduler words it.

The parser here is cel-cpp's, the scheduler's is cel-go's. Both report the same faults in the same layout; where their
words or places differ, these are cel-go's.
"""

from __future__ import annotations

import re

import msgspec

from dra_core.cel.declarations import Overload
from dra_core.cel.rewriting import as_written

_ENTRY = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*?)(?=\n \| |\nERROR: |\Z)", re.DOTALL)
_NO_OVERLOAD = re.compile(r"found no matching overload for '([^']+)' applied to '\((.*)\)'")
_UNDECLARED = re.compile(r"undeclared reference to '([^']+)'")
_NO_FIELDS = re.compile(r"expression of type '(.*)' cannot be the operand of a select operation")
_NOT_SIMPLE = re.compile(r"(.+)\(\) (first |second )?variable name must be a simple identifier")
_TYPE_PARAMETER = re.compile(r"T%\d+")
_ABOUT_TYPES = ("found no matching overload", "expected type", "type ")
_SHORT = {"google.protobuf.Duration": "duration", "google.protobuf.Timestamp": "timestamp", "null_type": "null"}
"""Types whose names cel-go shortens in what it reports."""
_WIDE = ("\N{FULLWIDTH FULL STOP}", "\N{FULLWIDTH CIRCUMFLEX ACCENT}")


class Issue(msgspec.Struct, frozen=True, order=True):
    """A fault and its place, counted in characters from 0; before the first one for an empty text."""

    offset: int
    text: str


def in_layout(issues: list[Issue], source: str) -> str:
    """The faults with the lines in which they are, in their order of places."""
    return "\n".join(_shown(Issue(issue.offset, _with_short_types(issue.text)), source) for issue in sorted(issues))


def _with_short_types(text: str) -> str:
    if not text.startswith(_ABOUT_TYPES):
        return text
    for name, short in _SHORT.items():
        text = text.replace(name, short)
    return text


def _shown(issue: Issue, source: str) -> str:
    if issue.offset < 0:
        return f"ERROR: <input>:1:0: {issue.text}"
    line = source.count("\n", 0, issue.offset)
    start = source.rfind("\n", 0, issue.offset) + 1
    column = issue.offset - start
    shown = source.split("\n")[line].replace("\t", " ")
    dots = "".join(_WIDE[0] if _is_wide(letter) else "." for letter in shown[:column].ljust(column))
    mark = _WIDE[1] if column < len(shown) and _is_wide(shown[column]) else "^"
    return f"ERROR: <input>:{line + 1}:{column + 1}: {issue.text}\n | {shown}\n | {dots}{mark}"


def _is_wide(letter: str) -> bool:
    return len(letter.encode("utf-8", "surrogatepass")) > 1


def translated(message: str, source: str, overloads: tuple[Overload, ...]) -> str:
    """The parser's own report in the scheduler's words; as it is if it has another form."""
    found = [_issue(int(line), int(column), text, source, overloads) for line, column, text in _ENTRY.findall(message)]
    return in_layout(found, source) if found else message


def _issue(line: int, column: int, text: str, source: str, overloads: tuple[Overload, ...]) -> Issue:
    offset = sum(len(before) + 1 for before in source.split("\n")[: line - 1]) + column - 1
    if not source:
        offset = -1
    text = as_written(_TYPE_PARAMETER.sub("dyn", text)).replace(r"'\u003F'", "'?'")
    undeclared = _UNDECLARED.match(text)
    if undeclared and "." in undeclared[1]:
        # cel-go blames the first name, cel-cpp the last dot.
        first, _, _ = undeclared[1].partition(".")
        start = offset - len(undeclared[1].rpartition(".")[0])
        return Issue(max(start, 0), text.replace(undeclared[1], first, 1))
    if _NO_OVERLOAD.match(text):
        return Issue(offset, _as_method(text, source, offset, overloads))
    if fields := _NO_FIELDS.match(text):
        return Issue(offset, f"type '{fields[1]}' does not support field selection")
    if macro := _NOT_SIMPLE.match(text):
        if macro[1] == "cel.bind":
            return Issue(offset, "cel.bind() variable names must be simple identifiers")
        return Issue(offset, "argument must be a simple name" if macro[2] else "argument is not an identifier")
    text = text.replace("cannot be the range of a comprehension", "cannot be range of a comprehension")
    if text == "has() argument must be a field selection":
        return Issue(offset, "invalid argument to has() macro")
    return Issue(offset, text)


def _as_method(text: str, source: str, offset: int, overloads: tuple[Overload, ...]) -> str:
    """``f applied to '(T, A)'`` as ``'T.(A)'`` where f is called as a method."""
    found = _NO_OVERLOAD.match(text)
    before = source[:offset].rstrip()
    if found is None or source[offset : offset + 1] != "(" or not before.endswith(f".{found[1]}"):
        return text
    name = re.search(r"[\w.]+$", before)
    if name and any(overload.function == name[0] for overload in overloads):
        return text  # sets.contains and the like
    types = split_arguments(found[2])
    return f"found no matching overload for '{found[1]}' applied to '{types[0]}.({', '.join(types[1:])})'"


def split_arguments(text: str) -> list[str]:
    """The types of a list of them: split at the commas outside of brackets."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 2
    return [*parts, text[start:]]
