"""The kubelet plugin beside Kubernetes' example driver in Go: latency, memory, start.

Both run as processes against the sandbox's API server (a process of its own) and are called over their unix sockets as
a kubelet calls them; files go to a real disk. GO_EXAMPLE_DRIVER names the binary dra-example-kubeletplugin of
kubernetes-sigs/dra-example-driver; without it, ours is measured alone. To make one, without a clone:

    mkdir go-driver && cd go-driver && go mod init x
    go mod edit -require sigs.k8s.io/dra-example-driver@v0.4.0
    go build -mod=mod -o plugin sigs.k8s.io/dra-example-driver/cmd/dra-example-kubeletplugin
"""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tests.integration.kubeletplugin.kubelet_side import Claim, KubeletSide
from tests.integration.kubeletplugin.plugin_process import NODE, NodeDirectories
from tests.integration.kubeletplugin.sandbox_api import SandboxApi
from tests.property.claims import result

CLAIMS = 100
ROUNDS = 5
STARTS = 5
LOOK_SECONDS = 0.001
"""How often our kubelet's side looks for sockets: the real one is told by inotify."""


class Measured(msgspec.Struct, kw_only=True):
    """Milliseconds of each call, MiB, milliseconds of each start."""

    prepare: list[float] = []
    unprepare: list[float] = []
    repeat: list[float] = []
    memory_idle: float = 0
    memory_full: float = 0
    memory_after: float = 0
    start: list[float] = []


def main() -> None:
    """Measure and print a table."""
    commands = {"drakit": [sys.executable, "-m", "dra_kubeletplugin"]}
    if go := os.environ.get("GO_EXAMPLE_DRIVER"):
        commands["Go"] = [str(Path(go).absolute())]
    else:
        print("GO_EXAMPLE_DRIVER is not set: nothing to compare with")
    with _node() as node, SandboxApi(node.root / "kubeconfig", own_process=True) as api:
        claims = [api.allocated(f"claim-{i}", [result(f"gpu-{i}")]) for i in range(CLAIMS)]
        measured = {name: Measured() for name in commands}
        # In turns, so that whatever else the machine does hits all of them.
        for _ in range(STARTS):
            for name, command in commands.items():
                measured[name].start.append(_start_milliseconds(command, node))
        for name, command in commands.items():
            _measure_calls(measured[name], command, node, claims)
    print(f"{CLAIMS} claims of one GPU each, {ROUNDS} rounds, {STARTS} starts; Python {sys.version.split()[0]}")
    _print_table(measured)


def _measure_calls(measured: Measured, command: Sequence[str], node: NodeDirectories, claims: Sequence[Claim]) -> None:
    with _running(command, node) as process, KubeletSide(node.registry, look_seconds=LOOK_SECONDS) as kubelet:
        kubelet.wait_for_plugin()
        for claim in claims[:10]:  # connections, caches, code paths
            kubelet.prepare_one(claim)
            _unprepared(kubelet, claim)
        measured.memory_idle = _memory(process.pid)
        for _ in range(ROUNDS):
            measured.prepare += [_milliseconds(kubelet.prepare_one, claim) for claim in claims]
            measured.memory_full = max(measured.memory_full, _memory(process.pid))
            measured.repeat += [_milliseconds(kubelet.prepare_one, claim) for claim in claims]
            measured.unprepare += [_milliseconds(lambda each: _unprepared(kubelet, each), claim) for claim in claims]
        measured.memory_after = _memory(process.pid)


def _start_milliseconds(command: Sequence[str], node: NodeDirectories) -> float:
    with KubeletSide(node.registry, look_seconds=LOOK_SECONDS) as kubelet:
        before = time.perf_counter()
        with _running(command, node):
            kubelet.wait_for_plugin()
            return (time.perf_counter() - before) * 1000


def _unprepared(kubelet: KubeletSide, claim: Claim) -> None:
    assert kubelet.unprepare(claim) == {claim.uid: ""}


def _milliseconds(call: Callable[[Claim], object], claim: Claim) -> float:
    before = time.perf_counter()
    call(claim)
    return (time.perf_counter() - before) * 1000


@contextmanager
def _node() -> Iterator[NodeDirectories]:
    root = Path(tempfile.mkdtemp(prefix="dra-bench-"))
    try:
        yield NodeDirectories(root)
    finally:
        shutil.rmtree(root)


@contextmanager
def _running(command: Sequence[str], node: NodeDirectories) -> Iterator[subprocess.Popen[bytes]]:
    """With the environment that both understand, probes and metrics served as in a cluster; on a fresh disk."""
    for directory in (node.data(), node.cdi):
        shutil.rmtree(directory, ignore_errors=True)
    node.cdi.mkdir()
    environment = {
        "NODE_NAME": NODE,
        "KUBECONFIG": str(node.root / "kubeconfig"),
        "CDI_ROOT": str(node.cdi),
        "KUBELET_REGISTRAR_DIRECTORY_PATH": str(node.registry),
        "KUBELET_PLUGINS_DIRECTORY_PATH": str(node.plugins),
        "NUM_DEVICES": str(CLAIMS),
        "DEVICE_PROFILE": "gpu",
        "HEALTHCHECK_PORT": "0",
        "METRICS_PORT": "0",
        # The example driver asks the API server five times a second at most, unless told otherwise: each prepare that
        # reads a claim would take 200 ms. Ours has no such limit.
        "KUBE_API_QPS": "10000",
        "KUBE_API_BURST": "10000",
    }
    with (node.root / "log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stderr=log, stdout=log)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _memory(pid: int) -> float:
    """Resident memory in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


def _print_table(measured: dict[str, Measured]) -> None:
    rows: list[tuple[str, Callable[[Measured], float]]] = [
        ("NodePrepareResources p50, ms", lambda each: _percentile(each.prepare, 50)),
        ("NodePrepareResources p99, ms", lambda each: _percentile(each.prepare, 99)),
        ("  repeated, p50, ms", lambda each: _percentile(each.repeat, 50)),
        ("NodeUnprepareResources p50, ms", lambda each: _percentile(each.unprepare, 50)),
        ("NodeUnprepareResources p99, ms", lambda each: _percentile(each.unprepare, 99)),
        ("resident memory, idle, MiB", lambda each: each.memory_idle),
        (f"resident memory, {CLAIMS} claims, MiB", lambda each: each.memory_full),
        ("resident memory, after all, MiB", lambda each: each.memory_after),
        ("process start to registered, ms", lambda each: statistics.median(each.start)),
    ]
    print(" ".join([f"{'':34}", *(f"{name:>10}" for name in measured), "     ratio" if len(measured) > 1 else ""]))
    for title, value in rows:
        values = [value(each) for each in measured.values()]
        ratio = f"{values[0] / values[1]:10.2f}" if len(values) > 1 else ""
        print(" ".join([f"{title:34}", *(f"{each:10.2f}" for each in values), ratio]))


def _percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
