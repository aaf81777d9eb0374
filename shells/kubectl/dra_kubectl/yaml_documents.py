"""YAML documents as JSON values, from libyaml's events.

PyYAML's loaders build Python objects in Python, node by node; half a minute for 50 MB. Kubernetes needs JSON values
only, so that one pass over the events is enough, and says for each fault in which line it is. Plain scalars mean what
they mean to kubectl (YAML 1.1: yes and no are booleans); timestamps stay texts, as in JSON.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from typing import TypeAlias

import yaml
from dra_core.refusal import Fault, Refusal
from dra_core.snapshot.json_value import Json
from yaml._yaml import CParser

MOST_DEPTH = 200  # of objects and lists in each other; Kubernetes' own schemas stay below 40
MOST_EXPANDED = 10_000_000  # values that aliases may stand for altogether, against documents that explode

_BOOLEANS = {
    word: truth
    for words, truth in ((("yes", "true", "on"), True), (("no", "false", "off"), False))
    for plain in words
    for word in (plain, plain.capitalize(), plain.upper())
}
_NULLS = ("", "~", "null", "Null", "NULL")
_INTEGER = re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+|[1-9][0-9_]*|0)")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?")
_MAY_BE_SPECIAL = frozenset("-+.0123456789~nNyYtTfFoO")  # how numbers, nulls and booleans begin
_TEXT_TAGS = ("tag:yaml.org,2002:str", "!", "tag:yaml.org,2002:binary")
_MERGE = "<<"

Container: TypeAlias = dict[str, Json] | list[Json]


class FaultyYamlError(Exception):
    """A document that cannot be read: what is wrong, and in which line."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence)
        self.refusal = refusal


def documents(text: bytes | str, line: int = 0) -> Iterator[Json]:
    """The documents of a stream, one after the other.

    Args:
        text: The stream.
        line: How many lines stand before it; faults name lines of the whole.

    Raises:
        FaultyYamlError: at a document that is not YAML; nothing after it can be read.
    """
    collecting = gc.isenabled()
    gc.disable()  # nothing here has cycles; looking for some takes longer than reading
    parser: CParser | None = None
    try:
        parser = CParser(text)
        while True:
            event = parser.get_event()
            if isinstance(event, yaml.StreamEndEvent):
                return
            if isinstance(event, yaml.DocumentStartEvent):
                yield _Composer(parser, line).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        seen = " ".join(part for part in (error.context, error.problem) if part)
        where = None if mark is None else line + mark.line
        raise FaultyYamlError(_refusal(seen or "the text is not YAML", where)) from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise FaultyYamlError(_refusal(f"the text is not YAML: {error}".replace("\n", " "), None)) from error
    finally:
        if parser is not None:
            parser.dispose()
        if collecting:
            gc.enable()


def _refusal(seen: str, line: int | None) -> Refusal:
    where = "" if line is None else f"line {line + 1}: "
    return Refusal(code="NotYaml", fault=Fault.USER, seen=f"{where}{seen}")


class _Open:
    """An object or a list whose end has not come."""

    __slots__ = ("anchor", "key", "line", "merging", "size", "value")

    def __init__(self, value: Container, anchor: str | None, line: int) -> None:
        self.value = value
        self.anchor = anchor
        self.line = line
        self.key: str | None = None
        self.merging = False  # the key is << without quotes
        self.size = 1


