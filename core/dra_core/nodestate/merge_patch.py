"""JSON merge patches (RFC 7386) that turn what is there into what is wanted."""

from __future__ import annotations

from collections.abc import Mapping

from dra_core.snapshot.json_value import Json, JsonObject


def difference(old: JsonObject, new: JsonObject) -> JsonObject:
    """The smallest patch that turns ``old`` into ``new``; empty: they are the same.

    A key that only ``old`` has is named as null, so that nothing of it is left. ``new`` holds no null itself.
    """
    changes: dict[str, Json] = dict.fromkeys(key for key in old if key not in new)
    for key, wanted in new.items():
        found = old.get(key)
        if found == wanted:
            continue
        if isinstance(found, Mapping) and isinstance(wanted, Mapping):
            changes[key] = difference(found, wanted)
        else:
            changes[key] = wanted
    return changes
