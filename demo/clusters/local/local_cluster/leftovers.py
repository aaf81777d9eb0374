"""Take away what a cluster leaves on the machine, however it ended: processes, mounts, cgroups, records elsewhere.

Everything is recognised by something that only this cluster has: its folder, its cgroup, its network's name.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from .layout import Layout
from .progress import wait_until

CGROUPS = Path("/sys/fs/cgroup")
CNI_RESULTS = Path("/var/lib/cni/results")
"""Where libcni remembers what a network gave to a pod; the path is fixed in containerd."""

CONTAINER_LOG_LINKS = Path("/var/log/containers")
"""Where a kubelet links the logs of its containers; fixed as well."""

MARK = "DRAKIT_CLUSTER"
"""Variable in the environment of each process that a cluster starts; its value is the cluster's folder."""

PATIENCE = 30.0
"""Seconds; a killed process ends when the kernel is done with it."""


def end_processes(layout: Layout) -> None:
    """End containers, then shims and components: those in the cluster's cgroup and those that carry its mark."""
    wait_until("end of the containers", PATIENCE, lambda: not _kill(_in_cgroup(layout)), 0.05)
    wait_until("end of the shims and components", PATIENCE, lambda: not _kill(_marked(layout)), 0.05)


def _kill(handles: Iterator[int]) -> bool:
    """Force each of them to end; whether there was any."""
    found = False
    for handle in handles:
        found = True
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        os.close(handle)
    return found


def _in_cgroup(layout: Layout) -> Iterator[int]:
    ours = re.compile(rf":/{re.escape(layout.cgroup)}(/|$)", re.MULTILINE)
    for folder in cgroups(layout):
        for listing in folder.rglob("cgroup.procs"):
            for number in _text(listing).split():
                yield from _handle(int(number), lambda pid: ours.search(_text(Path(f"/proc/{pid}/cgroup"))) is not None)


def _marked(layout: Layout) -> Iterator[int]:
    mark = f"{MARK}={layout.root}"
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            yield from _handle(int(entry.name), lambda pid: mark in _text(Path(f"/proc/{pid}/environ")).split("\0"))


def _handle(pid: int, is_ours: Callable[[int], bool]) -> Iterator[int]:
    """A handle of the process if it is ours; asked again once it is open, for the number may have passed to another."""
    if not is_ours(pid):
        return
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return
    if is_ours(pid):
        yield handle
    else:
        os.close(handle)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def forget_shims(layout: Layout) -> None:
    """Remove the sockets of ended shims: below /run/containerd, wherever containerd is; their bundles name them."""
    for path in layout.containerd_state.glob("io.containerd.runtime.v2.task/*/*/bootstrap.json"):
        with contextlib.suppress(OSError, ValueError, KeyError):
            Path(str(json.loads(path.read_text())["address"]).removeprefix("unix://")).unlink(missing_ok=True)


def unmount(layout: Layout) -> None:
    """Undo all mounts below the cluster's folder, the innermost first."""
    for place in mounts(layout):
        subprocess.run(["umount", "--lazy", place], capture_output=True, check=False)


def mounts(layout: Layout) -> list[str]:
    """Mount points below the cluster's folder, the latest first."""
    # proc(5): field 5 of mountinfo, with space, tab, newline and backslash in octal.
    fields = (line.split()[4] for line in _text(Path("/proc/self/mountinfo")).splitlines())
    points = (re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field) for field in fields)
    return [point for point in points if point.startswith(f"{layout.root}/")][::-1]


def make_cgroups(layout: Layout) -> None:
    """Make the root of the pods' cgroups in each hierarchy: the kubelet wants to find it."""
    unified = (CGROUPS / "cgroup.controllers").exists()
    hierarchies = [CGROUPS] if unified else [path for path in CGROUPS.iterdir() if (path / "cgroup.procs").exists()]
    for hierarchy in hierarchies:
        folder = hierarchy / layout.cgroup
        folder.mkdir(exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):
            # Version 1 only: a new group has no processors until it is told.
            if not unified and (folder / name).exists() and not _text(folder / name).strip():
                (folder / name).write_text(_text(hierarchy / name))


def remove_cgroups(layout: Layout) -> None:
    """Remove the cluster's cgroups, the innermost first; they have no processes any more."""

    def gone() -> bool:
        for folder in cgroups(layout):
            for path, _, _ in os.walk(folder, topdown=False):
                with contextlib.suppress(OSError):  # the kernel needs a moment after the last process
                    Path(path).rmdir()
        return not cgroups(layout)

    wait_until("removal of the cgroups", PATIENCE, gone, 0.05)


def cgroups(layout: Layout) -> list[Path]:
    """The cluster's cgroup in each hierarchy where it is."""
    return [path for path in (CGROUPS / layout.cgroup, *CGROUPS.glob(f"*/{layout.cgroup}")) if path.is_dir()]


def forget_pods(layout: Layout) -> None:
    """Remove what runtime and kubelet wrote to places that they share with other clusters."""
    ours = re.compile(rf"{re.escape(layout.network)}-([0-9a-f]{{64}})-")
    for path in CNI_RESULTS.glob(f"{layout.network}-*"):
        if found := ours.match(path.name):
            path.unlink(missing_ok=True)
            (CNI_RESULTS / f"cni-loopback-{found[1]}-lo").unlink(missing_ok=True)
    for path in CONTAINER_LOG_LINKS.glob("*.log"):
        if path.is_symlink() and str(path.readlink()).startswith(f"{layout.root}/"):
            path.unlink(missing_ok=True)