class _Composer:
    """One document."""

    def __init__(self, parser: CParser, before: int) -> None:
        self._next = parser.get_event
        self._before = before  # lines
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Json, int]] = {}
        self._scalars: dict[str, Json] = {}
        self._expanded = 0

    def document(self) -> Json:
        """Its value."""
        stack = self._open
        result: Json = None
        while True:
            event = self._next()
            if isinstance(event, yaml.ScalarEvent):
                value, size = self._scalar(event), 1
                if event.anchor:
                    self._anchors[event.anchor] = (value, 1)
            elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                line = self._line(event)
                if len(stack) >= MOST_DEPTH:
                    raise FaultyYamlError(_refusal(f"more than {MOST_DEPTH} levels", line))
                stack.append(_Open({} if isinstance(event, yaml.MappingStartEvent) else [], event.anchor, line))
                continue
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                closed = stack.pop()
                value, size = closed.value, closed.size
                if closed.anchor:
                    self._anchors[closed.anchor] = (value, size)
            elif isinstance(event, yaml.AliasEvent):
                value, size = self._alias(event)
            else:  # the document's end
                return result
            assert event is not None
            if not stack:
                result = value
                continue
            self._put(stack[-1], value, size, event)

    def _put(self, into: _Open, value: Json, size: int, event: yaml.Event) -> None:
        into.size += size
        container = into.value
        if isinstance(container, list):
            container.append(value)
        elif into.key is None:
            into.key = self._as_key(value, event)
            into.merging = into.key == _MERGE and isinstance(event, yaml.ScalarEvent) and event.implicit[0]
        else:
            key, into.key = into.key, None
            if into.merging:
                self._merge(container, value, into.line)
            elif key in container:
                raise FaultyYamlError(_refusal(f'the key "{key}" comes twice', self._line(event)))
            else:
                container[key] = value

    def _line(self, event: yaml.Event) -> int:
        return self._before + (event.start_mark.line if event.start_mark is not None else 0)

    def _as_key(self, value: Json, event: yaml.Event) -> str:
        if isinstance(value, str):
            return value
        if value is None or isinstance(value, bool | int | float):
            # kubectl takes numbers and booleans as keys for what they look like
            return event.value if isinstance(event, yaml.ScalarEvent) else str(value)
        raise FaultyYamlError(_refusal("an object or a list cannot be a key", self._line(event)))

    def _alias(self, event: yaml.AliasEvent) -> tuple[Json, int]:
        line = self._line(event)
        if event.anchor not in self._anchors:
            raise FaultyYamlError(_refusal(f"*{event.anchor} names nothing that came before", line))
        value, size = self._anchors[event.anchor]
        self._expanded += size
        if self._expanded > MOST_EXPANDED:
            raise FaultyYamlError(_refusal("the aliases stand for too much", line))
        return value, size

    @staticmethod
    def _merge(into: dict[str, Json], value: Json, line: int) -> None:
        parts = value if isinstance(value, list) else [value]
        for part in parts:
            if not isinstance(part, dict):
                raise FaultyYamlError(_refusal("<< wants an object", line))
            for key, item in part.items():
                into.setdefault(key, item)

    def _scalar(self, event: yaml.ScalarEvent) -> Json:
        text: str = event.value
        if event.tag is not None and event.tag != "?":
            if event.tag in _TEXT_TAGS:
                return text
        elif not event.implicit[0]:
            return text
        found = self._scalars.get(text, self)
        if found is not self:
            return found  # type: ignore[return-value] # self stands for "not there" only
        value = self._scalars[text] = plain_scalar(text)
        return value


def plain_scalar(text: str) -> Json:
    """What a scalar without quotes stands for."""
    if text and text[0] not in _MAY_BE_SPECIAL:
        return text
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text) and text[-1] != "_" and len(text) < 64:
        return _integer(text.replace("_", ""))
    if _FLOAT.fullmatch(text) and any(character.isdigit() for character in text):
        try:
            value = float(text.replace("_", ""))
        except ValueError:
            return text
        return value if abs(value) != float("inf") else text
    return text


def _integer(text: str) -> Json:
    sign = -1 if text[0] == "-" else 1
    digits = text.lstrip("+-").lower()
    try:
        if digits.startswith(("0x", "0b", "0o")):
            return sign * int(digits, 0)
        return sign * (int(digits, 8) if digits.startswith("0") and len(digits) > 1 else int(digits))
    except ValueError:
        return text
