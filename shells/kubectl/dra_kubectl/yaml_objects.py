"""YAML files as objects, one at a time, so that never more than one of them is in memory as a tree.

A file is cut at ``---`` and, where a document is a List as kubectl prints it, at the list's items. Each piece is read
by ``block_yaml`` or, if that declines, by libyaml; a List whose items do not stand for themselves is read as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
from dra_core.snapshot.json_value import Json, list_at

from dra_kubectl.block_yaml import BlockReader, NotPlainError
from dra_kubectl.yaml_documents import FaultyYamlError, documents

_ITEMS = b"\nitems:\n- "
_AFTER_ITEMS = re.compile(rb"\n(?![ \-\n])")
_CONTENT = re.compile(rb"(?m)^ *[^ #\r\n]")
_NAMED_NODE = re.compile(rb"(?m)(?:^|[ \-:])[&*]")  # an anchor or an alias, perhaps
_BYTE_ORDER_MARK = "\ufeff".encode()
_UTF_16 = (b"\xfe\xff", b"\xff\xfe")


class YamlObject(msgspec.Struct, frozen=True):
    """A document, or an item of one that is a List.

    Attributes:
        document: Which document of the file, from 1.
        item: Which item, from 0; None for a whole document.
        value: The object, as JSON where it has been read quickly.
    """

    document: int
    item: int | None
    value: Json | bytes


def yaml_objects(text: bytes) -> Iterator[YamlObject]:
    """All objects of a file.

    Raises:
        FaultyYamlError: at a document that is not YAML; nothing after it can be read.
    """
    pieces = _cut(text)
    if pieces is None:
        for number, value in enumerate(documents(text), 1):
            yield YamlObject(number, None, value)
        return
    reader = BlockReader()
    line = counted = 0
    for number, (start, end) in enumerate(pieces, 1):
        line += text.count(b"\n", counted, start)
        counted = start
        yield from _document(text, start, end, number, line, reader)


def _cut(text: bytes) -> list[tuple[int, int]] | None:
    """Where documents stand between lines of three dashes; None if there is more to it."""
    if text.startswith((*_UTF_16, b"%", b"...")) or any(mark in text for mark in (_BYTE_ORDER_MARK, b"\n%", b"\n...")):
        return None
    marks = [0] if text.startswith(b"---") else []
    mark = text.find(b"\n---")
    while mark >= 0:
        marks.append(mark + 1)
        mark = text.find(b"\n---", mark + 1)
    if any(text[mark + 3 : mark + 4] not in (b"\n", b"") for mark in marks):
        return None
    starts = [min(mark + 4, len(text)) for mark in marks]
    pieces = list(zip([0, *starts], [*marks, len(text)], strict=True))
    # What stands before the first mark is a document only if there is something.
    return pieces if _CONTENT.search(text, *pieces[0]) is not None else pieces[1:]


def _document(text: bytes, start: int, end: int, number: int, line: int, reader: BlockReader) -> Iterator[YamlObject]:
    """The objects of one document; ``line`` is how many lines stand before it."""
    done = 0
    if text.startswith(_ITEMS[1:], start) or text.find(_ITEMS, start, end) >= 0:
        for value in _items(text, start, end, reader):
            if value is None:
                break
            yield YamlObject(number, done, value)
            done += 1
        else:
            return
    else:
        try:
            yield YamlObject(number, None, _encoded(reader.value(text[start:end].decode())))
        except (NotPlainError, UnicodeDecodeError):
            pass
        else:
            return
    try:
        value = next(iter(list(documents(text[start:end], line))), None)
    except FaultyYamlError:
        for _ in documents(text[start:], line):
            pass  # says what is wrong as it looks from where it stands
        raise
    if not done:
        yield YamlObject(number, None, value)
    for item, part in enumerate(list_at(value, "items")[done:] if done else (), done):
        yield YamlObject(number, item, part)


def _items(text: bytes, start: int, end: int, reader: BlockReader) -> Iterator[Json | bytes]:
    """The items of a List; None if it, or the rest of it, has to be read as a whole."""
    key = start if text.startswith(_ITEMS[1:], start) else text.find(_ITEMS, start, end) + 1
    first = key + len(_ITEMS) - 3
    after = _AFTER_ITEMS.search(text, first, end)
    last = after.start() + 1 if after is not None else end
    if not _is_list(text[start:key] + text[last:end]):
        yield None
        return
    while first < last:
        following = text.find(b"\n- ", first, last) + 1 or last
        # Two blanks in place of the dash: an object that stands for itself.
        item = b"  " + text[first + 2 : following]
        try:
            yield _encoded(reader.value(item.decode()))
        except (NotPlainError, UnicodeDecodeError):
            yield _by_libyaml(item)
        first = following


def _is_list(frame: bytes) -> bool:
    """Whether what stands around the items makes the document a List, and nothing else."""
    try:
        values = list(documents(frame))
    except FaultyYamlError:
        return False
    return (
        len(values) == 1
        and isinstance(values[0], dict)
        and values[0].get("kind") == "List"
        and "items" not in values[0]
    )


def _by_libyaml(item: bytes) -> Json:
    """An item that stands for itself; None if it does not, or is none."""
    if _NAMED_NODE.search(item) is not None:
        return None
    try:
        values = list(documents(item))
    except FaultyYamlError:
        return None
    return values[0] if len(values) == 1 else None


def _encoded(value: Json) -> Json | bytes:
    """An object as JSON, without what takes much room and says nothing."""
    metadata = value.get("metadata") if isinstance(value, dict) else None
    if isinstance(metadata, dict):
        metadata.pop("managedFields", None)
    try:
        return msgspec.json.encode(value)
    except OverflowError:  # a whole number beyond 64 bits
        return value
