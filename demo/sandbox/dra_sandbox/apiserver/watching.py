"""Watches: what a watcher is told of the events since it last looked."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from dra_core.snapshot.json_value import JsonObject

from dra_sandbox.apiserver import problems
from dra_sandbox.apiserver.authorization import not_allowed
from dra_sandbox.apiserver.forms import in_form
from dra_sandbox.apiserver.problems import Problem
from dra_sandbox.apiserver.requests import Circumstances, Request
from dra_sandbox.apiserver.selection import Selection, selection_of
from dra_sandbox.apiserver.store import Event, Store, with_revision
from dra_sandbox.apiserver.versions import as_served

INITIAL_EVENTS_END = "k8s.io/initial-events-end"  # meta/v1 InitialEventsAnnotationKey


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """A watch at a moment of its life.

    Attributes:
        request: What was asked for.
        selection: Its selectors, read.
        revision: Everything up to here has been told.
    """

    request: Request
    selection: Selection
    revision: int


class Told(msgspec.Struct, frozen=True):
    """The next events (meta/v1 WatchEvent) and the watch after them; ``over`` if the last of them was an error."""

    watch: Watch
    events: tuple[JsonObject, ...]
    over: bool = False


def begin(store: Store, request: Request, circumstances: Circumstances) -> Told | Problem:
    """Start a watch: from now, from a revision, or with everything that there is first."""
    options = request.options
    if (refused := not_allowed(store, request)) is not None:
        return refused
    selection = selection_of(
        request.resource, request.namespace, request.name, options.label_selector, options.field_selector
    )
    if isinstance(selection, Problem):
        return selection
    written = options.resource_version
    if written and not written.isdigit():
        return problems.bad_request(f'invalid resource version "{written}"')
    if options.send_initial_events and (fault := _initial_events_fault(request)):
        return fault
    watch = Watch(request=request, selection=selection, revision=int(written or "0"))
    if watch.revision > store.revision:
        return Told(watch, (_error(problems.too_large_version(watch.revision, store.revision)),), over=True)
    if not options.send_initial_events and watch.revision:
        return follow(store, watch, circumstances)
    watch = msgspec.structs.replace(watch, revision=store.revision)
    objects = store.of(request.resource.store_key)
    events = [
        _event(watch, "ADDED", value, circumstances)
        for value in (as_served(request.resource, objects[place]) for place in sorted(objects))
        if selection.selects(value)
    ]
    if options.send_initial_events:
        events.append(bookmark(watch, initial_events_end=True))
    return Told(watch, tuple(events))


def _initial_events_fault(request: Request) -> Problem | None:
    """SendInitialEvents needs bookmarks and NotOlderThan (meta/v1 ValidateListOptions)."""
    if request.options.resource_version_match != "NotOlderThan":
        why = "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
    elif not request.options.allow_watch_bookmarks:
        why = "allowWatchBookmarks: Required value: sendInitialEvents requires bookmarks"
    else:
        return None
    return Problem(code=422, reason="Invalid", message=f'ListOptions.meta.k8s.io "" is invalid: {why}')


def follow(store: Store, watch: Watch, circumstances: Circumstances) -> Told:
    """What happened since; a watch that is too far behind ends with the error Expired."""
    if watch.revision < store.oldest_known:
        return Told(watch, (_error(problems.expired(watch.revision, store.oldest_known)),), over=True)
    key = watch.request.resource.store_key
    events = tuple(
        told
        for event in store.events_after(watch.revision)
        if event.store_key == key
        for told in _as_seen(watch, event, circumstances)
    )
    return Told(msgspec.structs.replace(watch, revision=store.revision), events)


def _as_seen(watch: Watch, event: Event, circumstances: Circumstances) -> Iterator[JsonObject]:
    """An object that comes into the selection is added to the watcher's eyes, one that leaves it is deleted."""
    resource = watch.request.resource
    value = as_served(resource, event.value)
    before = None if event.before is None else as_served(resource, event.before)
    was = before is not None and watch.selection.selects(before)
    is_now = event.change != "DELETED" and watch.selection.selects(value)
    if is_now:
        yield _event(watch, "MODIFIED" if was else "ADDED", value, circumstances)
    elif was and before is not None:
        last = value if event.change == "DELETED" else with_revision(before, event.revision)
        yield _event(watch, "DELETED", last, circumstances)


def bookmark(watch: Watch, *, initial_events_end: bool = False) -> JsonObject:
    """BOOKMARK: the watcher may resume from here."""
    metadata: JsonObject = {
        "resourceVersion": str(watch.revision),
        **({"annotations": {INITIAL_EVENTS_END: "true"}} if initial_events_end else {}),
    }
    resource = watch.request.resource
    shapes: dict[str, JsonObject] = {
        "object": {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata},
        "metadata": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata},
        "table": {
            "kind": "Table",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": metadata,
            "columnDefinitions": None,
            "rows": None,
        },
    }
    return {"type": "BOOKMARK", "object": shapes[watch.request.form]}


def _event(watch: Watch, change: str, value: JsonObject, circumstances: Circumstances) -> JsonObject:
    request = watch.request
    shown = in_form(request.form, request.resource, value, request.options.include_object, circumstances)
    return {"type": change, "object": shown}


def _error(problem: Problem) -> JsonObject:
    return {"type": "ERROR", "object": problem.status}
