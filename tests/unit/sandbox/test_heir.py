"""Who cleans up when nobody else does."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from pathlib import Path

from dra_sandbox.heir import Heir, inherit


def test_what_was_started_and_has_not_ended_is_killed_and_the_directory_removed(tmp_path: Path) -> None:
    left = tmp_path / "left"
    left.mkdir()
    (left / "file").touch()
    running, handed_over, over = (subprocess.Popen(("sleep", "99"), start_new_session=True) for _ in range(3))
    over.kill()
    over.wait()
    reaper = threading.Thread(target=running.wait)  # a group is there until somebody has waited for its process
    reaper.start()
    try:
        inherit([f"+{running.pid}", f"+{handed_over.pid}", f"+{over.pid}", f"-{handed_over.pid}"], left)
        reaper.join()
        assert running.returncode == -signal.SIGKILL
        assert handed_over.poll() is None
        assert not left.exists()
    finally:
        handed_over.kill()
        handed_over.wait()


def test_it_ends_with_the_pipe_and_leaves_alone_what_is_not_told(tmp_path: Path) -> None:
    left = tmp_path / "left"
    left.mkdir()
    heir = Heir(left)
    heir.started(2**30)  # no such group
    heir.ended(2**30)
    heir.close()
    heir.started(1)  # too late: nobody listens, and that is no fault
    assert not left.exists()


def test_the_sandbox_ends_as_always_though_its_heir_was_killed(tmp_path: Path) -> None:
    heir = Heir(tmp_path)
    pid = heir._process.pid
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # it is dead, and still the sandbox's to wait for
    heir.started(2**30)
    heir.close()
