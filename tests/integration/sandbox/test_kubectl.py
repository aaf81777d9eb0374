"""Stock kubectl against the embedded cluster, with pods that have devices."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from dra_sandbox.cluster import Sandbox, sandbox
from dra_sandbox.demo.classic_expectations import gpus_seen
from dra_sandbox.demo.installation import install_driver
from dra_sandbox.demo.node_states import NODE_STATE, devices_by_claim, prepared_claims
from dra_sandbox.files import classic_example_manifest, example_manifest
from dra_sandbox.world.objects import CLAIM, NAMESPACE, POD, World, namespace_of

from tests.integration.sandbox.workloads import PATIENCE, claim, pod, pod_spec, wait_event

KUBECTL = shutil.which("kubectl")
pytestmark = pytest.mark.skipif(KUBECTL is None, reason="there is no kubectl")


def kubectl(cluster: Sandbox, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        (KUBECTL or "kubectl", f"--kubeconfig={cluster.kubeconfig}", *arguments),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == code, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture
def manifest(cluster: Sandbox) -> Iterator[Path]:
    """Of an example that is gone at the end, whatever a test did: a second run makes it anew."""
    path = example_manifest("basic-shared-claim-across-pods")
    yield path
    kubectl(cluster, "delete", "namespace", path.stem, "--ignore-not-found", "--timeout=60s")


def test_an_examples_readme_can_be_followed(cluster: Sandbox, manifest: Path) -> None:
    where = manifest.stem
    assert "pod/pod0 created" in kubectl(cluster, "apply", "-f", str(manifest))
    waited = kubectl(cluster, "wait", "-n", where, "--for=condition=Ready", "pod", "--all", "--timeout=60s")
    assert waited.count("condition met") == 2
    assert "unchanged" in kubectl(cluster, "apply", "-f", str(manifest))
    for name in ("pod0", "pod1"):
        cluster.wait_for_output(where, name, "ctr0", lambda text: "_UUID=" in text, "a GPU")
    seen = {
        line
        for name in ("pod0", "pod1")
        for line in kubectl(cluster, "logs", "-n", where, name).splitlines()
        if line.startswith("GPU_DEVICE_") and "_UUID=" in line
    }
    assert len(seen) == 1
    assert kubectl(cluster, "logs", "-n", where, "pod0", "--tail=1", "--timestamps").count("\n") == 1
    kubectl(cluster, "delete", "namespace", where, "--timeout=60s")
    assert cluster.world().get(NAMESPACE, "", where) is None


def test_describe_shows_why_a_pod_does_not_start(cluster: Sandbox, where: str) -> None:
    cluster.create([claim(where, "gpu"), pod(where, "p", pod_spec(claims=["gpu"], image="unknown.example.com/app:v1"))])
    wait_event(cluster, where, "p", "Failed")
    wait_event(cluster, where, "p", "Scheduled")  # told after the binding, which the kubelet does not wait for
    described = kubectl(cluster, "describe", "pod", "-n", where, "p")
    assert "Successfully assigned" in described
    assert "the sandbox pulls no images" in described


def test_devices_can_be_looked_at(cluster: Sandbox) -> None:
    assert "gpu.example.com" in kubectl(cluster, "get", "resourceslices")
    assert "gpu-7" in kubectl(cluster, "describe", "resourceslices")
    assert "node-1" in kubectl(cluster, "get", "nodes")
    assert "gpu.example.com" in kubectl(cluster, "get", "deviceclasses", "-o", "name")


def test_the_log_of_a_container_that_has_not_started_is_refused_in_words(cluster: Sandbox, where: str) -> None:
    cluster.create([pod(where, "p", pod_spec(image="unknown.example.com/app:v1"))])
    wait_event(cluster, where, "p", "Failed")
    kubectl(cluster, "logs", "-n", where, "p", code=1)
    kubectl(cluster, "logs", "-n", where, "p", "-c", "other", code=1)


def test_a_log_can_be_followed_to_its_end(cluster: Sandbox, where: str) -> None:
    script = "echo one; test -e go || sleep 1; echo two"
    cluster.create([pod(where, "p", pod_spec(script=script, restartPolicy="Never"))])
    started = "--for=jsonpath={.status.containerStatuses[0].containerID}"
    kubectl(cluster, "wait", "-n", where, started, "pod/p", "--timeout=60s")
    assert kubectl(cluster, "logs", "-n", where, "-f", "p") == "one\ntwo\n"


@pytest.fixture
def classic() -> Iterator[Sandbox]:
    with sandbox(generation="classic") as made:
        install_driver(made, PATIENCE)
        yield made


def shows(count: int, text: str) -> bool:
    """Whether a container has printed so many GPUs."""
    return len(gpus_seen(text)) == count


def test_the_seeds_walk_can_be_followed_with_kubectl(classic: Sandbox) -> None:
    """Command by command, from the first state of the node to the last."""
    files = [f"--filename={classic_example_manifest(f'gpu-test{number}')}" for number in range(1, 5)]
    of_driver = ("-n", "dra-example-driver")
    pods = kubectl(classic, "get", "pod", *of_driver)
    assert pods.count("1/1     Running") == 2
    before = kubectl(classic, "describe", *of_driver, "nas/node-1")
    assert "  Allocatable Devices:\n    Gpu:\n" in before
    assert before.count("Product Name:    LATEST-GPU-MODEL") == 8
    assert "Claims:" not in before
    assert "resourceclaimtemplate.resource.k8s.io/multiple-gpus created" in kubectl(classic, "apply", *files)
    for number in range(1, 5):
        arguments = ("wait", "-n", f"gpu-test{number}", "--for=condition=Ready", "pod", "--all", "--timeout=60s")
        kubectl(classic, *arguments)
    seen: set[str] = set()
    for number, count in ((1, 1), (2, 1), (3, 1), (4, 4)):
        where = ("-n", f"gpu-test{number}")
        names = kubectl(classic, "get", "pod", *where, "--output=jsonpath={.items[*].metadata.name}").split()
        for name in names:
            containers = kubectl(classic, "get", "pod", *where, name, "-o", "jsonpath={.spec.containers[*].name}")
            for container in containers.split():
                shows_all = partial(shows, count)
                classic.wait_for_output(where[1], name, container, shows_all, f"{count} GPUs")
                seen |= gpus_seen(kubectl(classic, "logs", *where, name, "-c", container))
    assert len(seen) == 8
    assert "WaitForFirstConsumer   allocated,reserved" in kubectl(classic, "get", "resourceclaims", "-n", "gpu-test3")
    assert "gpu.resource.example.com" in kubectl(classic, "get", "resourceclasses")

    def all_are_prepared(world: World) -> bool:
        return seen == {uuid for each in prepared_claims(world) for uuid in each.uuids}

    classic.wait_for(all_are_prepared, "the state to tell what is prepared", PATIENCE)
    during = kubectl(classic, "describe", *of_driver, "nas/node-1")
    prepared = during[during.index("  Prepared Claims:") :]
    assert all(prepared.count(uuid) == 1 for uuid in seen)
    kubectl(classic, "delete", "--wait=false", "--ignore-not-found", *files)

    def as_at_first(world: World) -> bool:
        left = [value for kind in (POD, CLAIM) for value in world.all(kind) if namespace_of(value).startswith("gpu-")]
        allocated = [uid for state in world.all(NODE_STATE) for uid in devices_by_claim(state, "allocatedClaims")]
        return not left and not allocated and not prepared_claims(world)

    classic.wait_for(as_at_first, "the state as at first", PATIENCE)
    after = kubectl(classic, "describe", *of_driver, "nas/node-1")
    assert after[after.index("Spec:") :] == before[before.index("Spec:") :]
