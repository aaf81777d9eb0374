"""The examples' expectations: what counts as fulfilled, and how a fault is told; and the device table."""

from __future__ import annotations

from pathlib import Path

import yaml
from dra_sandbox.demo.expectations import EXPECTATIONS, environment_of, faults, gpus_of
from dra_sandbox.world.objects import name_of, namespace_of, objects_at

EXAMPLES = Path(__file__).parents[4] / "demo" / "examples"


def printed(*gpus: int, node: str = "n", **more: str) -> str:
    lines = [f"KUBERNETES_NODE_NAME={node}"]
    for gpu in gpus:
        lines += [
            f"GPU_DEVICE_{gpu}=gpu-{gpu}",
            f"GPU_DEVICE_{gpu}_UUID={node}-{gpu}",
            f"GPU_DEVICE_{gpu}_SHARING_STRATEGY=TimeSlicing",
            f"GPU_DEVICE_{gpu}_TIMESLICE_INTERVAL=Default",
        ]
    return "\n".join([*lines, *(f"{key}={value}" for key, value in more.items())])


def test_each_example_has_an_expectation_and_each_expectation_an_example() -> None:
    assert {path.name for path in EXAMPLES.iterdir() if path.is_dir()} == set(EXPECTATIONS)


def test_expectations_name_the_pods_and_containers_of_the_examples() -> None:
    for name, wanted in EXPECTATIONS.items():
        documents = list(yaml.safe_load_all((EXAMPLES / name / f"{name}.yaml").read_text()))
        pods = [value for value in documents if value["kind"] == "Pod"]
        containers = {
            (name_of(pod), container["name"])
            for pod in pods
            for field in ("initContainers", "containers")
            for container in objects_at(pod, "spec", field)
        }
        assert containers == set(wanted.containers)
        assert len(wanted.containers) == len(set(wanted.containers))
        namespaces = {namespace_of(value) for value in documents if value["kind"] != "Namespace"}
        assert namespaces == {name}
        assert (EXAMPLES / name / "README.md").read_text().startswith("# ")


def test_gpus_are_told_apart_from_what_is_said_about_them() -> None:
    environment = environment_of(
        printed(3) + "\nGPU_DEVICE_3_RESOURCE_CLAIM=uid\nGPU_DEVICE_0_PARTITION_1=gpu-0-partition-1"
    )
    assert gpus_of(environment) == {"3": "n-3", "0_PARTITION_1": "n/gpu-0-partition-1"}


def test_one_gpu_each() -> None:
    wanted = EXPECTATIONS["basic-resourceclaimtemplate"]
    first, second = ("pod0", "ctr0"), ("pod1", "ctr0")
    assert faults(wanted, {first: printed(0), second: printed(1)}) == ()
    assert faults(wanted, {first: printed(0), second: printed(0, node="m")}) == ()
    assert faults(wanted, {first: printed(0), second: printed(0)}) == (
        "pod0/ctr0 and pod1/ctr0 see the same GPU n-0, but have a claim each",
    )
    assert faults(wanted, {first: printed(0, 1)}) == (
        "pod0/ctr0: sees 2 GPUs, 1 are expected",
        "pod1/ctr0: there is no output",
    )


def test_sharing_means_the_same_gpu_and_the_same_settings() -> None:
    wanted = EXPECTATIONS["basic-shared-claim-across-pods"]
    first, second = ("pod0", "ctr0"), ("pod1", "ctr0")
    assert faults(wanted, {first: printed(0), second: printed(0)}) == ()
    assert len(faults(wanted, {first: printed(0), second: printed(1)})) == 1
    other = printed(0).replace("Default", "Long")
    assert faults(wanted, {first: printed(0), second: other}) == (
        "pod1/ctr0: GPU_DEVICE_0_TIMESLICE_INTERVAL is Long, Default is expected",
    )


def test_admin_access_may_see_what_others_use() -> None:
    wanted = EXPECTATIONS["admin-access"]
    user, monitor = ("pod0", "ctr0"), ("pod1", "ctr0")
    outputs = {user: printed(0, DRA_ADMIN_ACCESS="false"), monitor: printed(0, 1, DRA_ADMIN_ACCESS="true")}
    assert faults(wanted, outputs) == ()
    assert len(faults(wanted, {**outputs, monitor: printed(DRA_ADMIN_ACCESS="true")})) == 1
