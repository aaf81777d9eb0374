"""The objects of a live cluster, as documents for the core; reads only.

Rights needed: get and list on nodes, namespaces, pods, what makes pods, runtimeclasses, priorityclasses, and on all of
resource.k8s.io. What the server does not have (DeviceTaintRules, PodGroups) is left out; what the user may not read of
the less important kinds is left out and told.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click
import msgspec
from dra_apiserver import (
    DEVICE_CLASSES,
    EVERYTHING,
    NODES,
    PODS,
    RESOURCE_CLAIM_TEMPLATES,
    RESOURCE_CLAIMS,
    RESOURCE_SLICES,
    ApiFailure,
    ApiServer,
    Resource,
    Selection,
    access_by_kubeconfig,
    kubeconfig_files,
)
from dra_core.planning import Document, Located
from dra_core.refusal import Refusal
from dra_core.snapshot.json_value import JsonObject
from returns.result import Failure, Result

from dra_kubectl.following import document

_RESOURCE_API = "resource.k8s.io"
_NEEDED: tuple[tuple[str, Resource], ...] = (
    ("Node", NODES),
    ("ResourceSlice", RESOURCE_SLICES),
    ("DeviceClass", DEVICE_CLASSES),
    ("ResourceClaim", RESOURCE_CLAIMS),
    ("ResourceClaimTemplate", RESOURCE_CLAIM_TEMPLATES),
    ("Pod", PODS),
)
_WELCOME: tuple[tuple[str, Resource], ...] = (
    ("DeviceTaintRule", Resource(group=_RESOURCE_API, plural="devicetaintrules")),
    ("Namespace", Resource(plural="namespaces")),
    ("Deployment", Resource(group="apps", plural="deployments", namespaced=True)),
    ("ReplicaSet", Resource(group="apps", plural="replicasets", namespaced=True)),
    ("StatefulSet", Resource(group="apps", plural="statefulsets", namespaced=True)),
    ("DaemonSet", Resource(group="apps", plural="daemonsets", namespaced=True)),
    ("Job", Resource(group="batch", plural="jobs", namespaced=True)),
    ("CronJob", Resource(group="batch", plural="cronjobs", namespaced=True)),
    ("RuntimeClass", Resource(group="node.k8s.io", plural="runtimeclasses")),
    ("PriorityClass", Resource(group="scheduling.k8s.io", plural="priorityclasses")),
    ("PodGroup", Resource(group="scheduling.k8s.io", version="v1beta1", plural="podgroups", namespaced=True)),
)
_OLDER = ("v1beta2", "v1beta1", "v1alpha3")  # of resource.k8s.io, where a server does not have v1


class Live(msgspec.Struct, frozen=True):
    """What a live cluster gave.

    Attributes:
        documents: The objects, by kind.
        served: The kinds that were read, each as the resource that serves it.
        server: Where they were read; None if nobody answers.
        faults: What could not be read and is needed.
        remarks: What could not be read, and may be missed.
        namespace: The namespace of the kubeconfig's context, "" if it sets none.
        minor: The minor version of the server; 0 if it is not known.
    """

    documents: Mapping[str, Document]
    faults: tuple[Located, ...]
    remarks: tuple[str, ...]
    namespace: str = ""
    minor: int = 0
    served: tuple[tuple[str, Resource], ...] = ()
    server: ApiServer | None = None


def read_live(kubeconfig: str, context: str) -> Live:
    """List everything that planning looks at."""
    connected = _connected(kubeconfig, context)
    if isinstance(connected, Failure):
        refusal: Refusal = connected.failure()
        return Live({}, (Located(source="the cluster", document=1, refusal=refusal),), ())
    server = connected.unwrap()
    found = server.access
    documents: dict[str, Document] = {}
    served: list[tuple[str, Resource]] = []
    faults: list[Located] = []
    remarks: list[str] = []
    for kind, resource in (*_NEEDED, *_WELCOME):
        answer = _listed(server, resource)
        if not isinstance(answer, ApiFailure):
            found_as, items = answer
            documents[kind] = _packed(document(found.server, kind, found_as, items))
            served.append((kind, found_as))
        elif (kind, resource) in _NEEDED:
            faults.append(Located(source=found.server, document=1, object=kind, refusal=answer.refusal))
            if answer.status == 0:
                break  # nobody answers; the others would only wait as long
        elif not answer.not_found:
            remarks.append(f"{kind} objects are left out: {answer.sentence}")
    version = server.minor_version().value_or(0) if not faults else 0
    return Live(documents, tuple(faults), tuple(remarks), found.namespace, version, tuple(served), server)


def _connected(kubeconfig: str, context: str) -> Result[ApiServer, Refusal]:
    """The server of the kubeconfig that kubectl would take; does not call it."""
    files = (Path(kubeconfig),) if kubeconfig else kubeconfig_files(os.environ, Path.home())
    return access_by_kubeconfig(files, context).map(lambda access: ApiServer(access, user_agent="kubectl-dra"))


def _packed(listed: Document) -> Document:
    """The same as a text: a tenth of the room, and read faster than a tree."""
    return msgspec.structs.replace(listed, value=msgspec.json.encode(listed.value))


def list_one(kubeconfig: str, context: str, kind: str, namespace: str) -> Sequence[JsonObject]:
    """The objects of one kind in a namespace, "" for the context's own; none where they cannot be read."""
    connected = _connected(kubeconfig, context)
    resource = dict((*_NEEDED, *_WELCOME)).get(kind)
    if isinstance(connected, Failure) or resource is None:
        return ()
    server = connected.unwrap()
    space = (namespace or server.access.namespace or "default") if resource.namespaced else ""
    answer = _listed(server, resource, Selection(namespace=space))
    return () if isinstance(answer, ApiFailure) else answer[1]


def _listed(
    server: ApiServer, resource: Resource, selection: Selection = EVERYTHING
) -> tuple[Resource, Sequence[JsonObject]] | ApiFailure:
    """The objects, with the version in which the server has them."""
    first: ApiFailure | None = None
    for candidate in _versions(resource):
        answer = server.list(candidate, selection)
        if not isinstance(answer, Failure):
            return candidate, answer.unwrap().objects
        failure: ApiFailure = answer.failure()
        first = first or failure
        if not failure.not_found:
            break
    assert first is not None
    return first


def _versions(resource: Resource) -> Iterator[Resource]:
    yield resource
    if resource.group == _RESOURCE_API:
        for version in _OLDER:
            yield msgspec.structs.replace(resource, version=version)


def say(remarks: tuple[str, ...]) -> None:
    """Remarks for people, beside the output."""
    for remark in remarks:
        click.echo(f"note: {remark}", err=True)
