"""Only what was started here is ever ended."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_cluster import leftovers
from local_cluster.layout import Layout
from local_cluster.processes import Process, start_time
from local_cluster.progress import ClusterError, wait_until

SLEEP = ["/bin/sh", "-c", "echo started; exec sleep 1000"]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout("t", "1.37.2", 0, tmp_path / "t", tmp_path / "cache")


@pytest.fixture
def process(layout: Layout) -> Iterator[Process]:
    made = Process(layout, "sleeper")
    yield made
    made.stop(signal.SIGKILL)


def _started(process: Process) -> int:
    process.start(SLEEP, {leftovers.MARK: str(process.log.parents[1])})
    pid = process.pid()
    assert pid is not None
    wait_until("its first words", 30, lambda: "started" in process.last_words())
    return pid


def test_started_twice_is_started_once_and_known_to_the_next_command(process: Process, layout: Layout) -> None:
    pid = _started(process)
    process.start(SLEEP, {})
    assert Process(layout, "sleeper").pid() == process.pid() == pid


def test_stopped_is_gone_and_stopped_twice_is_fine(process: Process) -> None:
    pid = _started(process)
    process.stop()
    assert process.pid() is None
    assert start_time(pid) is None
    process.stop()


def test_process_that_has_the_number_of_an_ended_one_is_not_touched(process: Process, layout: Layout) -> None:
    """Its start time tells it apart: the record says this test's own process, started at another time."""
    layout.records.mkdir(parents=True)
    own = {"pid": os.getpid(), "startTime": (start_time(os.getpid()) or 0) + 1, "command": []}
    (layout.records / "sleeper.json").write_text(json.dumps(own))
    assert process.pid() is None
    process.stop(signal.SIGKILL)  # and we are still here
    assert not (layout.records / "sleeper.json").exists()


def test_process_without_a_record_is_found_by_its_mark(process: Process, layout: Layout) -> None:
    pid = _started(process)
    (layout.records / "sleeper.json").unlink()
    leftovers.end_processes(layout)
    assert start_time(pid) is None
    os.waitpid(pid, 0)


def test_process_of_another_cluster_is_left_alone(process: Process, layout: Layout, tmp_path: Path) -> None:
    pid = _started(process)
    leftovers.end_processes(Layout("other", "1.37.2", 1, tmp_path / "t2", layout.cache))
    assert process.pid() == pid


def test_missed_deadline_names_what_was_waited_for() -> None:
    with pytest.raises(ClusterError, match="the sun: not within 0 s"):
        wait_until("the sun", 0, lambda: False)
