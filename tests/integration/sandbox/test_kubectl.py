"""Stock kubectl against the embedded cluster, with pods that have devices."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from dra_sandbox.cluster import Sandbox
from dra_sandbox.files import example_manifest
from dra_sandbox.world.objects import NAMESPACE

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
def manifest() -> Path:
    return example_manifest("basic-shared-claim-across-pods")


def test_an_examples_readme_can_be_followed(cluster: Sandbox, manifest: Path) -> None:
    where = manifest.stem
    assert "pod/pod0 created" in kubectl(cluster, "apply", "-f", str(manifest))
    waited = kubectl(cluster, "wait", "-n", where, "--for=condition=Ready", "pod", "--all", "--timeout=60s")
    assert waited.count("condition met") == 2
    assert "unchanged" in kubectl(cluster, "apply", "-f", str(manifest))
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
    kubectl(cluster, "wait", "-n", where, "--for=jsonpath={.status.containerStatuses[0].containerID}", "pod/p")
    assert kubectl(cluster, "logs", "-n", where, "-f", "p") == "one\ntwo\n"
