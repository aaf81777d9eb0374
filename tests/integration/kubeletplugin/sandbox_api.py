"""The sandbox's API server, which enforces what a real one does, with claims as the scheduler leaves them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml
from dra_apiserver import (
    NODE_STATES,
    NODES,
    RESOURCE_CLAIMS,
    RESOURCE_SLICES,
    Access,
    Answer,
    ApiServer,
    Resource,
    access_by_kubeconfig,
)
from dra_core.refusal import Refusal
from dra_core.snapshot.generation import Generation
from dra_core.snapshot.json_value import JsonObject, object_at, text_at
from dra_sandbox.apiserver.server import ApiServer as SandboxServer
from dra_sandbox.apiserver.server import HttpFront
from returns.result import Failure, Result

from tests.integration.kubeletplugin.kubelet_side import Claim
from tests.integration.kubeletplugin.plugin_process import NODE

DEFINITIONS = Resource(group="apiextensions.k8s.io", plural="customresourcedefinitions")
NODE_STATES_DEFINITION = Path(__file__).resolve().parents[3] / "helm/dra-example-driver/crds/nodeallocationstates.yaml"


class SandboxApi:
    """From ``with`` to its end; has the node ``NODE``."""

    def __init__(
        self, kubeconfig: Path, node: str = NODE, *, own_process: bool = False, generation: Generation = "modern"
    ) -> None:
        self.kubeconfig = kubeconfig
        self._node = node
        self._server = _Process() if own_process else HttpFront(SandboxServer(generation=generation))

    def __enter__(self) -> SandboxApi:
        self.kubeconfig.write_text(
            json.dumps(
                {
                    "current-context": "sandbox",
                    "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox"}}],
                    "clusters": [{"name": "sandbox", "cluster": {"server": self._server.start()}}],
                }
            )
        )
        access: Result[Access, Refusal] = access_by_kubeconfig([self.kubeconfig])
        self.client = ApiServer(access.unwrap(), "tests")
        done(self.client.create(NODES, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": self._node}}))
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    def node_uid(self) -> str:
        return text_at(done(self.client.get(NODES, self._node)), "metadata", "uid")

    def install_node_states(self) -> None:
        """As the chart does."""
        done(self.client.create(DEFINITIONS, yaml.safe_load(NODE_STATES_DEFINITION.read_text())))

    def node_state(self) -> JsonObject:
        """The node's NodeAllocationState; empty: there is none."""
        answer = self.client.get(NODE_STATES, self._node, "default")
        return {} if isinstance(answer, Failure) else answer.unwrap()

    def slices(self) -> Sequence[JsonObject]:
        return _items(self.client, RESOURCE_SLICES)

    def allocated(
        self, name: str, results: Sequence[JsonObject], configs: Sequence[JsonObject] = (), namespace: str = "default"
    ) -> Claim:
        """A claim with one request for each result, allocated as given."""
        spec: JsonObject = {
            "devices": {
                "requests": [
                    {"name": text_at(each, "request"), "exactly": {"deviceClassName": "gpu.example.com"}}
                    for each in results
                ],
                "config": [
                    {"requests": each["requests"], "opaque": each["opaque"]}
                    for each in configs
                    if each["source"] == "FromClaim"
                ],
            }
        }
        made = done(
            self.client.create(
                RESOURCE_CLAIMS,
                {
                    "apiVersion": "resource.k8s.io/v1",
                    "kind": "ResourceClaim",
                    "metadata": {"name": name, "namespace": namespace},
                    "spec": spec,
                },
            )
        )
        status: JsonObject = {"allocation": {"devices": {"results": list(results), "config": list(configs)}}}
        done(self.client.replace(RESOURCE_CLAIMS, {**made, "status": status}, "status"))
        return Claim(text_at(made, "metadata", "uid"), name, namespace)

    def delete_claim(self, claim: Claim) -> None:
        done(self.client.delete(RESOURCE_CLAIMS, claim.name, claim.namespace))


class _Process:
    """The server in a process of its own, for those who measure; started and stopped like an HttpFront."""

    def start(self) -> str:
        code = (
            "import sys; from dra_sandbox.apiserver.server import ApiServer, HttpFront\n"
            "front = HttpFront(ApiServer()); print(front.start(), flush=True); sys.stdin.read(); front.stop()"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def stop(self) -> None:
        self._process.communicate("", timeout=60)


def done(answer: Answer) -> JsonObject:
    assert not isinstance(answer, Failure), answer.failure().sentence
    return object_at({"": answer.unwrap()}, "")


def _items(client: ApiServer, resource: Resource) -> Sequence[JsonObject]:
    listing = client.list(resource)
    assert not isinstance(listing, Failure), listing
    return listing.unwrap().objects
