"""Finds plugins by the sockets that they put into the registry directory, and notices when these go.

A socket is known by its inode, too: a plugin that was killed leaves its socket behind, and the one that comes next
replaces it under the same name.
"""

from __future__ import annotations

import logging
import stat
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from returns.result import Failure

from dra_sandbox.kubelet.plugins import Plugins

LOOK_SECONDS = 0.1  # Python's library has no inotify; a look costs about 0.1 ms
AGAIN_SECONDS = 1.0  # the kubelet's reconciler tries registrations again this often

Identity: TypeAlias = tuple[int, int]
"""Inode and time of its last change."""

log = logging.getLogger(__name__)


class PluginWatcher:
    """Looks at the directory in a thread of its own, until it is stopped."""

    def __init__(self, directory: Path, plugins: Plugins) -> None:
        self._directory = directory
        self._plugins = plugins
        self._registered: dict[str, Identity] = {}
        self._again: dict[str, float] = {}
        self._complaints: dict[str, tuple[str, bool]] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="plugin-watcher", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; registrations stay as they are."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._look(sockets_in(self._directory))
            self._stopped.wait(LOOK_SECONDS)

    def _look(self, found: Mapping[str, Identity]) -> None:
        for path in [path for path, identity in self._registered.items() if found.get(path) != identity]:
            del self._registered[path]
            self._plugins.unregister(path)
        for path in [path for path in self._again if path not in found]:
            del self._again[path]
        now = time.monotonic()
        for path, identity in found.items():
            if path in self._registered or self._again.get(path, now) > now:
                continue
            answer = self._plugins.register(path)
            if isinstance(answer, Failure):
                self._again[path] = time.monotonic() + AGAIN_SECONDS
                self._complain(path, answer.failure())
            else:
                self._again.pop(path, None)
                self._complaints.pop(path, None)
                self._registered[path] = identity

    def _complain(self, path: str, why: str) -> None:
        """Once, and not the first time: a socket is there a moment before anybody answers at it."""
        known, told = self._complaints.get(path, ("", False))
        if known == why and not told:
            log.warning("%s", why)
        self._complaints[path] = why, known == why


def sockets_in(directory: Path) -> Mapping[str, Identity]:
    """All unix sockets in the directory and below it, as the kubelet looks for them."""
    found: dict[str, Identity] = {}
    for path in directory.rglob("*"):
        try:
            status = path.lstat()
        except OSError:
            continue
        if stat.S_ISSOCK(status.st_mode):
            found[str(path)] = status.st_ino, status.st_ctime_ns
    return found
