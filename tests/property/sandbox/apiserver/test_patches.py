"""The laws of patches."""

from __future__ import annotations

from collections.abc import Mapping

from dra_core.snapshot.json_value import Json, JsonObject, text_at
from dra_sandbox.apiserver.patches import json_patch, merge
from dra_sandbox.apiserver.resources import TABLE
from dra_sandbox.apiserver.selection import Requirement, read_labels
from dra_sandbox.apiserver.strategic import strategic_merge
from dra_sandbox.world.objects import objects_at
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.property.sandbox.apiserver.test_apply import pods

POD = next(one for one in TABLE["modern"] if one.kind == "Pod").schema
keys = st.sampled_from(("a", "b", "c/d", "e~f", ""))
scalars = st.one_of(st.booleans(), st.integers(-3, 3), st.sampled_from(("", "x", "y")))
values: st.SearchStrategy[Json] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=8,
)
objects: st.SearchStrategy[JsonObject] = st.dictionaries(keys, values, max_size=4)


def merge_difference(old: Json, new: Json) -> Json:
    """The merge patch that leads from one value to another."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return new
    patch: dict[str, Json] = {key: None for key in old if key not in new}
    for key, item in new.items():
        if key not in old or old[key] != item or type(old[key]) is not type(item):
            patch[key] = merge_difference(old.get(key), item)
    return patch


def json_difference(old: JsonObject, new: JsonObject) -> list[Json]:
    """A JSON patch that leads from one object to another, by its top-level fields."""
    removed: list[Json] = [{"op": "remove", "path": pointer(key)} for key in old if key not in new]
    changed: list[Json] = [{"op": "add", "path": pointer(key), "value": item} for key, item in new.items()]
    return removed + changed


def pointer(*path: str) -> str:
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in path)


@given(objects, objects)
def test_a_merge_patch_leads_to_what_it_was_made_for(old: JsonObject, new: JsonObject) -> None:
    assert merge(old, merge_difference(old, new)) == new


@given(objects, objects)
def test_a_merge_patch_applied_twice_is_applied_once(old: JsonObject, patch: JsonObject) -> None:
    once = merge(old, patch)
    assert merge(once, patch) == once


@given(objects, objects)
def test_a_json_patch_leads_to_what_it_was_made_for(old: JsonObject, new: JsonObject) -> None:
    assert json_patch(old, json_difference(old, new)) == new


@given(objects, objects, values)
def test_a_json_patch_whose_test_fails_does_nothing(old: JsonObject, new: JsonObject, value: Json) -> None:
    assume("absent" not in old)
    test: Json = {"op": "test", "path": "/absent", "value": value}
    assert isinstance(json_patch(old, [*json_difference(old, new), test]), str)


@given(objects, st.lists(keys, min_size=2, max_size=2, unique=True), values)
def test_moving_back_and_forth_is_not_moving(some: JsonObject, two_keys: list[str], value: Json) -> None:
    one, other = two_keys
    old = {**{key: item for key, item in some.items() if key != other}, one: value}
    there: Json = {"op": "move", "from": pointer(one), "path": pointer(other)}
    back: Json = {"op": "move", "from": pointer(other), "path": pointer(one)}
    assert json_patch(old, [there, back]) == old


@given(st.lists(values, max_size=4), st.integers(0, 4), values)
def test_what_is_inserted_into_a_list_can_be_removed(items: list[Json], place: int, value: Json) -> None:
    place = min(place, len(items))
    add: Json = {"op": "add", "path": f"/items/{place}", "value": value}
    remove: Json = {"op": "remove", "path": f"/items/{place}"}
    inserted = json_patch({"items": items}, [add])
    assert inserted == {"items": [*items[:place], value, *items[place:]]}
    assert json_patch({"items": items}, [add, remove]) == {"items": items}


@given(pods, pods)
def test_a_strategic_patch_joins_lists_by_their_keys(old: JsonObject, patch: JsonObject) -> None:
    once = strategic_merge(POD, old, patch)
    assert strategic_merge(POD, once, patch) == once
    assert strategic_merge(POD, old, old) == old
    assert set(_names(once)) == {*_names(old), *_names(patch)}


@given(pods)
def test_a_strategic_patch_deletes_by_key_and_orders_as_it_says(old: JsonObject) -> None:
    names = _names(old)
    for name in names:
        deleted = strategic_merge(POD, old, {"spec": {"containers": [{"$patch": "delete", "name": name}]}})
        assert _names(deleted) == [other for other in names if other != name]
    order: Json = [{"name": name} for name in reversed(names)]
    turned = strategic_merge(POD, old, {"spec": {"$setElementOrder/containers": order}})
    assert _names(turned) == names[::-1]


def _names(pod: JsonObject) -> list[str]:
    return [text_at(one, "name") for one in objects_at(pod, "spec", "containers")]


label_values = st.one_of(st.none(), st.sampled_from(("x", "y", "7", "")))


@given(st.sampled_from(("=", "==", "!=", " in ", " notin ", "exists", "!")), st.sampled_from(("x", "7")), label_values)
def test_a_label_selector_means_what_it_says(operator: str, wanted: str, value: str | None) -> None:
    meanings: dict[str, tuple[str, bool]] = {
        "=": (f"key={wanted}", value == wanted),
        "==": (f"key=={wanted}", value == wanted),
        "!=": (f"key!={wanted}", value != wanted),
        " in ": (f"key in ({wanted}, z)", value in (wanted, "z")),
        " notin ": (f"key notin ({wanted}, z)", value not in (wanted, "z")),
        "exists": ("key", value is not None),
        "!": ("!key", value is None),
    }
    text, holds = meanings[operator]
    for written in (text, f"  {text} ", f"{text},key2 in (a,b)"):
        read = read_labels(written)
        assert not isinstance(read, str)
        assert isinstance(read[0], Requirement)
        assert read[0].key == "key"
        assert read[0].holds(value) == holds
