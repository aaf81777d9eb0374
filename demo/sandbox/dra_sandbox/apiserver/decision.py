"""The API server as one pure function: a store, a request and its circumstances become a store and an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dra_sandbox.apiserver import problems
from dra_sandbox.apiserver.answers import Answer
from dra_sandbox.apiserver.authorization import not_allowed
from dra_sandbox.apiserver.deleting import delete, delete_collection, released
from dra_sandbox.apiserver.patching import patch
from dra_sandbox.apiserver.reading import get, list_objects
from dra_sandbox.apiserver.requests import Circumstances, Request
from dra_sandbox.apiserver.resources import SUBRESOURCES
from dra_sandbox.apiserver.reviews import GROUPS, review
from dra_sandbox.apiserver.store import Store
from dra_sandbox.apiserver.subresources import bind, evict, scale, token
from dra_sandbox.apiserver.writing import create, update

_SPECIAL: Mapping[str, Callable[[Store, Request, Circumstances], tuple[Store, Answer]]] = {
    "binding": bind,
    "eviction": evict,
    "scale": scale,
    "token": token,
}


def decide(store: Store, request: Request, circumstances: Circumstances) -> tuple[Store, Answer]:
    """Serve one request. A refused one returns the store that came in.

    Watches are served by ``watching``, logs by whoever has them.
    """
    after, answer = _decide(store, request, circumstances)
    if request.resource.custom and after is not store:
        after = released(after, request.resource)
    return after, answer


def _decide(store: Store, request: Request, circumstances: Circumstances) -> tuple[Store, Answer]:
    resource, subresource = request.resource, request.subresource
    if subresource and subresource not in (*resource.subresources, *(("status",) if resource.status else ())):
        return store, problems.NO_SUCH_PATH
    if request.verb not in (SUBRESOURCES[subresource][3] if subresource else resource.verbs):
        return store, problems.method_not_allowed()
    if resource.namespaced and not request.namespace and request.verb not in ("list", "watch"):
        return store, problems.method_not_allowed()
    if resource.group in GROUPS and resource.kind.startswith("Self"):
        return store, review(store, request)  # everybody may ask about himself
    if (refused := not_allowed(store, request)) is not None:
        return store, refused
    if resource.group in GROUPS:
        return store, review(store, request)
    special = _SPECIAL.get(subresource)
    if special is not None:
        return special(store, request, circumstances)
    match request.verb:
        case "get":
            return store, get(store, request, circumstances)
        case "list":
            return store, list_objects(store, request, circumstances)
        case "create":
            return create(store, request, circumstances, request.body)
        case "update":
            return update(store, request, circumstances, request.body)
        case "patch":
            return patch(store, request, circumstances)
        case "delete":
            return delete(store, request, circumstances)
        case "deletecollection":
            return delete_collection(store, request, circumstances)
        case "watch":
            return store, problems.method_not_allowed()
