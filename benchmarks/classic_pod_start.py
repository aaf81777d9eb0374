"""Classic DRA on a real Kubernetes 1.30: our driver beside the last one in Go that had a controller, in turns.

From creation to Ready of one pod, and of as many as fill the node at once; memory; and a hundred pods one after the
other with our driver, after which nothing must be left.

Brings a cluster of its own up and takes it down; needs root, and the programs of `demo/clusters/local/cluster build
--version 1.30.14`. GO_CLASSIC_DRIVER names the folder with dra-example-controller and dra-example-kubeletplugin of
kubernetes-sigs/dra-example-driver at commit e5778a2; without it ours is measured alone. To make them, in a checkout of
that commit:

    go build -o "$GO_CLASSIC_DRIVER" ./cmd/...

Both have the same name, so only one of them is there at a time, with pods without a claim in turns with its own. Ours
runs as the chart installs it, in containers; Go's as processes of the node, with the settings of its own chart.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "demo" / "clusters" / "local"))

import msgspec
from local_cluster.api import is_true
from local_cluster.build import is_built
from local_cluster.clusters import cache
from local_cluster.command import bring_up, take_down
from local_cluster.driver import NAMESPACE, build_driver, load_driver
from local_cluster.progress import step, wait_until
from local_cluster.versions import parts

from benchmarks._classic_answers import Answers
from benchmarks.pod_start import LOOK_SECONDS, memory_mebibytes
from tests.e2e.classic.world import CLASS, DRIVER, VERSION, ClassicWorld, claim, resource_class, user
from tests.e2e.objects import collection
from tests.e2e.world import eventually

TURNS = 2
ROUNDS = 6
"""In each turn; the first of each turn fills caches and does not count."""
AT_ONCE = 8
"""As many GPUs as the node has."""
IN_A_ROW = 100
SPACE = "default"
HOST_KUBELET = Path("/var/lib/kubelet")
"""Where the Go driver looks for the kubelet, whatever it is told."""


class Measured(msgspec.Struct, kw_only=True):
    """Seconds from creation to Ready; MiB."""

    without: list[float] = []
    with_claim: list[float] = []
    answers: list[float] = []
    without_at_once: list[float] = []
    at_once: list[float] = []
    controller: float = 0
    plugin: float = 0

    @property
    def base(self) -> float:
        """A pod without a claim."""
        return statistics.median(self.without)

    @property
    def overhead(self) -> float:
        """What the claim adds."""
        return statistics.median(self.with_claim) - self.base


def main() -> None:
    """Measure and print a table."""
    if os.geteuid() != 0 or not all(is_built(part, cache()) for part in parts(VERSION)):
        print(f"needs root, and `demo/clusters/local/cluster build --version {VERSION}`: not measured")
        return
    go = os.environ.get("GO_CLASSIC_DRIVER")
    measured = {"drakit": Measured()}
    if go is None:
        print("GO_CLASSIC_DRIVER is not set: nothing to compare with")
    else:
        measured["Go"] = Measured()
    cluster = bring_up("bench-classic", VERSION, {})
    try:
        world = ClassicWorld(cluster, load_driver(cluster, build_driver(cache())))
        for turn in range(TURNS):
            with step(f"turn {turn + 1}, drakit"), _ours(world) as processes:
                _measure(world, measured["drakit"], processes)
            if go is not None:
                with step(f"turn {turn + 1}, Go"), _theirs(world, Path(go).absolute()) as processes:
                    _measure(world, measured["Go"], processes)
        _print_table(measured)
        with _ours(world):
            _many(world)
    finally:
        take_down(cluster)


def _measure(world: ClassicWorld, measured: Measured, processes: tuple[int, int]) -> None:
    answers = Answers(world.layout.kubeconfig, SPACE)
    for number in range(ROUNDS + 1):
        without = _pods(world, 1, claims=False)
        answers.forget()
        with_claim = _pods(world, 1, claims=True)
        if number > 0:
            measured.without.append(without)
            measured.with_claim.append(with_claim)
            measured.answers += [] if answers.seconds is None else [answers.seconds]
    answers.stop()
    for _ in range(2):
        measured.without_at_once.append(_pods(world, AT_ONCE, claims=False))
        measured.at_once.append(_pods(world, AT_ONCE, claims=True))
    measured.controller, measured.plugin = (memory_mebibytes(process) for process in processes)


def _pods(world: ClassicWorld, count: int, *, claims: bool) -> float:
    """Seconds until all are Ready; then they are deleted, and what they had is given back."""
    names = [f"pod-{number}" for number in range(count)]
    if claims:
        world.create(*(claim(SPACE, name) for name in names))
    pods = [user(SPACE, name, *([name] if claims else [])) for name in names]
    before = time.perf_counter()
    world.create(*pods)
    wait_until("pods Ready", 300, lambda: _all_ready(world, count), LOOK_SECONDS)
    took = time.perf_counter() - before
    _clear(world)
    return took


def _all_ready(world: ClassicWorld, count: int) -> bool:
    return sum(is_true(pod, "Ready") for pod in world.listed(collection("Pod", SPACE))) == count


def _clear(world: ClassicWorld) -> None:
    world.empty_of_pods(SPACE)
    world.api.delete(world.collection("ResourceClaim", SPACE))
    eventually("the end of the claims", lambda: not world.claims(SPACE))
    eventually("an empty state", lambda: not {"allocatedClaims", "preparedClaims"} & set(_entries(world)))


def _entries(world: ClassicWorld) -> list[str]:
    return [key for key, value in world.node_spec().items() if value]


def _many(world: ClassicWorld) -> None:
    before = time.perf_counter()
    for _ in range(IN_A_ROW):
        _pods(world, 1, claims=True)
    took = time.perf_counter() - before
    left: dict[str, object] = {
        "entries in the node's state": sorted({"allocatedClaims", "preparedClaims"} & set(_entries(world))),
        "CDI files": world.cdi_files(),
        "prepared claims": world.prepared(DRIVER),
        "claims": world.claims(SPACE),
        "scheduling contexts": world.listed(collection("PodSchedulingContext", SPACE)),
    }
    print(f"{IN_A_ROW} pods one after the other, created, Ready, deleted: {took / IN_A_ROW:.2f} s each; left:", left)


@contextmanager
def _ours(world: ClassicWorld) -> Iterator[tuple[int, int]]:
    """Our driver by helm; numbers of the processes of controller and plugin."""
    world.install()
    (controller,) = world.controllers()
    try:
        yield world.process_of(controller), world.plugin_process()
    finally:
        world.uninstall()
        _forget(world)


@contextmanager
def _theirs(world: ClassicWorld, programs: Path) -> Iterator[tuple[int, int]]:
    """Go's driver as processes; their numbers."""
    layout = world.layout
    environment = {**os.environ, "NAMESPACE": NAMESPACE, "NODE_NAME": layout.node_name}
    world.create(resource_class(CLASS))
    with ExitStack() as stack:
        stack.callback(world.delete, "ResourceClass", "", CLASS)
        stack.callback(_forget, world)
        stack.enter_context(_kubelet_where_go_looks(layout.registrar_directory))
        common = f"--kubeconfig={layout.kubeconfig}"
        started = [
            stack.enter_context(
                _running([str(programs / name), common, *more], environment, layout.logs / f"{name}.log")
            )
            for name, more in (
                ("dra-example-controller", []),
                ("dra-example-kubeletplugin", [f"--cdi-root={layout.cdi_directory}"]),
            )
        ]
        eventually("Go's plugin", world.is_up)
        eventually("its registration", lambda: any(layout.registrar_directory.iterdir()))
        yield started[0], started[1]


