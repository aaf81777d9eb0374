"""Server-side apply: a manager says what it wants of an object, and only of its own part.

The merge and its conflicts are those of structured-merge-diff: what the manager applied before and no longer applies
goes, unless somebody else owns it too; a value that another manager owns and that differs is a conflict, or is taken
over by force.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject

from dra_sandbox.apiserver.field_sets import FieldSet, element_of, owned_values, prefixes, shown, without
from dra_sandbox.apiserver.ownership import Owner, owners_of, updater
from dra_sandbox.apiserver.problems import Cause, Problem
from dra_sandbox.apiserver.requests import Circumstances, Request
from dra_sandbox.apiserver.schema import Schema, resolved


class Applied(msgspec.Struct, frozen=True):
    """The merged object, and who owns what of it."""

    value: JsonObject
    owners: tuple[Owner, ...]


def apply(request: Request, live: JsonObject, wanted: JsonObject, circumstances: Circumstances) -> Applied | Problem:
    """Merge what a manager wants into what there is (empty for an object that does not exist)."""
    schema = request.resource.schema
    wanted = _own_part(request, wanted)
    own = updater(request, circumstances, "Apply")
    owners = owners_of(live)
    before = next((owner for owner in owners if owner.same_as(own)), own)
    others = tuple(owner for owner in owners if not owner.same_as(own))
    asked = frozenset(owned_values(schema, wanted))
    merged = merged_value(schema, live, wanted)
    given_up = prefixes(before.fields) - prefixes(asked) - prefixes(path for other in others for path in other.fields)
    result = without(schema, merged, given_up)
    assert isinstance(result, Mapping)
    old_values, new_values = owned_values(schema, live), owned_values(schema, result)
    changed = frozenset(path for path, item in new_values.items() if path not in old_values or old_values[path] != item)
    disputed = [(other, other.fields & changed) for other in others if other.fields & changed]
    if disputed and not request.options.force:
        return _conflict(disputed)
    removed = frozenset(path for path in old_values if path not in new_values)
    left = tuple(msgspec.structs.replace(other, fields=other.fields - changed - removed) for other in others)
    unchanged = before.fields == asked and before.api_version == own.api_version and before.time
    own = msgspec.structs.replace(own, fields=asked, time=before.time if unchanged else own.time)
    return Applied(result, _placed(owners, own, left))


def _placed(owners: tuple[Owner, ...], own: Owner, others: tuple[Owner, ...]) -> tuple[Owner, ...]:
    """The new entry where the old one was, so that applying again changes nothing."""
    place = next((i for i, owner in enumerate(owners) if owner.same_as(own)), len(others))
    return (*others[:place], own, *others[place:])


def _own_part(request: Request, wanted: JsonObject) -> JsonObject:
    """What the (sub)resource lets one set (reset fields)."""
    if request.subresource == "status":
        return {key: item for key, item in wanted.items() if key in ("apiVersion", "kind", "metadata", "status")}
    if request.resource.status:
        return {key: item for key, item in wanted.items() if key != "status"}
    return wanted


def merged_value(schema: Schema, old: Json, new: Json) -> Json:
    """Two values put together; where both have a word, the new one counts."""
    schema = resolved(schema)
    if isinstance(old, Mapping) and isinstance(new, Mapping) and not schema.atomic:
        result: dict[str, Json] = dict(old)
        for name, item in new.items():
            result[name] = merged_value(schema.child(name), old[name], item) if name in old else item
        return result
    if isinstance(old, list | tuple) and isinstance(new, list | tuple) and schema.shape in ("listmap", "set"):
        return _merged_list(schema, old, new)
    return new


def _merged_list(schema: Schema, old: Sequence[Json], new: Sequence[Json]) -> list[Json]:
    """Entries that both have come in the new order; an entry that only the old one has stays behind its predecessor."""
    wanted = {element_of(schema, item): item for item in new}
    rank = {element: i for i, element in enumerate(wanted)}
    last = -1
    placed: list[tuple[int, int, Json]] = []
    for item in old:
        element = element_of(schema, item)
        if element in wanted:
            last = rank[element]
            placed.append((last, 0, merged_value(schema.entry, item, wanted.pop(element))))
        else:
            placed.append((last, 1, item))
    placed += [(rank[element], 0, item) for element, item in wanted.items()]
    placed.sort(key=lambda one: one[:2])
    return [item for _, _, item in placed]


def _conflict(disputed: Sequence[tuple[Owner, FieldSet]]) -> Problem:
    causes = tuple(
        Cause("FieldManagerConflict", f'conflict with "{other.manager}"{_using(other)}', shown(path))
        for other, fields in disputed
        for path in sorted(fields)
    )
    count = len(causes)
    where = "; ".join(
        f'conflict with "{other.manager}"{_using(other)}: {", ".join(shown(path) for path in sorted(fields))}'
        for other, fields in disputed
    )
    return Problem(
        code=409,
        reason="Conflict",
        message=f"Apply failed with {count} conflict{'s' if count != 1 else ''}: {where}",
        causes=causes,
    )


def _using(other: Owner) -> str:
    if other.operation == "Apply":
        return ""
    at = f" at {other.time}" if other.time else ""
    part = f' with subresource "{other.subresource}"' if other.subresource else ""
    return f"{part} using {other.api_version}{at}"
