"""The stored objects and the log of what happened to them: a value, never changed in place.

Every write raises the revision by exactly one and leaves exactly one event, so that the event of a revision is found
by counting. The log keeps at least ``log_length`` and at most twice as many events; asking for older ones is how a
watch learns that it is too old (410).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

import msgspec
from dra_core.snapshot.json_value import JsonObject
from pyrsistent import PMap, PVector, pmap, pvector

from dra_sandbox.apiserver.requests import Identity

Place: TypeAlias = tuple[str, str]
"""Namespace ("" for cluster-scoped objects) and name."""

Change: TypeAlias = Literal["ADDED", "MODIFIED", "DELETED"]


class Event(msgspec.Struct, frozen=True):
    """What one write did.

    Attributes:
        revision: The resourceVersion that the write made.
        change: What happened.
        store_key: ``group/plural`` of the object.
        place: Where the object is or was.
        value: The object as written; for DELETED as it was last, with the resourceVersion of its end.
        before: The object before the write, or None.
    """

    revision: int
    change: Change
    store_key: str
    place: Place
    value: JsonObject
    before: JsonObject | None


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """All objects of all resources, and the newest events.

    Attributes:
        objects: By store key, then by place.
        revision: Of the last write.
        log: Newest events, oldest first, in two parts: when the newer part is full, the older one is forgotten.
        log_length: How many events a part holds.
        tokens: Who the bearers of the tokens are that were given out.
    """

    objects: PMap[str, PMap[Place, JsonObject]] = pmap()
    revision: int = 1
    older_log: PVector[Event] = pvector()
    newer_log: PVector[Event] = pvector()
    log_length: int = 4096
    tokens: PMap[str, Identity] = pmap()

    def of(self, store_key: str) -> Mapping[Place, JsonObject]:
        """The objects of a resource."""
        return self.objects.get(store_key, _NONE)

    def get(self, store_key: str, place: Place) -> JsonObject | None:
        """One object."""
        return self.of(store_key).get(place)

    @property
    def oldest_known(self) -> int:
        """The oldest revision from which every later event is still in the log."""
        return self.revision - len(self.older_log) - len(self.newer_log)

    def events_after(self, revision: int) -> Iterator[Event]:
        """The events after a revision, which must not be older than ``oldest_known``."""
        first_newer = self.revision - len(self.newer_log)
        if revision < first_newer:
            yield from self.older_log[revision - self.oldest_known :]
        yield from self.newer_log[max(revision - first_newer, 0) :]

    def at_revision(self, store_key: str, revision: int) -> Mapping[Place, JsonObject]:
        """The objects of a resource as they were, found by taking back the events since."""
        objects = self.objects.get(store_key, _NONE)
        for event in reversed(tuple(self.events_after(revision))):
            if event.store_key != store_key:
                continue
            objects = objects.discard(event.place) if event.before is None else objects.set(event.place, event.before)
        return objects


_NONE: PMap[Place, JsonObject] = pmap()


def put(store: Store, store_key: str, place: Place, value: JsonObject) -> tuple[Store, JsonObject]:
    """Write an object; it gets the new resourceVersion."""
    before = store.get(store_key, place)
    stamped = with_revision(value, store.revision + 1)
    objects = store.objects.set(store_key, store.objects.get(store_key, _NONE).set(place, stamped))
    change: Change = "ADDED" if before is None else "MODIFIED"
    return _logged(store, objects, Event(store.revision + 1, change, store_key, place, stamped, before)), stamped


def remove(store: Store, store_key: str, place: Place, last: JsonObject) -> tuple[Store, JsonObject]:
    """Remove an object; ``last`` is how watchers see it for the last time."""
    before = store.get(store_key, place)
    stamped = with_revision(last, store.revision + 1)
    objects = store.objects.set(store_key, store.objects.get(store_key, _NONE).discard(place))
    return _logged(store, objects, Event(store.revision + 1, "DELETED", store_key, place, stamped, before)), stamped


def with_revision(value: JsonObject, revision: int) -> JsonObject:
    """The object with metadata.resourceVersion set."""
    metadata = value.get("metadata")
    fields = metadata if isinstance(metadata, Mapping) else {}
    return {**value, "metadata": {**fields, "resourceVersion": str(revision)}}


def _logged(store: Store, objects: PMap[str, PMap[Place, JsonObject]], event: Event) -> Store:
    full = len(store.newer_log) >= store.log_length
    return msgspec.structs.replace(
        store,
        objects=objects,
        revision=event.revision,
        older_log=store.newer_log if full else store.older_log,
        newer_log=pvector([event]) if full else store.newer_log.append(event),
    )
