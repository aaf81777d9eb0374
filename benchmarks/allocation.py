"""The allocator beside kube-scheduler's library: one node, filling a cluster, and asking every node for every pod.

The cluster: N nodes with 8 GPUs in a slice each (uuid, model, index, driverVersion, memory); every other node has
another model. Workloads: a, one GPU by CEL on model and memory; b, four GPUs; c, two GPUs of one model. Both sides run
one after the other on this machine, Go with GOMAXPROCS=1 (tests/integration/oracle/allocator/bench.go). Processor time
is measured, because on a busy machine the clock measures the others.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
from dra_core.allocation.allocate import allocate_read
from dra_core.allocation.allocated import Allocated
from dra_core.allocation.cel_language import CelLanguage
from dra_core.allocation.features import Features
from dra_core.allocation.inventory import Inventory
from dra_core.allocation.planner import Placement, Planner
from dra_core.allocation.requests import read_claims
from dra_core.allocation.selectors import Questions
from dra_core.snapshot.device import Device, DeviceAttribute, DeviceCapacity
from dra_core.snapshot.device_class import CelSelector, DeviceClass, DeviceClassSpec, DeviceSelector
from dra_core.snapshot.metadata import ObjectMeta
from dra_core.snapshot.node import Node
from dra_core.snapshot.resource_claim import (
    DeviceClaim,
    DeviceConstraint,
    DeviceRequest,
    ExactDeviceRequest,
    ResourceClaim,
    ResourceClaimSpec,
)
from dra_core.snapshot.resource_slice import ResourcePool, ResourceSlice, ResourceSliceSpec

from benchmarks._plot import plot

DRIVER, DEVICES = "gpu.example.com", 8
MODELS = ("A100", "H100")
ORACLE = Path(__file__).parent.parent / "tests/integration/oracle/allocator"
GROWTH = Path(__file__).parent.parent / "docs/allocator-growth.svg"
GROWING = (10, 30, 100, 300, 1_000, 3_000)
BY_CEL = (
    f"device.attributes['{DRIVER}'].model == 'H100' && "
    f"device.capacity['{DRIVER}'].memory.compareTo(quantity('40Gi')) >= 0"
)


class Run(msgspec.Struct, frozen=True):
    """What is measured: ``mode`` is one of bench.go's; a run stops after ``seconds`` with the pods done so far."""

    mode: str
    workload: str
    nodes: int
    pods: int
    seconds: float = 0


class Measured(msgspec.Struct, frozen=True):
    """Pods done, pods placed, and how long it took."""

    pods: int
    placed: int
    seconds: float

    @property
    def each(self) -> float:
        """Seconds a pod."""
        return self.seconds / max(self.pods, 1)


RUNS = (
    *(Run("empty", workload, 2, 5_000) for workload in "abc"),
    Run("full", "a", 2, 20_000),
    Run("first", "a", 100, 800),
    Run("first", "b", 100, 200),
    Run("first", "c", 100, 400),
    Run("first", "a", 1_000, 2_000, 20),
    Run("first", "a", 5_000, 2_000, 20),
    Run("all", "a", 100, 400, 10),
    Run("all", "a", 1_000, 1_000, 10),
    Run("all", "a", 5_000, 2_000, 20),
    Run("all", "b", 5_000, 2_000, 20),
    Run("all", "c", 5_000, 2_000, 20),
)


def node_name(number: int) -> str:
    return f"node-{number:05d}"


def node_slice(number: int) -> ResourceSlice:
    devices = tuple(
        Device(
            name=f"gpu-{index}",
            attributes={
                "uuid": DeviceAttribute(string_value=f"gpu-{number:05d}-{index}"),
                "model": DeviceAttribute(string_value=MODELS[number % 2]),
                "index": DeviceAttribute(int_value=index),
                "driverVersion": DeviceAttribute(version_value="1.0.0"),
            },
            capacity={"memory": DeviceCapacity(value="80Gi")},
        )
        for index in range(DEVICES)
    )
    name = node_name(number)
    return ResourceSlice(
        metadata=ObjectMeta(name=f"{name}-gpus"),
        spec=ResourceSliceSpec(
            driver=DRIVER,
            pool=ResourcePool(name=name, generation=1, resource_slice_count=1),
            node_name=name,
            devices=devices,
        ),
    )


def claim(workload: str) -> ResourceClaim:
    selectors = (DeviceSelector(cel=CelSelector(expression=BY_CEL)),) if workload == "a" else ()
    count = {"a": 1, "b": 4, "c": 2}[workload]
    exactly = ExactDeviceRequest(
        device_class_name=DRIVER, allocation_mode="ExactCount", count=count, selectors=selectors
    )
    constraints = (DeviceConstraint(match_attribute=f"{DRIVER}/model"),) if workload == "c" else ()
    devices = DeviceClaim(requests=(DeviceRequest(name="gpu", exactly=exactly),), constraints=constraints)
    return ResourceClaim(
        metadata=ObjectMeta(namespace="default", name="claim"), spec=ResourceClaimSpec(devices=devices)
    )


