"""Get and list: selection, pages, and lists as they were at a revision."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

import msgspec
from dra_core.snapshot.first_use import make_ready
from dra_core.snapshot.json_value import JsonObject

from dra_sandbox.apiserver import problems
from dra_sandbox.apiserver.answers import Answer, Succeeded
from dra_sandbox.apiserver.forms import one, several
from dra_sandbox.apiserver.problems import Problem
from dra_sandbox.apiserver.requests import Circumstances, Request
from dra_sandbox.apiserver.selection import selection_of
from dra_sandbox.apiserver.store import Place, Store
from dra_sandbox.apiserver.versions import as_served


class _Page(msgspec.Struct, frozen=True):
    """Where a list goes on: at this revision, after this place."""

    revision: int
    namespace: str
    name: str


make_ready(_Page)


def get(store: Store, request: Request, circumstances: Circumstances) -> Answer:
    """GET of one object or its status."""
    resource = request.resource
    value = store.get(resource.store_key, (request.namespace if resource.namespaced else "", request.name))
    if value is None:
        return problems.not_found(resource, request.name)
    return Succeeded(200, one(request, as_served(resource, value), circumstances))


def list_objects(store: Store, request: Request, circumstances: Circumstances) -> Answer:
    """GET of a collection, in the order of namespace and name."""
    resource, options = request.resource, request.options
    selection = selection_of(resource, request.namespace, request.name, options.label_selector, options.field_selector)
    if isinstance(selection, Problem):
        return selection
    page = _page(options.continue_token)
    if isinstance(page, Problem):
        return page
    revision = _revision(store, request) if page is None else page.revision
    if isinstance(revision, Problem):
        return revision
    if revision < store.oldest_known:
        return problems.CONTINUE_EXPIRED if page else problems.expired(revision, store.oldest_known)
    objects: Mapping[Place, JsonObject] = store.at_revision(resource.store_key, revision)
    places = sorted(objects)
    if page is not None:
        places = [place for place in places if place > (page.namespace, page.name)]
    chosen: list[tuple[Place, JsonObject]] = []
    for place in places:
        value = as_served(resource, objects[place])
        if selection.selects(value):
            chosen.append((place, value))
    metadata: dict[str, str | int] = {"resourceVersion": str(revision)}
    if options.limit and len(chosen) > options.limit:
        last = chosen[options.limit - 1][0]
        metadata["continue"] = _token(_Page(revision, *last))
        if selection.everything:
            metadata["remainingItemCount"] = len(chosen) - options.limit
        chosen = chosen[: options.limit]
    return Succeeded(200, several(request, [value for _, value in chosen], metadata, circumstances))


def _revision(store: Store, request: Request) -> int | Problem:
    """The revision a list is of: the newest one unless exactly an older one is asked for."""
    written = request.options.resource_version
    if written in ("", "0"):
        return store.revision
    if not written.isdigit():
        return problems.bad_request(f'invalid resource version "{written}"')
    if int(written) > store.revision:
        return problems.too_large_version(int(written), store.revision)
    exact = request.options.resource_version_match == "Exact" or (
        request.options.limit and not request.options.resource_version_match
    )
    return int(written) if exact else store.revision


def _token(page: _Page) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(page)).decode()


def _page(token: str) -> _Page | Problem | None:
    if not token:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(token), type=_Page)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return problems.bad_request("continue key is not valid")
