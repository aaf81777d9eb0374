"""A cluster is read alike however it is written: as a text or as a tree, as one list or as many documents."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from dra_core.planning.reading import Document, Located, Reading, read_what_can_be_read
from dra_core.snapshot.json_value import Json, JsonObject, list_at
from hypothesis import given
from hypothesis import strategies as st

from tests.property.planning.test_fuzzed_files import CLUSTER, broken_clusters

ITEMS = [item for item in list_at(CLUSTER, "items") if isinstance(item, dict)]


def read(values: Sequence[Json | bytes], listed: bool) -> tuple[Reading, list[Located]]:
    """What is read of objects that are documents, or items of a list that is read item by item."""
    reading, faults = read_what_can_be_read(
        Document("file", 1 if listed else number, value, number if listed else None)
        for number, value in enumerate(values)
    )
    return reading, sorted(faults, key=lambda fault: fault.sentence)


@given(broken_clusters())
def test_a_text_is_read_as_a_tree_is(value: Json) -> None:
    text, tree = (read([item], False) for item in (msgspec.json.encode(value), value))
    assert text[0].snapshot == tree[0].snapshot
    assert text[0].unknown == tree[0].unknown
    assert [fault.sentence for fault in text[1]] == [fault.sentence for fault in tree[1]]


@given(st.lists(st.sampled_from(ITEMS), max_size=8))
def test_what_comes_again_is_read_alike(items: list[JsonObject]) -> None:
    """Parts that were read before, word for word, stand for what they say."""
    texts = [msgspec.json.encode(item) for item in items]
    together, _ = read(texts, True)
    whole, _ = read([msgspec.json.encode({"apiVersion": "v1", "kind": "List", "items": items})], False)
    for text, item in zip(texts, items, strict=True):
        alone, _ = read([text], False)
        for found in (alone, read([item], False)[0]):
            assert set(map(repr, _all(found))) <= set(map(repr, _all(together)))
    assert together.snapshot == whole.snapshot


def _all(reading: Reading) -> list[object]:
    return [item for part in msgspec.structs.astuple(reading.snapshot) for item in part]
