"""Processes of the node, as the machine that it runs on sees them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def processes_of(pod: str) -> list[int]:
    """Numbers of a pod's processes: the container runtime gives each container its pod's name.

    A pod of ours runs under no other cluster's name.
    """
    mark = f"HOSTNAME={pod}".encode()
    return [pid for pid, environment in _environments() if mark in environment.split(b"\0")]


def _environments() -> Iterator[tuple[int, bytes]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                yield int(entry.name), (entry / "environ").read_bytes()
            except OSError:
                continue
