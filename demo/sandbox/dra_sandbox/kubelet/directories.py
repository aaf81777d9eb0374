"""Where a node keeps its files: a directory of its own, in which well-known paths of a real node have short names.

Short, because a unix socket's path has at most 107 bytes, and a plugin's socket may carry a pod's UID in its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import msgspec

PLACES: Mapping[str, str] = {
    "/var/lib/kubelet": "kubelet",
    "/var/run/cdi": "cdi",
    "/run/cdi": "cdi",
    "/etc/cdi": "etc-cdi",
}
"""Paths of a real node, and what stands for them."""


class NodeDirectories(msgspec.Struct, frozen=True):
    """The directories of one node."""

    root: Path

    @property
    def registry(self) -> Path:
        """Where plugins put their registration sockets."""
        return self.root / "kubelet" / "plugins_registry"

    @property
    def plugins(self) -> Path:
        """Where plugins keep their own things."""
        return self.root / "kubelet" / "plugins"

    @property
    def pods(self) -> Path:
        """A directory for each pod, by UID."""
        return self.root / "kubelet" / "pods"

    @property
    def checkpoint(self) -> Path:
        """What the kubelet remembers of prepared claims; the name is the real kubelet's."""
        return self.root / "kubelet" / "dra_manager_state"

    @property
    def cdi(self) -> tuple[Path, ...]:
        """Where the runtime looks for CDI files, in rising priority (containerd's default order)."""
        return self.root / "etc-cdi", self.root / "cdi"

    def of_host(self, path: str) -> Path:
        """What stands for a path of the node's file system."""
        wanted = PurePosixPath(path)
        for place, name in PLACES.items():
            if wanted.is_relative_to(place):
                return self.root / name / wanted.relative_to(place)
        return self.root / "host" / wanted.relative_to("/")

    def make(self) -> None:
        """Create what a node has from the start."""
        for directory in (self.registry, self.plugins, self.pods, *self.cdi):
            directory.mkdir(parents=True, exist_ok=True)
