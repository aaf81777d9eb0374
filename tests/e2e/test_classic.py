"""Classic DRA on Kubernetes 1.30: the driver's controller and kubelet plugin, as processes on the node, and four demos.

From the first state of the node to the last, which are the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dra_core.snapshot.json_value import Json, JsonObject, list_at, object_at, text_at
from local_cluster import clusters
from local_cluster.build import go_program, is_built
from local_cluster.cluster import Cluster
from local_cluster.command import bring_up, take_down
from local_cluster.versions import parts

from tests.e2e.world import eventually

NAME, VERSION, NAMESPACE = "classic-e2e", "1.30.14", "dra-example-driver"
ROOT = Path(__file__).parents[2]
EXAMPLES = [ROOT / "demo/examples-classic" / f"gpu-test{number}.yaml" for number in range(1, 5)]
RESOURCE_CLASS: JsonObject = {
    "apiVersion": "resource.k8s.io/v1alpha2",
    "kind": "ResourceClass",
    "metadata": {"name": "gpu.example.com"},
    "driverName": "gpu.resource.example.com",
}


class ClassicWorld:
    """The cluster, and kubectl on it."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.layout = cluster.layout

    def kubectl(self, *arguments: str, given: str = "") -> str:
        environment = {**os.environ, "KUBECONFIG": str(self.layout.kubeconfig)}
        cache = ("--cache-dir", str(self.layout.root / "kubectl"))
        command = [str(self.cluster.kubectl), *cache, *arguments]
        done = subprocess.run(command, env=environment, input=given, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return done.stdout

    def state(self) -> JsonObject:
        found = json.loads(self.kubectl("get", "nas", "-n", NAMESPACE, "-o", "json"))
        states = list_at(found, "items")
        return object_at(states[0]) if states else {}

    def spec(self) -> JsonObject:
        return object_at(self.state(), "spec")

    def pods(self) -> list[Json]:
        found = json.loads(self.kubectl("get", "pods", "-A", "-o", "json"))
        return [pod for pod in list_at(found, "items") if text_at(pod, "metadata", "namespace").startswith("gpu-test")]

    def running(self) -> bool:
        phases = [text_at(pod, "status", "phase") for pod in self.pods()]
        return len(phases) == 6 and set(phases) == {"Running"}

    def gpus(self, namespace: str, pod: str, container: str) -> list[str]:
        """The uuids that a container was told, in order."""
        lines = self.kubectl("logs", "-n", namespace, pod, "-c", container).splitlines()
        told = sorted(line for line in lines if line.startswith("export GPU_DEVICE_"))
        return [line.split("=")[1].strip("'\"") for line in told]


@pytest.fixture(scope="module")
def world() -> Iterator[ClassicWorld]:
    if go_program() is None and not all(is_built(part, clusters.cache()) for part in parts(VERSION)):
        pytest.skip("Kubernetes 1.30.14 is not built, and there is no Go to build it")
    cluster = bring_up(NAME, VERSION, {})
    layout = cluster.layout
    environment = {**os.environ, "KUBECONFIG": str(layout.kubeconfig), "NAMESPACE": NAMESPACE}
    on_node = {
        "NODE_NAME": layout.node_name,
        "CDI_ROOT": str(layout.cdi_directory),
        "KUBELET_REGISTRAR_DIRECTORY_PATH": str(layout.registrar_directory),
        "KUBELET_PLUGINS_DIRECTORY_PATH": str(layout.plugins_directory),
    }
    made = ClassicWorld(cluster)
    processes: list[subprocess.Popen[bytes]] = []
    try:
        made.kubectl("apply", "-f", str(ROOT / "helm/dra-example-driver/crds"))
        made.kubectl("create", "namespace", NAMESPACE)
        made.kubectl("apply", "-f", "-", given=json.dumps(RESOURCE_CLASS))
        for module, extra in (("dra_controller", {}), ("dra_kubeletplugin.classic", on_node)):
            log = (layout.root / f"{module}.log").open("wb")
            command = [sys.executable, "-m", module]
            processes.append(subprocess.Popen(command, env={**environment, **extra}, stderr=log))
            log.close()
        eventually("the node's state is Ready", lambda: text_at(made.state(), "status") == "Ready")
        yield made
    finally:
        for process in processes:
            process.terminate()
        codes = [process.wait(60) for process in processes]
        take_down(cluster)
    assert codes == [0, 0]


def test_the_four_demos_run_share_as_they_should_and_leave_nothing_behind(world: ClassicWorld) -> None:
    before = world.spec()
    assert list(before) == ["allocatableDevices"]
    assert len(list_at(before, "allocatableDevices")) == 8
    for path in EXAMPLES:
        world.kubectl("apply", "-f", str(path))
    eventually("all pods run", world.running)
    first = [world.gpus("gpu-test1", pod, "ctr0") for pod in ("pod0", "pod1")]
    containers = [world.gpus("gpu-test2", "pod0", container) for container in ("ctr0", "ctr1")]
    pods = [world.gpus("gpu-test3", pod, "ctr0") for pod in ("pod0", "pod1")]
    four = world.gpus("gpu-test4", "pod0", "ctr0")
    assert containers[0] == containers[1]
    assert pods[0] == pods[1]
    given = [*first[0], *first[1], *containers[0], *pods[0], *four]
    assert len(given) == len(set(given)) == 8
    assert len(four) == 4

    def prepared() -> list[str]:
        claims = object_at(world.spec(), "preparedClaims").values()
        return sorted(text_at(device, "uuid") for claim in claims for device in list_at(claim, "gpu", "devices"))

    eventually("the state tells what is prepared", lambda: prepared() == sorted(given))
    for path in EXAMPLES:
        world.kubectl("delete", "--wait=false", "-f", str(path))
    eventually("the node's state is as at first", lambda: world.spec() == before)
    eventually("all claims are gone", lambda: "gpu-test" not in world.kubectl("get", "resourceclaims", "-A"))


def test_parameters_that_make_no_sense_are_refused_at_admission(world: ClassicWorld) -> None:
    for spec in ('{"count": 0}', '{"count": 10000}', '{"cuont": 1}', '{"sharing": {"strategy": "Magic"}}'):
        value = f'{{"apiVersion": "gpu.resource.example.com/v1alpha1", "kind": "GpuClaimParameters", \
"metadata": {{"name": "bad"}}, "spec": {spec}}}'
        with pytest.raises(AssertionError, match=r"count|cuont|strategy"):
            world.kubectl("apply", "-f", "-", given=value)
