"""The least of an API server that controllers need to come to rest: a dictionary that obeys writes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from dra_core.snapshot.json_value import Json, JsonObject, object_at
from dra_sandbox.world.objects import (
    World,
    being_deleted,
    finalizers_of,
    kind_of,
    name_of,
    namespace_of,
    place_of,
    uid_of,
    with_fields,
    world_of,
)
from dra_sandbox.world.writes import Create, Delete, Patch, Replace, Write

NOW = "2026-01-01T00:00:00Z"


class LittleApi:
    def __init__(self, *objects: JsonObject) -> None:
        self.numbers = itertools.count(1)
        self.objects: dict[tuple[str, str, str], JsonObject] = {}
        for value in objects:
            self.put(value)

    @property
    def world(self) -> World:
        return world_of(*self.objects.values())

    def put(self, value: JsonObject) -> JsonObject:
        number = next(self.numbers)
        name = name_of(value) or f"{object_at(value, 'metadata').get('generateName', '')}{number:05d}"
        value = with_fields(value, ("metadata",), {"name": name, "uid": uid_of(value) or f"uid-{number}"})
        self.objects[(kind_of(value), *place_of(value))] = value
        return value

    def carry_out(self, writes: tuple[Write, ...]) -> None:
        for write in writes:
            match write:
                case Create(body=body):
                    self.put(body)
                case Delete(kind=kind, namespace=namespace, name=name, uid=uid, propagation=propagation):
                    self._delete((kind, namespace, name), uid, propagation)
                case Patch(kind=kind, namespace=namespace, name=name, patch=patch):
                    key = kind, namespace, name
                    if key in self.objects:
                        self._store(key, merged(self.objects[key], patch))
                case Replace(body=body, then=then):
                    self._replace(body)
                    if then is not None:
                        self._replace(then.body)
                case _:
                    pass

    def _replace(self, body: JsonObject) -> None:
        key = (kind_of(body), namespace_of(body), name_of(body))
        if key in self.objects and uid_of(self.objects[key]) == uid_of(body):
            self._store(key, body)

    def _delete(self, key: tuple[str, str, str], uid: str, propagation: str) -> None:
        value = self.objects.get(key)
        if value is None or uid_of(value) != uid:
            return
        added = {"Foreground": ["foregroundDeletion"], "Orphan": ["orphan"]}.get(propagation, [])
        if not being_deleted(value):
            finalizers = [*finalizers_of(value), *added]
            value = with_fields(value, ("metadata",), {"deletionTimestamp": NOW, "finalizers": finalizers})
        self._store(key, value)

    def _store(self, key: tuple[str, str, str], value: JsonObject) -> None:
        if being_deleted(value) and not finalizers_of(value):
            del self.objects[key]
        else:
            self.objects[key] = value


def merged(value: JsonObject, patch: JsonObject) -> JsonObject:
    """RFC 7386."""
    result: dict[str, Json] = dict(value)
    for key, item in patch.items():
        if item is None:
            result.pop(key, None)
        elif isinstance(item, Mapping):
            result[key] = merged(object_at(value, key), item)
        else:
            result[key] = item
    return result
