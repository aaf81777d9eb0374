"""What the classic examples have to show, and how a fault is told."""

from __future__ import annotations

from pathlib import Path

import yaml
from dra_sandbox.demo.classic_expectations import CLASSIC_EXPECTATIONS, classic_faults, exported, gpus_seen, told
from dra_sandbox.demo.expectations import Container
from dra_sandbox.world.objects import name_of, namespace_of, objects_at

EXAMPLES = Path(__file__).parents[4] / "demo" / "examples-classic"


def printed(*gpus: int) -> str:
    lines = [f"export GPU_DEVICE_{number}='GPU-{gpu}'" for number, gpu in enumerate(gpus)]
    return "\n".join(["export HOME='/root'", *lines])


def all_is_well() -> dict[str, dict[Container, str]]:
    return {
        "gpu-test1": {("pod0", "ctr0"): printed(0), ("pod1", "ctr0"): printed(1)},
        "gpu-test2": {("pod0", "ctr0"): printed(2), ("pod0", "ctr1"): printed(2)},
        "gpu-test3": {("pod0", "ctr0"): printed(3), ("pod1", "ctr0"): printed(3)},
        "gpu-test4": {("pod0", "ctr0"): printed(4, 5, 6, 7)},
    }


def test_expectations_name_the_pods_and_containers_of_the_examples() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.yaml")} == set(CLASSIC_EXPECTATIONS)
    for name, wanted in CLASSIC_EXPECTATIONS.items():
        documents = list(yaml.safe_load_all((EXAMPLES / f"{name}.yaml").read_text()))
        pods = [value for value in documents if value["kind"] == "Pod"]
        assert {namespace_of(pod) for pod in pods} == {name}
        containers = {(name_of(pod), each["name"]) for pod in pods for each in objects_at(pod, "spec", "containers")}
        assert containers == set(wanted.containers)


def test_output_is_read_as_either_shell_prints_it() -> None:
    text = "declare -x GPU_DEVICE_0=\"GPU-a\"\nexport GPU_DEVICE_1='GPU-b'\nexport EMPTY=''\nGPU_DEVICE_2=GPU-c"
    assert exported(text) == {"GPU_DEVICE_0": "GPU-a", "GPU_DEVICE_1": "GPU-b", "EMPTY": ""}
    assert gpus_seen(text) == {"GPU-a", "GPU-b"}
    assert len(told(text)) == 3


def test_nothing_is_wrong_when_all_is_well() -> None:
    assert classic_faults(all_is_well()) == ()


def test_each_fault_is_told() -> None:
    def told(example: str, container: Container, *gpus: int) -> str:
        outputs = all_is_well()
        outputs[example][container] = printed(*gpus)
        return "; ".join(classic_faults(outputs))

    assert "gpu-test1: pod0/ctr0 and pod1/ctr0 see the same GPU" in told("gpu-test1", ("pod1", "ctr0"), 0)
    assert "gpu-test2: pod0/ctr1: sees other GPUs than pod0/ctr0" in told("gpu-test2", ("pod0", "ctr1"), 8)
    assert "gpu-test4: pod0/ctr0: sees 3 GPUs, 4 are expected" in told("gpu-test4", ("pod0", "ctr0"), 4, 5, 6)
    assert "gpu-test4: sees GPU-3, which gpu-test3 has" in told("gpu-test4", ("pod0", "ctr0"), 3, 4, 5, 6)
    assert "gpu-test3: pod0/ctr0: sees 0 GPUs" in told("gpu-test3", ("pod0", "ctr0"))
