"""What the kernel counts for this process, named as Prometheus clients name it (proc(5))."""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping
from pathlib import Path

PROC = Path("/proc")


def numbers() -> Mapping[str, float]:
    """CPU seconds, bytes of memory, open files, and when it was started (Unix time)."""
    # After the name in parentheses, which may hold anything, the third field comes first.
    fields = (PROC / "self/stat").read_text().rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    booted = next(line.split()[1] for line in (PROC / "stat").read_text().splitlines() if line.startswith("btime "))
    return {
        "process_cpu_seconds_total": (int(fields[11]) + int(fields[12])) / ticks,
        "process_start_time_seconds": int(booted) + int(fields[19]) / ticks,
        "process_virtual_memory_bytes": int(fields[20]),
        "process_resident_memory_bytes": int(fields[21]) * os.sysconf("SC_PAGESIZE"),
        "process_open_fds": len(list((PROC / "self/fd").iterdir())),
        "process_max_fds": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
    }
