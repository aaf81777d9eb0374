"""Subresources with an object of their own: binding, eviction, scale and service account tokens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, at, object_at, text_at

from dra_sandbox.apiserver import problems
from dra_sandbox.apiserver.answers import Answer, Succeeded
from dra_sandbox.apiserver.deleting import delete
from dra_sandbox.apiserver.patches import json_patch, merge
from dra_sandbox.apiserver.problems import Problem
from dra_sandbox.apiserver.requests import JSON_PATCH, Circumstances, Identity, Request, options_of
from dra_sandbox.apiserver.store import Store
from dra_sandbox.apiserver.writing import keep, update
from dra_sandbox.world.objects import objects_at, with_fields
from dra_sandbox.world.times import stamp

_SUCCESS: JsonObject = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
_DEFAULT_TOKEN_SECONDS = 3600  # authentication/v1 TokenRequestSpec.expirationSeconds
_SHORTEST_TOKEN_SECONDS = 600


def bind(store: Store, request: Request, circumstances: Circumstances) -> tuple[Store, Answer]:
    """POST pods/NAME/binding: the pod gets its node, once (registry/core/pod BindingREST)."""
    pod = store.get("/pods", (request.namespace, request.name))
    if pod is None:
        return store, problems.not_found(request.resource, request.name)
    node, uid = text_at(request.body, "target", "name"), text_at(request.body, "metadata", "uid")
    if not node:
        return store, problems.bad_request("target.name: Required value")
    kind = text_at(request.body, "target", "kind")
    if kind not in ("", "Node"):
        return store, problems.bad_request(f'target.kind: Unsupported value: "{kind}": supported values: "Node"')
    refused = _binding_refused(pod, uid)
    if refused:
        resource = msgspec.structs.replace(request.resource, plural="pods/binding")
        return store, problems.conflict(resource, request.name, refused)
    scheduled: JsonObject = {
        "type": "PodScheduled",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": stamp(circumstances.now),
    }
    others = [item for item in objects_at(pod, "status", "conditions") if item.get("type") != "PodScheduled"]
    bound = with_fields(pod, ("spec",), {"nodeName": node})
    bound = with_fields(bound, ("status",), {"conditions": [*others, scheduled]})
    after, answer = keep(store, request, bound, pod)
    return after, answer if isinstance(answer, Problem) else Succeeded(201, _SUCCESS)


def _binding_refused(pod: JsonObject, uid: str) -> str:
    name, real_uid, node = (
        text_at(pod, "metadata", "name"),
        text_at(pod, "metadata", "uid"),
        at(pod, "spec", "nodeName"),
    )
    if uid and uid != real_uid:
        return f"Precondition failed: UID in precondition: {uid}, UID in object meta: {real_uid}"
    if at(pod, "metadata", "deletionTimestamp") is not None:
        return f"pod {name} is being deleted, cannot be assigned to a host"
    if node:
        return f'pod {name} is already assigned to node "{node}"'
    if objects_at(pod, "spec", "schedulingGates"):
        return f"pod {name} has non-empty .spec.schedulingGates"
    return ""


def evict(store: Store, request: Request, circumstances: Circumstances) -> tuple[Store, Answer]:
    """POST pods/NAME/eviction: a deletion. Disruption budgets are not counted."""
    options = options_of({}, object_at(request.body, "deleteOptions"))
    if isinstance(options, Problem):
        return store, options
    options = msgspec.structs.replace(options, dry_run=options.dry_run or request.options.dry_run)
    deletion = msgspec.structs.replace(request, verb="delete", subresource="", body=None, options=options)
    after, answer = delete(store, deletion, circumstances)
    return after, answer if isinstance(answer, Problem) else Succeeded(201, _SUCCESS)


def scale(store: Store, request: Request, circumstances: Circumstances) -> tuple[Store, Answer]:
    """autoscaling/v1 Scale of a workload: how many replicas are wanted and there."""
    value = store.get(request.resource.store_key, (request.namespace, request.name))
    if value is None:
        return store, problems.not_found(request.resource, request.name)
    shown = _scale_of(value)
    if request.verb == "get":
        return store, Succeeded(200, shown)
    changed = _changed_scale(request, shown)
    if isinstance(changed, Problem):
        return store, changed
    replicas = at(changed, "spec", "replicas")
    wanted = replicas if isinstance(replicas, int) else 0
    offered = text_at(changed, "metadata", "resourceVersion")
    body = with_fields(with_fields(value, ("spec",), {"replicas": wanted}), ("metadata",), {"resourceVersion": offered})
    whole = msgspec.structs.replace(request, subresource="", form="object")
    after, answer = update(store, whole, circumstances, body)
    return after, answer if isinstance(answer, Problem) else Succeeded(200, _scale_of(object_at(answer.body)))


def _changed_scale(request: Request, shown: JsonObject) -> Json | Problem:
    if request.verb == "update":
        return request.body
    if request.patch_type == JSON_PATCH:
        patched = json_patch(shown, request.body)
        return problems.bad_request(patched) if isinstance(patched, str) else patched
    return merge(shown, request.body)


def _scale_of(value: JsonObject) -> JsonObject:
    metadata = object_at(value, "metadata")
    labels = object_at(value, "spec", "selector", "matchLabels")
    replicas, there = at(value, "spec", "replicas"), at(value, "status", "replicas")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {
            key: metadata[key]
            for key in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
            if key in metadata
        },
        "spec": {"replicas": replicas if isinstance(replicas, int) else 0},
        "status": {
            "replicas": there if isinstance(there, int) else 0,
            "selector": ",".join(f"{key}={item}" for key, item in sorted(labels.items())),
        },
    }


def token(store: Store, request: Request, circumstances: Circumstances) -> tuple[Store, Answer]:
    """POST serviceaccounts/NAME/token: a bearer token, bound to a pod and its node if wanted."""
    account = store.get("/serviceaccounts", (request.namespace, request.name))
    if account is None:
        return store, problems.not_found(request.resource, request.name)
    body = request.body if isinstance(request.body, Mapping) else {}
    reference = object_at(body, "spec", "boundObjectRef")
    pod, node = text_at(reference, "name") if text_at(reference, "kind") == "Pod" else "", ""
    if pod:
        found = store.get("/pods", (request.namespace, pod))
        if found is None:
            return store, Problem(code=404, reason="NotFound", message=f'pods "{pod}" not found', name=pod, kind="pods")
        node = text_at(found, "spec", "nodeName")
    seconds = at(body, "spec", "expirationSeconds")
    lifetime = seconds if isinstance(seconds, int) else _DEFAULT_TOKEN_SECONDS
    if lifetime < _SHORTEST_TOKEN_SECONDS:
        return store, problems.bad_request(
            f"spec.expirationSeconds: Invalid value: {lifetime}: may not specify a duration less than 10 minutes"
        )
    identity = account_identity(request.namespace, request.name, node=node, pod=pod)
    expiry = stamp(circumstances.now + timedelta(seconds=lifetime))
    answer: JsonObject = {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {
            "name": request.name,
            "namespace": request.namespace,
            "creationTimestamp": stamp(circumstances.now),
        },
        "spec": {**object_at(body, "spec"), "expirationSeconds": lifetime},
        "status": {"token": circumstances.token, "expirationTimestamp": expiry},
    }
    if request.options.dry_run:
        return store, Succeeded(201, answer)
    return msgspec.structs.replace(store, tokens=store.tokens.set(circumstances.token, identity)), Succeeded(
        201, answer
    )


def account_identity(namespace: str, name: str, *, node: str = "", pod: str = "") -> Identity:
    """Who a service account is (authentication/serviceaccount)."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
    return Identity(user=f"system:serviceaccount:{namespace}:{name}", groups=groups, node=node, pod=pod)
