"""JSON as a type: what shells read from the API server and what codecs turn into records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    Json: TypeAlias = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
    """Any JSON value. Read-only by type: nobody changes what a snapshot holds."""

    JsonObject: TypeAlias = Mapping[str, Json]
    """A JSON object, e.g. a Kubernetes object as the API server sends it."""
else:
    # msgspec reads annotations at run time and knows no recursive types: to it, any value is JSON.
    Json = Any
    JsonObject = Mapping[str, Any]


def thaw(value: Json) -> Json:
    """A deep copy made of plain dicts and lists, as JSON encoders want it."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [thaw(item) for item in value]
    return value


def at(value: Json, *keys: str) -> Json:
    """The value at a path of object keys, or None where the path ends early."""
    for key in keys:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def text_at(value: Json, *keys: str) -> str:
    """The string at a path of object keys, or "" where there is none."""
    found = at(value, *keys)
    return found if isinstance(found, str) else ""


def object_at(value: Json, *keys: str) -> JsonObject:
    """The object at a path of object keys, or an empty one where there is none."""
    found = at(value, *keys)
    return found if isinstance(found, Mapping) else {}


def list_at(value: Json, *keys: str) -> Sequence[Json]:
    """The list at a path of object keys, or an empty one where there is none."""
    found = at(value, *keys)
    return found if isinstance(found, Sequence) and not isinstance(found, str) else ()
