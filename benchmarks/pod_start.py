"""From creation to Ready on a real Kubernetes: a pod without a claim, with a GPU of ours, with one of the Go driver.

Brings a cluster of its own up and takes it down; needs root, and the programs that `demo/clusters/local/cluster build`
makes. GO_EXAMPLE_DRIVER names the binary dra-example-kubeletplugin of kubernetes-sigs/dra-example-driver (see
kubelet_plugin.py); it runs on the node beside our plugin, with devices and a class of its own.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "demo" / "clusters" / "local"))

from dra_core.snapshot.json_value import JsonObject
from local_cluster.api import is_true
from local_cluster.build import is_built
from local_cluster.clusters import cache
from local_cluster.command import bring_up, take_down
from local_cluster.driver import build_driver, load_driver
from local_cluster.progress import wait_until
from local_cluster.versions import DEFAULT, parts

from tests.e2e.objects import DRIVER, claim, collection, pod, request
from tests.e2e.world import World, eventually

ROUNDS = 15
NAMESPACE = "default"
GO_DRIVER = "go.example.com"
LOOK_SECONDS = 0.01
"""How often the API server is asked for the pod; its answer takes about 3 ms."""


def main() -> None:
    """Measure and print a table."""
    if os.geteuid() != 0 or not all(is_built(part, cache()) for part in parts(DEFAULT)):
        print("needs root, and `demo/clusters/local/cluster build`: not measured")
        return
    before = time.monotonic()
    cluster = bring_up("bench", DEFAULT, {})
    up = time.monotonic() - before
    try:
        before = time.monotonic()
        archive = build_driver(cache())
        build = time.monotonic() - before
        world = World(cluster, load_driver(cluster, archive))
        world.install()
        classes: dict[str, str | None] = {"no claim": None, "drakit": DRIVER}
        go = os.environ.get("GO_EXAMPLE_DRIVER")
        if go is None:
            print("GO_EXAMPLE_DRIVER is not set: nothing to compare with")
        else:
            classes["Go"] = GO_DRIVER
        with nullcontext() if go is None else _go_driver(world, Path(go)) as go_process:
            times = _measure(world, classes)
            _print_table(times)
            print(f"memory of the plugin (RSS): drakit {memory_mebibytes(world.plugin_process()):.0f} MiB", end="")
            print(f", Go {memory_mebibytes(go_process):.0f} MiB" if go_process else "")
        print(
            f"cluster up, all built: {up:.1f} s; image built: {build:.1f} s, {archive.stat().st_size / 2**20:.0f} MiB"
        )
    finally:
        take_down(cluster)


def _measure(world: World, classes: Mapping[str, str | None]) -> Mapping[str, list[float]]:
    """Seconds from creation to Ready of each round, by what the pod asks for; in turns."""
    times: dict[str, list[float]] = {name: [] for name in classes}
    for number in range(ROUNDS + 1):
        for name, device_class in classes.items():
            took = _pod(world, f"pod-{number}", device_class)
            if number > 0:  # the first fills caches
                times[name].append(took)
    return times


def _pod(world: World, name: str, device_class: str | None) -> float:
    claims = {}
    if device_class is not None:
        world.create(claim(NAMESPACE, name, request("gpu", device_class)))
        claims = {"gpu": name}
    wanted = pod(NAMESPACE, name, claims)
    path = f"{collection('Pod', NAMESPACE)}/{name}"
    before = time.perf_counter()
    world.create(wanted)
    wait_until(f"{name} Ready", 120, lambda: is_true(world.api.get(path), "Ready"), LOOK_SECONDS)
    took = time.perf_counter() - before
    world.api.delete(path)
    world.wait_gone(NAMESPACE, name)
    if device_class is not None:
        world.delete("ResourceClaim", NAMESPACE, name)
        eventually("the end of the claim", lambda: not world.claims(NAMESPACE))
    return took


@contextmanager
def _go_driver(world: World, program: Path) -> Iterator[int]:
    """The Go driver as a process on the node; its number."""
    layout = world.layout
    selector: JsonObject = {"cel": {"expression": f"device.driver == '{GO_DRIVER}'"}}
    world.create(
        {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "DeviceClass",
            "metadata": {"name": GO_DRIVER},
            "spec": {"selectors": [selector]},
        }
    )
    arguments = [
        f"--driver-name={GO_DRIVER}",
        f"--node-name={layout.node_name}",
        f"--cdi-root={layout.cdi_directory}",
        f"--kubelet-registrar-directory-path={layout.registrar_directory}",
        f"--kubelet-plugins-directory-path={layout.plugins_directory}",
        f"--kubeconfig={layout.kubeconfig}",
    ]
    with (layout.logs / "go-driver.log").open("wb") as log:
        process = subprocess.Popen([str(program.absolute()), *arguments], stdout=log, stderr=log)
        try:
            eventually("the Go driver's slice", lambda: bool(world.slices(GO_DRIVER)))
            yield process.pid
        finally:
            process.terminate()
            process.wait(30)


def memory_mebibytes(pid: int) -> float:
    """Resident MiB (proc(5), status)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (resident,) = (line.split()[1] for line in lines if line.startswith("VmRSS:"))
    return int(resident) / 1024


def _print_table(times: Mapping[str, list[float]]) -> None:
    base = statistics.median(times["no claim"])
    print(f"one pod from creation to Ready on Kubernetes {DEFAULT}, {ROUNDS} rounds in turns")
    print(f"{'':10} {'median':>8} {'p10':>8} {'p90':>8} {'ratio to no claim':>18}")
    for name, values in times.items():
        tenths = statistics.quantiles(values, n=10)
        median = statistics.median(values)
        print(f"{name:10} {median:7.2f}s {tenths[0]:7.2f}s {tenths[-1]:7.2f}s {median / base:18.2f}")


if __name__ == "__main__":
    main()