def _forget(world: ClassicWorld) -> None:
    """What a driver leaves on purpose: its node's state, and CDI files, in which both call the same device common."""
    world.delete("NodeAllocationState", NAMESPACE, world.layout.node_name)
    for file in world.layout.cdi_directory.iterdir():
        file.unlink()


@contextmanager
def _running(command: list[str], environment: dict[str, str], log: Path) -> Iterator[int]:
    with log.open("ab") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def _kubelet_where_go_looks(registrar: Path) -> Iterator[None]:
    """The cluster's registration folder under the usual path, and a folder for the driver's socket."""
    link, plugins = HOST_KUBELET / "plugins_registry", HOST_KUBELET / "plugins"
    made = [folder for folder in (HOST_KUBELET, plugins) if not folder.exists()]
    plugins.mkdir(parents=True, exist_ok=True)
    link.symlink_to(registrar)
    try:
        yield
    finally:
        link.unlink()
        subprocess.run(["rm", "-rf", str(plugins / "gpu.resource.example.com")], check=True)
        for folder in reversed(made):
            folder.rmdir()


def _print_table(measured: dict[str, Measured]) -> None:
    rows: list[tuple[str, Callable[[Measured], float]]] = [
        ("pod without a claim, s", lambda each: each.base),
        ("pod with a claim, s", lambda each: statistics.median(each.with_claim)),
        ("  what the claim adds, s", lambda each: each.overhead),
        ("  of it the controller's answer, s", lambda each: statistics.median(each.answers)),
        ("  90th percentile with a claim, s", lambda each: statistics.quantiles(each.with_claim, n=10)[-1]),
        (f"{AT_ONCE} pods at once without claims, s", lambda each: statistics.median(each.without_at_once)),
        (f"{AT_ONCE} pods at once, a claim each, s", lambda each: statistics.median(each.at_once)),
        ("controller, resident, MiB", lambda each: each.controller),
        ("kubelet plugin, resident, MiB", lambda each: each.plugin),
    ]
    print(f"Kubernetes {VERSION}, {TURNS} turns of {ROUNDS} rounds, medians")
    print(" ".join([f"{'':36}", *(f"{name:>10}" for name in measured), "     ratio" if len(measured) > 1 else ""]))
    for title, value in rows:
        values = [value(each) for each in measured.values()]
        ratio = f"{values[0] / values[1]:10.2f}" if len(values) > 1 else ""
        print(" ".join([f"{title:36}", *(f"{each:10.2f}" for each in values), ratio]))


if __name__ == "__main__":
    main()
