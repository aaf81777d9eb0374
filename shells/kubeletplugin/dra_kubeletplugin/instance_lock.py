"""At most one process per socket name, and nothing left behind by those that died."""

from __future__ import annotations

import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dra_kubeletplugin.settings import StartError
from dra_kubeletplugin.socket_paths import SocketPaths

SUFFIX = ".lock"


@contextmanager
def only_instance(paths: SocketPaths, driver_name: str) -> Iterator[None]:
    """Hold the right to serve these sockets; both are removed at the end.

    The right is a lock on a file beside the driver's socket; the kernel takes it back when the process dies. The file
    names the registration socket, so that whoever comes next can clear up behind an instance that was killed.

    Raises:
        StartError: Another process has it.
        OSError: The lock file cannot be written.
    """
    lock = paths.driver.with_name(paths.driver.name + SUFFIX)
    descriptor = _taken(lock)
    if descriptor is None or _answers(paths.registration):
        raise StartError(
            f"another plugin already serves the driver {driver_name} on this node (socket {paths.registration}): "
            "stop it, or give one of the two another --driver-name"
        )
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, os.fsencode(paths.registration), 0)
        _remove_sockets(paths.registration, paths.driver)
        yield
    finally:
        _remove_sockets(paths.registration, paths.driver)
        lock.unlink(missing_ok=True)
        os.close(descriptor)


def clear_up_behind_the_dead(data: Path, registry: Path) -> tuple[Path, ...]:
    """Remove sockets of instances that died without removing them; what was removed.

    A socket that nobody serves makes the kubelet try, and log, for ever.
    """
    removed: list[Path] = []
    for lock in sorted(data.glob(f"dra*.sock{SUFFIX}")):
        descriptor = _taken(lock)
        if descriptor is None:
            continue
        try:
            named = os.fsdecode(os.pread(descriptor, os.pathconf("/", "PC_PATH_MAX"), 0))
            registration = registry / Path(named).name if named else None
            driver = lock.with_name(lock.name.removesuffix(SUFFIX))
            sockets = [driver] if registration is None else [registration, driver]
            removed += _remove_sockets(*sockets)
            lock.unlink(missing_ok=True)
        finally:
            os.close(descriptor)
    return tuple(removed)


def _taken(lock: Path) -> int | None:
    """A descriptor that holds the lock, or None if another process does."""
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Who held it before may have removed the file in between: then this lock is on a file without a name.
            if lock.exists() and os.path.samestat(os.fstat(descriptor), lock.stat()):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _remove_sockets(*paths: Path) -> list[Path]:
    removed = []
    for path in paths:
        if path.is_socket() and stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink(missing_ok=True)
            removed.append(path)
    return removed


def _answers(path: Path) -> bool:
    """Whether somebody listens: perhaps a driver that knows nothing of the lock."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.settimeout(1)
            probe.connect(str(path))
        except OSError:
            return False
        return True
