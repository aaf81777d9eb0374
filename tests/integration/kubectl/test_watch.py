"""``kubectl dra status --watch`` follows the cluster: what changes is told, what does not change anything is not."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from dra_sandbox.cluster import Sandbox, sandbox
from dra_sandbox.demo.installation import install_driver

from tests.integration.sandbox import workloads
from tests.integration.sandbox.workloads import PATIENCE

SPACE = "watching"


@pytest.fixture
def cluster() -> Iterator[Sandbox]:
    with sandbox(nodes=1) as made:
        install_driver(made, PATIENCE)
        made.create([workloads.namespace(SPACE)])
        yield made


class Watching:
    """The program, and what it printed since it was asked last."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: list[str] = []
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._more:
                self._lines.append(line.rstrip())
                self._more.notify()

    def end(self) -> None:
        """As a person ends it; all of its output has been read then."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(PATIENCE) == 0
        self._reader.join(PATIENCE)

    def until(self, text: str) -> list[str]:
        """All lines up to one with the text."""
        with self._more:
            found = self._more.wait_for(lambda: any(text in line for line in self._lines), PATIENCE)
            assert found, f"{text!r} is not in {self._lines}"
            end = next(number for number, line in enumerate(self._lines) if text in line) + 1
            seen, self._lines = self._lines[:end], self._lines[end:]
            return seen


@contextmanager
def watching(cluster: Sandbox, *arguments: str) -> Iterator[Watching]:
    command = [sys.executable, "-m", "dra_kubectl", "status", "--watch", "--kubeconfig", str(cluster.kubeconfig)]
    # Where the tests run in the background of a shell SIGINT is ignored, and would be by the program too.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        try:
            seen = Watching(process)
            yield seen
            seen.end()
        finally:
            process.kill()  # or leaving would wait for a program that does not end


def test_a_pod_that_takes_and_gives_back_a_device_is_told_and_nothing_else(cluster: Sandbox) -> None:
    one = [
        workloads.template(SPACE, "one"),
        workloads.pod(SPACE, "taking", workloads.pod_spec(templates=["one"])),
    ]
    with watching(cluster, "--by", "namespace") as seen:
        assert seen.until("There are no devices.") == ["There are no devices."]
        cluster.create([workloads.namespace("of-no-interest")])
        cluster.create(one)
        *before, header = seen.until("USED BY")
        assert header.split() == ["NAMESPACE", "DEVICES", "FREE", "IN", "USE", "USED", "BY"]
        assert seen.until(SPACE)[-1].split() == [SPACE, "1", "0", "1", "taking"]
        # Claims that wait are told before they have devices; a namespace that came is not told at all.
        assert all(not line or "no devices" in line for line in before)
