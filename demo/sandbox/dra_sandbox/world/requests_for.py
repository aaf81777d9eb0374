"""From wanted writes to requests on the API server."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from dra_core.snapshot.json_value import JsonObject, text_at

from dra_sandbox.apiserver.requests import MERGE_PATCH, Options, Request
from dra_sandbox.apiserver.resources import Resource
from dra_sandbox.world.objects import (
    EVENT,
    POD,
    Kind,
    Place,
    World,
    kind_of,
    name_of,
    namespace_of,
    uid_of,
    whole_number_at,
)
from dra_sandbox.world.times import stamp
from dra_sandbox.world.writes import Bind, Create, Delete, Emit, Patch, Replace, Write

ResourceOf: TypeAlias = Callable[[Kind], Resource | None]
"""How the API server serves a kind, or None if it does not."""

EVENTS_OF_NO_NAMESPACE = "default"  # client-go tools/record: where events about cluster-scoped objects go


def request_of(write: Write, world: World, now: datetime, component: str, resource_of: ResourceOf) -> Request | None:
    """The request that carries out a write; None if the kind is not served (any more).

    Args:
        write: What is wanted. Of a Replace only the first PUT, without ``then``.
        world: Where to look for the event that an Emit repeats.
        now: The time.
        component: Who writes; the field manager.
        resource_of: What the server serves.
    """
    if isinstance(write, Emit):
        return request_of(event_write(write, world, now), world, now, component, resource_of)
    resource = resource_of(_kind(write))
    if resource is None:
        return None
    match write:
        case Create(body=body):
            return Request(
                verb="create", resource=resource, namespace=namespace_of(body), body=body, user_agent=component
            )
        case Replace(body=body, subresource=subresource):
            return Request(
                verb="update",
                resource=resource,
                namespace=namespace_of(body),
                name=name_of(body),
                subresource=subresource,
                body=body,
                user_agent=component,
            )
        case Patch(namespace=namespace, name=name, patch=change, subresource=subresource):
            return Request(
                verb="patch",
                resource=resource,
                namespace=namespace,
                name=name,
                subresource=subresource,
                body=change,
                patch_type=MERGE_PATCH,
                user_agent=component,
            )
        case Delete(namespace=namespace, name=name, uid=uid, grace_seconds=grace, propagation=propagation):
            return Request(
                verb="delete",
                resource=resource,
                namespace=namespace,
                name=name,
                options=Options(precondition_uid=uid, grace_period_seconds=grace, propagation_policy=propagation),
                user_agent=component,
            )
        case Bind(namespace=namespace, name=name, uid=uid, node=node):
            return Request(
                verb="create",
                resource=resource,
                namespace=namespace,
                name=name,
                subresource="binding",
                body={
                    "apiVersion": "v1",
                    "kind": "Binding",
                    "metadata": {"namespace": namespace, "name": name, "uid": uid},
                    "target": {"apiVersion": "v1", "kind": "Node", "name": node},
                },
                user_agent=component,
            )


def _kind(write: Create | Replace | Patch | Delete | Bind) -> Kind:
    match write:
        case Create(body=body) | Replace(body=body):
            return kind_of(body)
        case Patch(kind=kind) | Delete(kind=kind):
            return kind
        case Bind():
            return POD


def event_write(emit: Emit, world: World, now: datetime) -> Create | Patch:
    """A new Event (core/v1), or a higher count on the one that says the same about the same object."""
    about = emit.about
    namespace, name = _event_place(emit)
    known = world.get(EVENT, namespace, name)
    if known is not None:
        count = whole_number_at(known, "count", default=1) + 1
        return Patch(kind=EVENT, namespace=namespace, name=name, patch={"count": count, "lastTimestamp": stamp(now)})
    involved: JsonObject = {
        "apiVersion": text_at(about, "apiVersion"),
        "kind": text_at(about, "kind"),
        "namespace": namespace_of(about),
        "name": name_of(about),
        "uid": uid_of(about),
        "resourceVersion": text_at(about, "metadata", "resourceVersion"),
    }
    return Create(
        body={
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"namespace": namespace, "name": name},
            "involvedObject": {key: text for key, text in involved.items() if text},
            "type": emit.severity,
            "reason": emit.reason,
            "message": emit.message,
            "source": {"component": emit.component, **({"host": emit.host} if emit.host else {})},
            "reportingComponent": emit.component,
            "reportingInstance": emit.host,
            "firstTimestamp": stamp(now),
            "lastTimestamp": stamp(now),
            "count": 1,
        }
    )


def is_known(emit: Emit, world: World) -> bool:
    """Whether an event says so already."""
    return world.get(EVENT, *_event_place(emit)) is not None


def _event_place(emit: Emit) -> Place:
    """The same for the same event: its name ends in a digest of all that it says."""
    parts = (uid_of(emit.about), emit.severity, emit.reason, emit.message, emit.component, emit.host)
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    return namespace_of(emit.about) or EVENTS_OF_NO_NAMESPACE, f"{name_of(emit.about)}.{digest}"
