"""The command: what it prints, how it ends, and that it leaves no process, socket or file behind."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from dra_core.snapshot.json_value import Json, text_at
from dra_sandbox.cluster import sandbox
from dra_sandbox.demo.installation import install_driver

from tests.integration.sandbox.workloads import PATIENCE, claim, pod, pod_spec, processes_in, wait_ready

COMMAND = (sys.executable, "-m", "dra_sandbox")


def listens(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as client:
        return client.connect_ex((parts.hostname or "", parts.port or 0)) == 0


def heir_of(directory: Path) -> int:
    """The process that cleans up behind the sandbox: its last argument says where."""
    last = f"\0{directory}\0".encode()
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):  # others' processes end meanwhile
            if entry.name.isdigit() and (entry / "cmdline").read_bytes().endswith(last):
                found.append(int(entry.name))
    assert len(found) == 1
    return found[0]


def assert_nothing_left(directory: Path, url: str) -> None:
    assert not directory.exists()
    assert_all_end(directory)
    assert not listens(url)


def assert_all_end(directory: Path) -> None:
    """A process that was killed is gone once the kernel has let it run to its end, which nobody waits for."""
    for pid in processes_in(directory):
        with suppress(ProcessLookupError):  # it has ended meanwhile
            process = os.pidfd_open(pid)
            try:
                ended, _, _ = select.select([process], [], [], PATIENCE)
                assert ended, Path(f"/proc/{pid}/cmdline").read_bytes()
            finally:
                os.close(process)
    assert processes_in(directory) == []


def test_a_cluster_that_ends_leaves_nothing_behind() -> None:
    with sandbox(nodes=2) as cluster:
        install_driver(cluster, PATIENCE)
        cluster.create([claim("default", "gpu"), pod("default", "p", pod_spec(claims=["gpu"]))])
        wait_ready(cluster, "default", "p")
        directory, url = cluster.directory, cluster.url
        assert len(processes_in(directory)) >= 3
        assert listens(url)
    assert_nothing_left(directory, url)


def test_a_cluster_that_is_left_by_an_exception_leaves_nothing_behind() -> None:
    seen: list[tuple[Path, str]] = []

    def leave() -> None:
        with sandbox() as cluster:
            seen.append((cluster.directory, cluster.url))
            raise RuntimeError("on the way")

    with pytest.raises(RuntimeError, match="on the way"):
        leave()
    assert_nothing_left(*seen[0])


@pytest.fixture
def running() -> Iterator[subprocess.Popen[str]]:
    """``dra-sandbox up`` as a process; killed if the test did not end it."""
    with subprocess.Popen((*COMMAND, "up"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        yield process
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_up_stays_until_it_is_told_to_end(running: subprocess.Popen[str], number: signal.Signals, code: int) -> None:
    assert running.stdout is not None
    line = running.stdout.readline()
    found = re.fullmatch(r"export KUBECONFIG=(/\S+/kubeconfig)\n", line)
    assert found is not None, line
    file = Path(found[1])
    content: Json = yaml.safe_load(file.read_text())
    url = text_at(content["clusters"][0], "cluster", "server") if isinstance(content, dict) else ""
    assert listens(url)
    assert processes_in(file.parent), "the driver runs"
    running.send_signal(number)
    assert running.wait(PATIENCE) == code
    assert_nothing_left(file.parent, url)


def test_a_cluster_that_is_killed_leaves_nothing_behind(running: subprocess.Popen[str]) -> None:
    assert running.stdout is not None
    directory = Path(running.stdout.readline().strip().removeprefix("export KUBECONFIG=")).parent
    assert processes_in(directory), "the driver runs"
    heir = os.pidfd_open(heir_of(directory))
    try:
        running.kill()
        assert running.wait(PATIENCE) == -signal.SIGKILL
        ended, _, _ = select.select([heir], [], [], PATIENCE)
        assert ended, "the heir has done its work"
    finally:
        os.close(heir)
    assert not directory.exists()
    assert_all_end(directory)


def test_a_port_that_is_taken_is_told_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run((*COMMAND, "up", "--port", str(port)), capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1
    assert str(port) in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_demo_of_one_example_shows_it_and_succeeds() -> None:
    done = subprocess.run(
        (*COMMAND, "demo", "four-gpus"),
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE,
        env={**os.environ, "COLUMNS": "90"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    for shown in ("four-gpus: one pod, four GPUs", "GPU_DEVICE_3=gpu-3", "4 of 8 devices are free.", "1 of 1 examples"):
        assert shown in done.stdout
    assert all(len(line) <= 90 for line in done.stdout.splitlines())
    assert "\x1b" not in done.stdout


def test_an_unknown_example_is_answered_with_those_that_there_are() -> None:
    done = subprocess.run((*COMMAND, "demo", "four-gpu"), capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 2
    assert "four-gpus" in done.stderr
    assert "admin-access" in done.stderr
