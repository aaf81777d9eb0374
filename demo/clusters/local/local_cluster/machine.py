"""What a node changes outside the cluster's folder: remembered by the first cluster, put back by the last."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path

SYSCTL = Path("/proc/sys")
SETTINGS = ("kernel/panic", "kernel/panic_on_oops", "net/ipv4/ip_forward", "vm/overcommit_memory", "vm/panic_on_oom")
"""A kubelet sets the kernel's, the CNI plugin `bridge` lets the machine forward packets."""

DIRECTORIES = ("/run/containerd", "/var/lib/cni", "/var/lib/kubelet", "/var/log/containers", "/var/log/pods")
"""What containerd, its shims, CNI plugins and the kubelet make whatever their configuration says."""


def remember(folder: Path) -> None:
    """Write down how the machine is, unless a cluster has done so before."""
    path = folder / ".machine.json"
    if path.exists():
        return
    settings = {name: (SYSCTL / name).read_text().strip() for name in SETTINGS if (SYSCTL / name).exists()}
    unfinished = path.with_suffix(".new")
    absent = [name for name in DIRECTORIES if not Path(name).exists()]
    unfinished.write_text(json.dumps({"settings": settings, "absent": absent}))
    unfinished.rename(path)


def put_back(folder: Path) -> None:
    """Make the machine as it was; for the last cluster."""
    path = folder / ".machine.json"
    try:
        remembered = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return
    for name, value in remembered["settings"].items():
        with contextlib.suppress(OSError):  # a container may not set all of them, and then nothing has
            (SYSCTL / name).write_text(value)
    for name in remembered["absent"]:
        shutil.rmtree(name, ignore_errors=True)
    path.unlink()
