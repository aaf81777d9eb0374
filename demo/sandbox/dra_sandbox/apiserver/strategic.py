"""Strategic merge patch: a merge patch that knows which lists are maps, and by which key.

Directives (community/contributors/devel/sig-api-machinery/strategic-merge-patch.md): ``$patch: delete | replace``,
``$deleteFromPrimitiveList/<field>``, ``$setElementOrder/<field>``, ``$retainKeys``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dra_core.snapshot.json_value import Json, JsonObject

from dra_sandbox.apiserver.schema import Schema, resolved

_REMOVE = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"
_RETAIN = "$retainKeys"


def strategic_merge(schema: Schema, target: JsonObject, patch: JsonObject) -> JsonObject:
    """The object with the patch applied."""
    if patch.get("$patch") == "replace":
        return _without_directives(schema, {key: item for key, item in patch.items() if key != "$patch"})
    if patch.get("$patch") == "delete":
        return {}
    result: dict[str, Json] = dict(target)
    retained = patch.get(_RETAIN)
    if isinstance(retained, list | tuple):
        result = {key: item for key, item in result.items() if key in retained}
    for key, item in patch.items():
        if key.startswith("$"):
            continue
        child = schema.child(key)
        if item is None:
            result.pop(key, None)
        elif isinstance(item, Mapping):
            result[key] = _merged_object(child, result.get(key), item)
        elif isinstance(item, list | tuple):
            result[key] = _merged_list(child, result.get(key), item)
        else:
            result[key] = item
    for directive, item in patch.items():
        if directive.startswith(_REMOVE):
            _remove_from_set(result, directive.removeprefix(_REMOVE), item)
        elif directive.startswith(_ORDER):
            _reorder(schema, result, directive.removeprefix(_ORDER), item)
    return result


def _merged_object(schema: Schema, old: Json, patch: JsonObject) -> JsonObject:
    """Maps are merged even where server-side apply owns them as a whole; only untyped values are plain merges."""
    return strategic_merge(schema, old if isinstance(old, Mapping) else {}, patch)


def _merged_list(schema: Schema, old: Json, patch: Sequence[Json]) -> Json:
    before = list(old) if isinstance(old, list | tuple) else []
    if not schema.merge_key:
        return [item for item in patch if not _is_directive(item)]
    if schema.merge_key == "*":
        return before + [item for item in patch if item not in before]
    key, entry = schema.merge_key, schema.entry
    if any(isinstance(item, Mapping) and item.get("$patch") == "replace" for item in patch):
        return [item for item in patch if not _is_directive(item)]
    result: list[Json] = list(before)
    for item in patch:
        if not isinstance(item, Mapping):
            continue
        place = next((i for i, known in enumerate(result) if _has(known, key, item.get(key))), None)
        if item.get("$patch") == "delete":
            result = [known for known in result if not _has(known, key, item.get(key))]
        elif place is None:
            result.append(_without_directives(entry, item))
        else:
            known = result[place]
            assert isinstance(known, Mapping)
            result[place] = strategic_merge(entry, known, item)
    return result


def _has(entry: Json, key: str, value: Json) -> bool:
    return isinstance(entry, Mapping) and entry.get(key) == value


def _is_directive(item: Json) -> bool:
    return isinstance(item, Mapping) and "$patch" in item


def _remove_from_set(result: dict[str, Json], field: str, unwanted: Json) -> None:
    known = result.get(field)
    if isinstance(known, list | tuple) and isinstance(unwanted, list | tuple):
        result[field] = [item for item in known if item not in unwanted]


def _reorder(schema: Schema, result: dict[str, Json], field: str, order: Json) -> None:
    """Entries that the order names come in its order; each other one stays behind the one it followed."""
    known = result.get(field)
    key = schema.child(field).merge_key
    if not isinstance(known, list | tuple) or not isinstance(order, list | tuple) or not key:
        return
    ranks = [item.get(key) if isinstance(item, Mapping) else item for item in order]
    last = -1
    ranked: list[tuple[int, int, Json]] = []
    for i, item in enumerate(known):
        own = item.get(key) if isinstance(item, Mapping) else item
        if own in ranks:
            last = ranks.index(own)
        ranked.append((last, i, item))
    ranked.sort(key=lambda one: one[:2])
    result[field] = [item for _, _, item in ranked]


def _without_directives(schema: Schema, value: JsonObject) -> JsonObject:
    """What is left of a patch where there is nothing to patch."""
    return strategic_merge(resolved(schema), {}, value)
