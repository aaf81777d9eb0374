"""The YAML that kubectl prints, read line by line; several times as fast as events of libyaml, one after the other.

Read are objects and lists in block style, scalars with and without quotes, also over several lines, and literal texts
(``|``). Whatever else YAML has ends in ``NotPlainError``, and is libyaml's to read and to judge: anchors, tags, flow
style, folded texts (``>``), and everything that is wrong.

Law (tests/property/kubectl/test_yaml_laws.py): what is read here means what libyaml says it means.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from dra_core.snapshot.json_value import Json

from dra_kubectl.yaml_documents import MOST_DEPTH, plain_scalar

MOST_LINES_KNOWN = 20_000  # different lines whose meaning is remembered; most lines of a cluster come again and again
MOST_KEY = 1_000  # characters; libyaml takes no longer keys
MOST_DASHES = 8  # of lists that begin on one line

_PLAIN_START = r"""(?:[^ \-?:,\[\]{}#&*!|>'"%@`]|[\-?:](?=[^ ]))"""
_PLAIN_REST = r"(?:[^:#]++|:(?=[^ ])|(?<=[^ ])\#)*+"
_SINGLE = r"(?:[^']++|'')*+"
_DOUBLE = r"(?:[^\"\\]++|\\[\"\\nt ])*+"
_LINE = re.compile(
    r"( *)((?:- )*)"  # where it stands; how many lists begin or go on
    rf"(?:(?:((?!<){_PLAIN_START}(?:[^ :#]++|:(?=[^ ])|\#)*+)|\"([^\"\\]*)\"|'([^']*)'):(?: (?=[^ ])|$))?+"  # a key
    r"(?:"
    rf"({_PLAIN_START}{_PLAIN_REST})"  # a plain scalar
    rf"|\"({_DOUBLE})(\"|\\?)|'({_SINGLE})('?)"  # a quoted one, which may go on in the next line
    r"|(\{\}|\[\])|(\|-?)"  # nothing in it; a literal text
    r")?"
)
_GOING_ON = re.compile(rf" *+((?:[^ #:]|:(?=[^ ])){_PLAIN_REST})")  # the next line of a plain scalar
_SINGLE_GOING_ON = re.compile(rf" *+({_SINGLE})('?)")
_DOUBLE_GOING_ON = re.compile(rf" *+({_DOUBLE})(\"|\\?)")
_TEXT = re.compile(
    "[\n -~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*"
)  # what YAML calls printable, without tabs, and without line breaks other than line feeds

_ESCAPED = re.compile(r"\\.")
_ESCAPES = {r"\"": '"', r"\\": "\\", r"\n": "\n", r"\t": "\t", r"\ ": " "}

_Line: TypeAlias = tuple[int, int, str | None, str, Json]
"""Indentation, number of dashes, key, what stands behind, and the scalar, or as much of it as the line has."""

_NOTHING, _SCALAR, _PLAIN, _EMPTY_OBJECT, _EMPTY_LIST, _LITERAL = "", "scalar", "plain", "{}", "[]", "|"
_OPEN_SINGLE, _OPEN_DOUBLE, _OPEN_ESCAPED = "'", '"', '"\\'
_BEHIND_DOUBLE = {'"': _SCALAR, "": _OPEN_DOUBLE, "\\": _OPEN_ESCAPED}  # by what follows
_BLANK, _UNKNOWN = "blank", "unknown"

Container: TypeAlias = dict[str, Json] | list[Json]


class NotPlainError(Exception):
    """The text has something that is not read here."""


class BlockReader:
    """Reads texts, and remembers what lines mean."""

    def __init__(self) -> None:
        self._known: dict[str, _Line] = {}

    def value(self, text: str) -> Json:
        """The value of a document that is an object, or of a part of one that stands for itself.

        Raises:
            NotPlainError: libyaml has to read it.
        """
        if not text.endswith("\n") or _TEXT.fullmatch(text) is None:
            raise NotPlainError
        return self._read(text[:-1].split("\n"))

    def _read(self, lines: list[str]) -> Json:
        known = self._known
        # Open objects and lists with the columns of their keys or dashes; from the outside in.
        stack: list[tuple[int, Container]] = []
        top: Container = {}  # the innermost one, with its column
        column = -1
        pending: str | None = None  # the key of the innermost object that has no value yet
        last: str | None = None  # the key, or None for an item of a list, whose plain scalar may go on
        going_on = False
        number, end = 0, len(lines)
        while number < end:
            text = lines[number]
            number += 1
            line = known.get(text)
            if line is None:
                line = self._line(text)
            indent, dashes, key, behind, value = line
            if behind is _BLANK:
                going_on = False  # a plain scalar that goes on after it is rare
                continue
            if indent > column and pending is None and stack:
                if not going_on:
                    raise NotPlainError
                _go_on(top, last, text)
                continue
            if behind is _UNKNOWN:
                raise NotPlainError
            if behind is _EMPTY_OBJECT:
                value = {}
            elif behind is _EMPTY_LIST:
                value = []
            elif behind is not _PLAIN and behind is not _SCALAR and behind is not _NOTHING:
                parent = indent + 2 * (dashes if key is not None else dashes - 1)
                if behind is _LITERAL:
                    value, number = _literal(lines, number, parent, value == "|")
                else:
                    value, number = _quoted(lines, number, parent, behind, str(value))
            if pending is not None and (indent > column or (dashes and indent == column)):
                # The pending key's value begins: a list may stand at the column of its key.
                inner: Container = [] if dashes else {}
                _set(top, pending, inner)
                column, top = indent, inner
                stack.append((column, top))
                if len(stack) > MOST_DEPTH // 2:
                    raise NotPlainError
            elif not stack:
                if dashes:
                    raise NotPlainError
                column = indent
                stack.append((column, top))
            else:
                while column > indent or (column == indent and not dashes and isinstance(top, list)):
                    stack.pop()
                    if not stack:
                        raise NotPlainError
                    column, top = stack[-1]
                if column != indent or isinstance(top, list) != bool(dashes):
                    raise NotPlainError
            for place in range(dashes):
                inner = [] if place < dashes - 1 else {}
                if place == dashes - 1 and key is None:
                    break
                _append(top, inner)
                column, top = column + 2, inner
                stack.append((column, top))
            if key is None:
                _append(top, value)
            elif isinstance(top, list) or key in top:
                raise NotPlainError
            else:
                top[key] = value
            pending = key if behind is _NOTHING else None
            last, going_on = key, behind is _PLAIN
        if not stack:
            raise NotPlainError
        return stack[0][1]

    def _line(self, text: str) -> _Line:
        match = _LINE.fullmatch(text)
        if match is None:
            indent = len(text) - len(text.lstrip(" "))
            blank = indent == len(text) or text[indent] == "#"
            return indent, 0, None, _BLANK if blank else _UNKNOWN, None
        (
            spaces,
            dashes,
            key,
            double_key,
            single_key,
            plain,
            double,
            after_double,
            single,
            after_single,
            empty,
            literal,
        ) = match.groups()
        if key is None:
            key = double_key if double_key is not None else single_key
        value: Json = None
        behind = _NOTHING
        if plain is not None:
            value = plain_scalar(plain)
            behind = _PLAIN
        elif double is not None:
            value = _unescaped(double)
            behind = _BEHIND_DOUBLE[after_double]
        elif single is not None:
            value = single.replace("''", "'")
            behind = _SCALAR if after_single else _OPEN_SINGLE
        elif empty is not None:
            behind = _EMPTY_OBJECT if empty == "{}" else _EMPTY_LIST
        elif literal is not None:
            behind, value = _LITERAL, literal
        indent = len(spaces)
        if behind is _NOTHING and key is None and not dashes:
            return indent, 0, None, _BLANK, None
        if (
            (plain is not None and plain.endswith(" "))
            or (behind is _NOTHING and key is None)
            or len(key or "") > MOST_KEY
            or len(dashes) > 2 * MOST_DASHES
        ):
            behind = _UNKNOWN
        line = (indent, len(dashes) // 2, key, behind, value)
        if len(self._known) < MOST_LINES_KNOWN:
            self._known[text] = line
        return line


def _set(into: Container, key: str, value: Json) -> None:
    if isinstance(into, list):
        raise NotPlainError
    into[key] = value


def _append(to: Container, value: Json) -> None:
    if not isinstance(to, list):
        raise NotPlainError
    to.append(value)


def _go_on(container: Container, key: str | None, text: str) -> None:
    """A further line of the plain scalar that was read last."""
    match = _GOING_ON.fullmatch(text)
    before = (container[-1] if key is None else None) if isinstance(container, list) else container[key or ""]
    if match is None or match[1].endswith(" ") or not isinstance(before, str):
        raise NotPlainError
    joined = f"{before} {match[1]}"
    if isinstance(container, list):
        container[-1] = joined
    else:
        container[key or ""] = joined


def _quoted(lines: list[str], number: int, parent: int, behind: str, value: str) -> tuple[str, int]:
    """A scalar in quotes that goes on at a line, and the line after it; ``parent`` is the column it stands behind."""
    pattern = _SINGLE_GOING_ON if behind is _OPEN_SINGLE else _DOUBLE_GOING_ON
    while behind is not _SCALAR:
        empty = 0
        while number < len(lines) and not lines[number]:
            empty, number = empty + 1, number + 1
        line = lines[number] if number < len(lines) else ""
        match = pattern.fullmatch(line)
        if match is None or not line.startswith(" " * (parent + 1)) or not (match[1] or match[2]):
            raise NotPlainError
        if value.endswith(" ") and behind is not _OPEN_ESCAPED:
            raise NotPlainError
        between = "\n" * empty if empty or behind is _OPEN_ESCAPED else " "
        if pattern is _SINGLE_GOING_ON:
            more, behind = match[1].replace("''", "'"), _SCALAR if match[2] else behind
        else:
            more, behind = _unescaped(match[1]), _BEHIND_DOUBLE[match[2]]
        value = f"{value}{between}{more}"
        number += 1
    return value, number


def _unescaped(text: str) -> str:
    return text if "\\" not in text else _ESCAPED.sub(lambda found: _ESCAPES[found[0]], text)


def _literal(lines: list[str], number: int, parent: int, ends: bool) -> tuple[str, int]:
    """A literal text that begins at a line, and the line after it.

    Args:
        lines: All lines.
        number: Where the text begins.
        parent: The column that it stands behind.
        ends: Whether its last line feed belongs to it (``|`` instead of ``|-``).
    """
    first = lines[number] if number < len(lines) else ""
    indent = len(first) - len(first.lstrip(" "))
    if indent <= parent or indent == len(first):
        raise NotPlainError  # it begins with an empty line, or has nothing in it
    start = first[:indent]
    found: list[str] = []
    while number < len(lines):
        line = lines[number]
        if line.startswith(start):
            found.append(line[indent:])
        elif not line:
            found.append("")
        elif line.isspace():
            raise NotPlainError
        else:
            break
        number += 1
    while found and not found[-1]:
        found.pop()
    return "\n".join(found) + ("\n" if ends else ""), number
