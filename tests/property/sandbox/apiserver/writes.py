"""Arbitrary writes of clients: a few names of two kinds, so that they meet each other often."""

from __future__ import annotations

from typing import TypeAlias

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, object_at
from dra_sandbox.apiserver.requests import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, Options, Request
from hypothesis import strategies as st

from tests.property.sandbox.apiserver.little_clients import Client, version

CONFIG, CLAIM = "ConfigMap", "ResourceClaim.resource.k8s.io"
NAMES = ("a", "b", "c")
NAMESPACES = ("default", "kube-system")
LABELS = ("red", "green")


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """A write as drawn; what it is as a request depends on what is there when its turn comes."""

    action: str
    kind: str
    namespace: str
    name: str
    label: str
    text: str
    stale: bool
    manager: str


Writes: TypeAlias = list[Write]

writes = st.builds(
    Write,
    action=st.sampled_from(("create", "update", "status", "merge", "json", "apply", "delete", "finalize", "collect")),
    kind=st.sampled_from((CONFIG, CLAIM)),
    namespace=st.sampled_from(NAMESPACES),
    name=st.sampled_from(NAMES),
    label=st.sampled_from(LABELS),
    text=st.sampled_from(("one", "two")),
    stale=st.booleans(),
    manager=st.sampled_from(("me", "you")),
)


def new_object(write: Write) -> JsonObject:
    metadata: JsonObject = {"name": write.name, "labels": {"colour": write.label}}
    if write.kind == CONFIG:
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"text": write.text}}
    device: JsonObject = {"name": "gpu", "exactly": {"deviceClassName": write.text}}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": metadata,
        "spec": {"devices": {"requests": [device]}},
    }


def request_for(client: Client, write: Write) -> Request:
    """The request of a write. Some are refused: that is part of the game."""
    resource = client.resource(write.kind)
    known = client.store.get(resource.store_key, (write.namespace, write.name))
    body: Json = new_object(write)
    if known is not None:
        metadata = object_at(known, "metadata")
        stale = {"resourceVersion": str(int(version(known)) - 1)} if write.stale else {}
        changed: JsonObject = {**metadata, **stale, "labels": {"colour": write.label}}
        body = {**known, "metadata": changed, **({"data": {"text": write.text}} if write.kind == CONFIG else {})}
    options = Options(field_manager=write.manager)
    match write.action:
        case "create":
            return client.request("create", write.kind, "", new_object(write), namespace=write.namespace)
        case "update":
            return client.request("update", write.kind, write.name, body, namespace=write.namespace, options=options)
        case "status" if write.kind == CLAIM:
            result: JsonObject = {"request": "gpu", "driver": "d.example.com", "pool": "p", "device": write.text}
            status: JsonObject = {"allocation": {"devices": {"results": [result]}}}
            assert isinstance(body, dict)
            return client.request(
                "update",
                write.kind,
                write.name,
                {**body, "status": status},
                namespace=write.namespace,
                subresource="status",
            )
        case "merge":
            return client.request(
                "patch",
                write.kind,
                write.name,
                {"metadata": {"annotations": {"note": write.text}}},
                namespace=write.namespace,
                patch_type=MERGE_PATCH,
                options=options,
            )
        case "json":
            return client.request(
                "patch",
                write.kind,
                write.name,
                [{"op": "replace", "path": "/metadata/labels/colour", "value": write.label}],
                namespace=write.namespace,
                patch_type=JSON_PATCH,
            )
        case "apply":
            return client.request(
                "patch",
                write.kind,
                write.name,
                new_object(write),
                namespace=write.namespace,
                patch_type=APPLY_PATCH,
                options=msgspec.structs.replace(options, force=write.stale),
            )
        case "finalize":
            finalizers: Json = ["example.com/hold"] if write.stale else []
            return client.request(
                "patch",
                write.kind,
                write.name,
                {"metadata": {"finalizers": finalizers}},
                namespace=write.namespace,
                patch_type=MERGE_PATCH,
            )
        case "collect":
            selected = Options(label_selector=f"colour={write.label}")
            return client.request("deletecollection", write.kind, namespace=write.namespace, options=selected)
        case _:
            return client.request("delete", write.kind, write.name, namespace=write.namespace)


def carried_out(client: Client, drawn: Writes) -> None:
    for write in drawn:
        client.ask(request_for(client, write))
