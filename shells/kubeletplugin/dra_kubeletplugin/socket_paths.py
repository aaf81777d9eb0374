"""Where the plugin's sockets are.

Names as k8s.io/dynamic-resource-allocation v0.37 (package kubeletplugin) forms them, so that drivers in Go and in
Python can take over from one another: plain names for a single instance; with a pod UID in the name, an old and a new
instance can serve side by side during a rolling update (kubelet 1.33 and newer).
"""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

import msgspec

LONGEST_PATH = 107
"""Bytes: ``sun_path`` of ``sockaddr_un`` has 108 on Linux, and the last one is NUL."""


class SocketPaths(msgspec.Struct, frozen=True):
    """The socket for the kubelet's plugin watcher, and the one that serves the driver."""

    registration: Path
    driver: Path


class PathTooLong(msgspec.Struct, frozen=True):
    """No allowed name makes a path that the kernel takes; ``path`` is the shortest one."""

    path: Path


def socket_paths(registry: Path, data: Path, driver_name: str, pod_uid: str) -> SocketPaths | PathTooLong:
    """The sockets of this instance; ``data`` is the driver's own directory below the plugins directory."""
    registration, driver = _names(driver_name, pod_uid) if pod_uid else ((f"{driver_name}-reg.sock",), ("dra.sock",))
    first, second = _first_that_fits(registry, registration), _first_that_fits(data, driver)
    if isinstance(first, PathTooLong):
        return first
    if isinstance(second, PathTooLong):
        return second
    return SocketPaths(registration=first, driver=second)


def _names(driver_name: str, pod_uid: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names for the registration and for the driver's socket, the preferred one first."""
    short = _digest(pod_uid, 8)
    both = _digest(f"{driver_name}\0" + pod_uid, 16)
    registration = (f"{driver_name}-{pod_uid}-reg.sock", f"{driver_name}-{short}-reg.sock", f"dra-{both}-reg.sock")
    return registration, (f"dra-{pod_uid}.sock", f"dra-{short}.sock")


def _first_that_fits(directory: Path, names: tuple[str, ...]) -> Path | PathTooLong:
    paths = [directory / name for name in names]
    shortest = min(paths, key=_length)
    return next((path for path in paths if _length(path) <= LONGEST_PATH), PathTooLong(shortest))


def _length(path: Path) -> int:
    return len(os.fsencode(path))


def _digest(text: str, length: int) -> str:
    """The first bytes of the sha256, in the alphabet of URLs and file names, without padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:length]).rstrip(b"=").decode()
