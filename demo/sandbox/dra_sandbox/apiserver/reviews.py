"""Questions about who one is and what one may, which are asked by creating an object that is not kept."""

from __future__ import annotations

from collections.abc import Sequence

from dra_core.snapshot.json_value import Json, JsonObject, list_at, object_at, text_at

from dra_sandbox.apiserver.answers import Answer, Succeeded
from dra_sandbox.apiserver.authorization import may
from dra_sandbox.apiserver.requests import Identity, Request
from dra_sandbox.apiserver.store import Store

GROUPS = ("authentication.k8s.io", "authorization.k8s.io")


def review(store: Store, request: Request) -> Answer:
    """Answer a SelfSubjectReview, a TokenReview, a SelfSubjectAccessReview or a SubjectAccessReview."""
    spec = object_at(request.body, "spec")
    match request.resource.kind:
        case "SelfSubjectReview":
            status: JsonObject = {"userInfo": _user_info(request.identity)}
        case "TokenReview":
            known = store.tokens.get(text_at(spec, "token"))
            status = {"authenticated": False} if known is None else {"authenticated": True, "user": _user_info(known)}
        case "SelfSubjectAccessReview":
            status = _access(store, request.identity, spec)
        case _:
            who = Identity(user=text_at(spec, "user"), groups=_texts(list_at(spec, "groups")))
            status = _access(store, who, spec)
    body: JsonObject = {
        "kind": request.resource.kind,
        "apiVersion": request.resource.api_version,
        "metadata": {},
        "spec": spec,
        "status": status,
    }
    return Succeeded(201, body)


def _access(store: Store, who: Identity, spec: JsonObject) -> JsonObject:
    asked = object_at(spec, "resourceAttributes")
    plural, subresource = text_at(asked, "resource"), text_at(asked, "subresource")
    allowed = may(
        store,
        who,
        text_at(asked, "verb"),
        text_at(asked, "group"),
        f"{plural}/{subresource}" if subresource else plural,
        text_at(asked, "namespace"),
        text_at(asked, "name"),
    )
    return {"allowed": allowed}


def _user_info(who: Identity) -> JsonObject:
    extra: dict[str, Json] = {}
    if who.node:
        extra["authentication.kubernetes.io/node-name"] = [who.node]
    if who.pod:
        extra["authentication.kubernetes.io/pod-name"] = [who.pod]
    return {"username": who.user, "groups": list(who.groups), **({"extra": extra} if extra else {})}


def _texts(values: Sequence[Json]) -> tuple[str, ...]:
    return tuple(value for value in values if isinstance(value, str))
