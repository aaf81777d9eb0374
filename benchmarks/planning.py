"""How long ``kubectl dra`` takes from process start, and how much memory, on clusters that are large.

    python -m benchmarks.planning [NODES ...]        # 100 to 5,000 nodes of 8 GPUs if not said, with the plot of docs/

Half of the GPUs are allocated, each to a claim of a pod of its own. Every command is a process of its own; of several
runs the fastest counts, as the others say more about the machine.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import yaml
from dra_core.snapshot.json_value import JsonObject, list_at

from benchmarks._plot import Line, beside, plot
from benchmarks.big_cluster import cluster_list, workload

GPUS = 8
RUNS = 3
REPLICAS = 1_000
YAML_BYTES = 50_000_000
SIZES = (100, 300, 1_000, 2_500, 5_000)
FURTHER_FROM = 1_000  # nodes: from there on, commands that no plot shows are timed as well
GROWTH = Path(__file__).parent.parent / "docs/planning-growth.svg"
PLOTTED = ("status", "explain, fits", "explain, refused", "capacity", "plan")
HELP_LIMIT, YAML_LIMIT = 0.2, 20.0
LIMITS = {
    **{(1_000, name): 5.0 if name == "plan" else 2.0 for name in PLOTTED},
    **{(5_000, name): 8.0 if name == "explain, refused" else 5.0 for name in PLOTTED},
}
"""Seconds that are allowed, on two cores that do nothing else."""


class Measured(msgspec.Struct, frozen=True):
    """One command: the fastest run's seconds on the clock and on the processor, and the largest resident set."""

    seconds: float
    processor_seconds: float
    mebibytes: float

    @property
    def text(self) -> str:
        return f"{self.seconds:6.2f} s   {self.processor_seconds:6.2f} s   {self.mebibytes:6.0f} MiB"


def measured(arguments: Sequence[str], runs: int = RUNS) -> Measured:
    """Run ``kubectl-dra`` several times."""
    times: list[tuple[float, float]] = []
    kibibytes: list[int] = []
    for _ in range(runs):
        begin = time.perf_counter()
        child = os.fork()
        if child == 0:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            os.execv(sys.executable, [sys.executable, "-m", "dra_kubectl", *arguments])
        _, _, usage = os.wait4(child, 0)
        times.append((time.perf_counter() - begin, usage.ru_utime + usage.ru_stime))
        kibibytes.append(usage.ru_maxrss)
    return Measured(min(clock for clock, _ in times), min(cpu for _, cpu in times), max(kibibytes) / 1024)


def write(path: Path, value: JsonObject) -> Path:
    path.write_bytes(msgspec.json.encode(value))
    return path


def refused_pod() -> JsonObject:
    """A pod that fits nowhere: every node has to be accounted for, and every suggestion is tried on all of them."""
    claim: JsonObject = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": "refused", "namespace": "team"},
        "spec": {
            "devices": {
                "requests": [
                    {
                        "name": "gpu",
                        "exactly": {
                            "deviceClassName": "gpu.example.com",
                            "count": 6,
                            "selectors": [
                                {"cel": {"expression": "device.attributes['gpu.example.com'].model != 'OLD'"}},
                                {
                                    "cel": {
                                        "expression": "device.capacity['gpu.example.com'].memory"
                                        ".compareTo(quantity('40Gi')) >= 0"
                                    }
                                },
                            ],
                        },
                    }
                ]
            }
        },
    }
    pod: JsonObject = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "refused", "namespace": "team"},
        "spec": {
            "containers": [{"name": "main"}],
            "resourceClaims": [{"name": "gpu", "resourceClaimName": "refused"}],
        },
    }
    return {"apiVersion": "v1", "kind": "List", "items": [claim, pod]}


def on_cluster(folder: Path, nodes: int, further: bool) -> dict[str, Measured]:
    """All commands on a cluster of that size, as a table; ``further`` ones that no plot shows."""
    cluster = write(folder / "cluster.json", cluster_list(nodes, GPUS, nodes * GPUS // 2))
    pods = min(REPLICAS, nodes * GPUS // 2)
    wanted = write(folder / "workload.json", workload(pods))
    refused = write(folder / "refused.json", refused_pod())
    files = ("-n", "team", "-f", str(cluster))
    commands = {
        "status": ("status", *files),
        "explain, fits": ("explain", "pod", "waiting", *files),
        "explain, refused": ("explain", "pod", "refused", *files, "-f", str(refused)),
        "capacity": ("capacity", "pod", "waiting", *files),
        f"plan, {pods:,} pods": ("plan", "deployment", "train", *files, "-f", str(wanted)),
    }
    if further:
        commands |= {"lint": ("lint", "-f", str(cluster)), "status -o html": ("status", "-o", "html", *files)}
    size = cluster.stat().st_size / 1e6
    print(f"{nodes:,} nodes of {GPUS} GPUs, {nodes * GPUS // 2:,} claims; {size:.1f} MB of JSON")
    found: dict[str, Measured] = {}
    for name, arguments in commands.items():
        short = name.partition(",")[0] if name.startswith("plan") else name
        found[short] = measured(arguments)
        limit = LIMITS.get((nodes, short))
        print(f"  {name:<16} {found[short].text}{f'   (limit {limit:.1f} s)' if limit else ''}", flush=True)
    return found


def growth(by_size: Mapping[int, Mapping[str, Measured]]) -> str:
    """Time and memory of every command against the number of nodes."""
    across = f"nodes with {GPUS} GPUs, half of them in use"
    names = [name for name in next(iter(by_size.values())) if name in PLOTTED]

    def lines(value: Callable[[Measured], float]) -> dict[str, Line]:
        return {name: [(float(nodes), value(found[name])) for nodes, found in by_size.items()] for name in names}

    seconds = plot("Time of a command", across, "s of processor time", lines(lambda item: item.processor_seconds))
    mebibytes = plot("Memory of a command", across, "MiB at most", lines(lambda item: item.mebibytes))
    return beside(seconds, mebibytes)


def on_yaml(folder: Path) -> None:
    """Reading a large YAML file."""
    path = folder / "cluster.yaml"
    objects = list_at(cluster_list(500, GPUS, 2_000), "items")
    text = yaml.dump_all(msgspec.json.decode(msgspec.json.encode(objects)), Dumper=yaml.CSafeDumper).encode()
    copies = -(-YAML_BYTES // len(text))
    path.write_bytes(b"---\n".join([text] * copies))
    found = measured(("status", "-f", str(path)), runs=1)
    print(f"{path.stat().st_size / 1e6:.0f} MB of YAML, status: {found.text}   (limit {YAML_LIMIT:.1f} s)")


def main(sizes: Sequence[int] = SIZES) -> None:
    folder = Path(tempfile.mkdtemp(prefix="planning-"))
    try:
        print(f"  {'--help':<16} {measured(('--help',)).text}   (limit {HELP_LIMIT:.1f} s)")
        by_size = {nodes: on_cluster(folder, nodes, nodes >= FURTHER_FROM) for nodes in sizes}
        if tuple(sizes) == SIZES:
            GROWTH.write_text(growth(by_size))
            print(f"growth with nodes: {GROWTH}")
        on_yaml(folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or SIZES)
