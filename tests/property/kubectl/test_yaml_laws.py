"""YAML means the same however it is read: quickly and piece by piece, or by libyaml and as a whole."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

import msgspec
import yaml
from dra_core.snapshot.json_value import Json, list_at
from dra_kubectl.block_yaml import BlockReader, NotPlainError
from dra_kubectl.yaml_documents import FaultyYamlError, documents
from dra_kubectl.yaml_objects import yaml_objects
from hypothesis import example, given
from hypothesis import strategies as st

WORDS = st.sampled_from(
    ["a", "yes", "1", "0x1f", "1e3", "~", "", "a: b", "a #b", "#", "- a", "it's", '"', "\\", "a\nb", "a\n", "\n", " a ",
     "a b c d e f g h i j k", "|", "{}", "x:y", ":", "-", "é", "\x85", "\t", "---", "a\n\n b\n", "<<", "*a",
     "&a", "null"]
)  # fmt: skip
VALUES: st.SearchStrategy[Json] = st.recursive(
    WORDS | st.none() | st.booleans() | st.integers(-9, 2**65) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from(["apiVersion", "kind", "metadata", "spec", "a"]), VALUES, max_size=4)
PIECES = st.sampled_from(
    ["a: ", "a:", "b: ", "- ", "  ", "\n", "\n  ", "\n- ", "\n  - ", "---\n", "\n---\n", "...\n", "%YAML 1.1\n", "x",
     "1",
     "'", '"', "|\n", "|-\n", ">\n", "&a ", "*a", "{", "}", "[]", "# c", " #", ":", "\\", "\n\n", "\t", "kind: List\n",
     "items:\n", "items:\n- ", "\nkind: List\n", "<<: ", "? ", "!!str ", "\r\n", "\ufeff", "é", "'b'", '"b\\n"',
     "a: 'b",
     "a: b\n  c", "it''s"]
)  # fmt: skip


def as_a_whole(text: bytes) -> tuple[list[Json], str]:
    """The documents, and the fault that ended them."""
    found: list[Json] = []
    try:
        found.extend(documents(text))
    except FaultyYamlError as error:
        return found, error.refusal.sentence
    return found, ""


def piece_by_piece(text: bytes) -> tuple[list[Json], str, dict[int, int]]:
    """The same, put together again, and how many items were given one by one of each document."""
    whole: dict[int, Json] = {}
    items: dict[int, list[Json]] = {}
    fault = ""
    try:
        for part in yaml_objects(text):
            value = msgspec.json.decode(part.value) if isinstance(part.value, bytes) else part.value
            if part.item is None:
                whole[part.document] = value
            else:
                assert part.item == len(items.setdefault(part.document, []))
                items[part.document].append(value)
    except FaultyYamlError as error:
        fault = error.refusal.sentence
    found = [whole.get(number, items.get(number)) for number in range(1, max([0, *whole, *items]) + 1)]
    return found, fault, {number: len(parts) for number, parts in items.items()}


def check(text: bytes) -> None:
    expected, fault = as_a_whole(text)
    found, found_fault, items = piece_by_piece(text)
    assert found_fault == fault
    assert fault or len(found) == len(expected)
    for number, (value, said) in enumerate(zip(expected, found, strict=False), 1):
        assert said == (list_at(value, "items") if number in items else value)
        if number in items:
            assert isinstance(value, Mapping)
            assert value["kind"] == "List"


def dumped(value: object, width: int, sort: bool) -> bytes:
    text: str = yaml.dump(value, Dumper=yaml.CSafeDumper, sort_keys=sort, width=width, allow_unicode=True)
    return text.encode()


@given(st.lists(OBJECTS, max_size=3), st.sampled_from([20, 80, 2**20]), st.booleans())
def test_documents_as_they_are_written(values: list[Json], width: int, sort: bool) -> None:
    check(b"---\n".join(dumped(value, width, sort) for value in values))


@given(st.lists(OBJECTS, max_size=3), st.sampled_from([20, 80, 2**20]), st.booleans())
def test_lists_as_they_are_written(values: list[Json], width: int, sort: bool) -> None:
    check(dumped({"apiVersion": "v1", "items": values, "kind": "List", "metadata": {"a": "b"}}, width, sort))


@example(b"a: 'b\n- c'\n")
@example(b"kind: List\nitems:\n- a: &x 1\n- a: *x\n")
@example(b"kind: List\nitems:\n- a: 1\n- a: 1\n  a: 2\n")
@example(b"kind: List\nitems:\n- 'a\n- b'\n")
@example(b"a:\n" + b"- " * 3000 + b"x\n")
@example(b"".join(b" " * depth + b"a:\n" for depth in range(300)))
@example(b"a: |\n  b\n\n   c\n# d\n")
@example(b"a:\n- b\n-\n- - c\n")
@given(st.lists(PIECES, max_size=14).map("".join).map(str.encode))
def test_whatever_is_written(text: bytes) -> None:
    check(text)


@given(st.lists(OBJECTS, min_size=1, max_size=2), st.lists(st.tuples(st.integers(0, 400), PIECES), max_size=2))
def test_what_is_written_and_then_edited(values: list[Json], edits: list[tuple[int, str]]) -> None:
    text = dumped({"items": values, "kind": "List"}, 80, True).decode()
    for place, piece in edits:
        text = text[:place] + piece + text[place:]
    check(text.encode())


@given(st.lists(PIECES, max_size=14).map("".join))
def test_what_the_quick_reader_reads(text: str) -> None:
    with contextlib.suppress(NotPlainError):
        assert [BlockReader().value(text)] == as_a_whole(text.encode())[0]


def test_the_quick_reader_reads_what_kubectl_prints() -> None:
    """Nothing of an ordinary object is left to libyaml."""
    value = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"annotations": {"last": '{"a":"b"}\n', "long": "word " * 40 + "end", "empty": ""}, "labels": {}},
        "spec": {"containers": [{"args": ["--a=b", "-c", "1"], "env": [{"name": "A", "value": "it's"}]}], "n": 3},
    }
    for width in (80, 2**20):
        assert BlockReader().value(dumped(value, width, True).decode()) == value