CLASSES = {
    DRIVER: DeviceClass(
        metadata=ObjectMeta(name=DRIVER),
        spec=DeviceClassSpec(selectors=(DeviceSelector(cel=CelSelector(expression=f"device.driver == '{DRIVER}'")),)),
    )
}


def ours(run: Run) -> Measured:
    """The same as bench.go does, with the same clock: reading the snapshot is not part of it."""
    nodes = [Node(metadata=ObjectMeta(name=node_name(number))) for number in range(run.nodes)]
    inventory = Inventory([node_slice(number) for number in range(run.nodes)], Features.of_version("1.37"))
    claims, questions = (claim(run.workload),), Questions(CelLanguage())
    if run.mode in ("empty", "full"):
        held = Allocated()
        if run.mode == "full":
            held = held.having([(DRIVER, node_name(1), f"gpu-{index}") for index in range(DEVICES)])
        read = read_claims(claims, CLASSES, inventory.features, questions)
        start = time.process_time()
        for _ in range(run.pods):
            allocate_read(inventory, held, nodes[1], read, questions, _no_share)
        return Measured(run.pods, run.pods, time.process_time() - start)
    planner = Planner(inventory, nodes, CLASSES, questions)
    start, placed, done = time.process_time(), 0, 0
    for _ in range(run.pods):
        if run.mode == "all":
            planner.everywhere(claims)
        found = planner.first_fit(claims)
        if isinstance(found, Placement):
            placed += 1
            planner.results(found, claims, _no_share)
            planner.take(found)
        done += 1
        if run.seconds and time.process_time() - start > run.seconds:
            break
    return Measured(done, placed, time.process_time() - start)


def _no_share() -> str:
    raise AssertionError("nothing is shared here")


def theirs(program: Path, run: Run) -> Measured:
    """kube-scheduler's library."""
    description = {
        "Nodes": run.nodes,
        "Devices": DEVICES,
        "Pods": run.pods,
        "Workload": run.workload,
        "Mode": run.mode,
        "Seconds": run.seconds,
    }
    answer = subprocess.run(
        [program, "-bench", json.dumps(description)],
        env={**os.environ, "GOMAXPROCS": "1"},
        capture_output=True,
        check=True,
    )
    return msgspec.json.decode(answer.stdout, type=Measured)


def build(directory: str) -> Path | None:
    program = Path(directory) / "oracle"
    built = subprocess.run(["go", "build", "-o", program, "."], cwd=ORACLE, check=False)
    return program if built.returncode == 0 else None


def memory(nodes: int) -> float:
    """MiB that an inventory of so many nodes takes, measured in a process of its own."""
    code = (
        "import benchmarks.allocation as b\n"
        "before = b.resident()\n"
        f"inventory = b.Inventory([b.node_slice(n) for n in range({nodes})], b.Features.of_version('1.37'))\n"
        "print(b.resident() - before)\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    return float(answer.stdout)


def resident() -> float:
    """MiB of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def shown(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.2f} {unit}"
    return f"{seconds * 1e6:.1f} µs"


def table(oracle: Callable[[Run], Measured] | None, runs: tuple[Run, ...] = RUNS) -> None:
    print(f"{'mode':<6} {'load':<4} {'nodes':>6} {'pods':>6} {'drakit a pod':>13} {'Go a pod':>12} {'Go / drakit':>12}")
    for run in runs:
        mine = ours(run)
        other = oracle(run) if oracle is not None else None
        go, ratio = ("-", "-") if other is None else (shown(other.each), f"{other.each / mine.each:.2f} x")
        what = f"{run.mode:<6} {run.workload:<4} {run.nodes:>6} {mine.pods:>6}"
        print(f"{what} {shown(mine.each):>13} {go:>12} {ratio:>12}", flush=True)


def growth(oracle: Callable[[Run], Measured] | None) -> str:
    """How the time for a pod grows with the nodes: first fit, and all nodes asked."""
    sides = {"drakit": ours, **({"Go": oracle} if oracle is not None else {})}
    lines = {
        f"{side}, {words}": [
            (float(nodes), measure(Run(mode, "a", nodes, 8 * nodes, 3)).each * 1e6) for nodes in GROWING
        ]
        for mode, words in (("first", "first node that fits"), ("all", "all nodes asked"))
        for side, measure in sides.items()
    }
    return plot("One GPU by CEL: time for a pod", "nodes with 8 GPUs", "µs of processor time a pod", lines)


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        program = build(directory)
        oracle = None if program is None else partial(theirs, program)
        table(oracle)
        GROWTH.write_text(growth(oracle))
    print(f"growth with nodes: {GROWTH.relative_to(Path.cwd()) if GROWTH.is_relative_to(Path.cwd()) else GROWTH}")
    for nodes in (1_000, 5_000):
        print(f"inventory of {nodes} nodes x {DEVICES} devices: {memory(nodes):.0f} MiB")
    print(f"largest resident size of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
