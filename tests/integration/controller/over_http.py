"""An API server over HTTP with the interface of the model in tests/property/negotiation, so that the same side acts."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import yaml
from dra_apiserver import PODS, Access, Answer, ApiFailure, ApiServer, Resource, access_by_kubeconfig
from dra_controller.classic.objects import WATCHED
from dra_core.negotiation import Kind, Name
from dra_core.refusal import Refusal
from dra_core.snapshot.json_value import Json, JsonObject, list_at, object_at, text_at
from returns.result import Failure, Result

CUSTOM_RESOURCES = Resource(group="apiextensions.k8s.io", plural="customresourcedefinitions")
NAMESPACES = Resource(plural="namespaces")
DEFINITIONS = Path(__file__).resolve().parents[3] / "helm/dra-example-driver/crds"
DEADLINE_SECONDS, LOOK_SECONDS = 90.0, 0.05

Found = TypeVar("Found")


class OverHttp:
    """Requests that must succeed."""

    def __init__(self, kubeconfig: Path) -> None:
        access: Result[Access, Refusal] = access_by_kubeconfig([kubeconfig])
        self.client = ApiServer(access.unwrap(), "tests")

    def create(self, kind: Kind, value: JsonObject) -> JsonObject:
        resource = _resource(kind)
        made = dict(value)
        if kind == "Pod":
            container: JsonObject = {"name": "ctr0", "image": "busybox:1"}
            made["spec"] = {**object_at(value, "spec"), "containers": [container]}
        group = f"{resource.group}/" if resource.group else ""
        sent: JsonObject = {**made, "apiVersion": f"{group}{resource.version}", "kind": kind}
        created = done(self.client.create(resource, sent))
        if kind in ("Pod", "Node") and "status" in value:
            self.patch(kind, _name(created), {"status": value["status"]}, status=True)
        return created

    def get(self, kind: Kind, name: Name) -> JsonObject | None:
        answer = self.client.get(_resource(kind), name[1], name[0])
        if isinstance(answer, Failure):
            failed: ApiFailure = answer.failure()
            assert failed.not_found, failed.sentence
            return None
        return answer.unwrap()

    def all_of(self, kind: Kind) -> list[JsonObject]:
        return [*self.client.list(_resource(kind)).unwrap().objects]

    def names(self, kind: Kind) -> list[Name]:
        return [_name(value) for value in self.all_of(kind)]

    def patch(self, kind: Kind, name: Name, patch: JsonObject, *, status: bool = False) -> JsonObject:
        node_name = text_at(patch, "spec", "nodeName")
        if kind == "Pod" and node_name:
            target: JsonObject = {"apiVersion": "v1", "kind": "Node", "name": node_name}
            binding: JsonObject = {
                "apiVersion": "v1",
                "kind": "Binding",
                "metadata": {"name": name[1]},
                "target": target,
            }
            return done(self.client.ask("POST", PODS.path(name[0], name[1], "binding"), binding))
        return done(self.client.merge(_resource(kind), name[1], patch, name[0], "status" if status else ""))

    def delete(self, kind: Kind, name: Name) -> None:
        """With what it owns, as garbage collection would."""
        value = self.get(kind, name)
        if value is None:
            return
        path = _resource(kind).path(*name)
        done(self.client.ask("DELETE", path, {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0}))
        owned: tuple[Kind, ...] = ("ResourceClaim", "PodSchedulingContext", "NodeAllocationState")
        uid = text_at(value, "metadata", "uid")
        for other in owned if kind in ("Pod", "Node") else ():
            for each in self.all_of(other):
                if any(text_at(owner, "uid") == uid for owner in list_at(each, "metadata", "ownerReferences")):
                    self.delete(other, _name(each))

    def is_served(self, kind: Kind) -> bool:
        return not isinstance(self.client.list(_resource(kind)), Failure)

    def make_namespace(self, name: str) -> None:
        done(self.client.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}))

    def events(self, kind: str) -> list[str]:
        """What was told about objects of the kind."""
        events = self.client.list(Resource(group="events.k8s.io", plural="events", namespaced=True)).unwrap().objects
        return [text_at(event, "note") for event in events if text_at(event, "regarding", "kind") == kind]


def install_custom_resources(api: OverHttp) -> None:
    """The chart's, where they are not there yet, and wait until they are served."""
    for path in sorted(DEFINITIONS.glob("*.yaml")):
        answer = api.client.create(CUSTOM_RESOURCES, yaml.safe_load(path.read_text()))
        if isinstance(answer, Failure):
            failed: ApiFailure = answer.failure()
            assert failed.conflict, failed.sentence
    kinds: tuple[Kind, ...] = ("NodeAllocationState", "GpuClaimParameters", "DeviceClassParameters")
    for kind in kinds:
        eventually(partial(api.is_served, kind), f"{kind} is served")


def write_kubeconfig(path: Path, url: str) -> None:
    config: JsonObject = {
        "current-context": "sandbox",
        "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox"}}],
        "clusters": [{"name": "sandbox", "cluster": {"server": url}}],
    }
    path.write_text(json.dumps(config))


def eventually(look: Callable[[], Found | None], what: str, seconds: float = DEADLINE_SECONDS) -> Found:
    """What ``look`` finds, as soon as it finds something true; fails with ``what`` at the deadline."""
    clock = threading.Event()
    for _ in range(int(seconds / LOOK_SECONDS)):
        found = look()
        if found:
            return found
        clock.wait(LOOK_SECONDS)
    raise AssertionError(f"not within {seconds} s: {what}")


def done(answer: Answer) -> JsonObject:
    if isinstance(answer, Failure):
        failed: ApiFailure = answer.failure()
        raise AssertionError(failed.sentence)
    return answer.unwrap()


def _resource(kind: Kind) -> Resource:
    return PODS if kind == "Pod" else WATCHED[kind]


def _name(value: Json) -> Name:
    return text_at(value, "metadata", "namespace"), text_at(value, "metadata", "name")
