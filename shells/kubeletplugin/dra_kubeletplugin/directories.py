"""The directories that the plugin needs: found wanting before anything is served, in one line for people."""

from __future__ import annotations

import os
from pathlib import Path

from dra_kubeletplugin.settings import Settings, StartError

DATA_MODE = 0o750
"""As the Go helper makes it: the checkpoint and the sockets are root's."""


def make_ready(settings: Settings) -> None:
    """Check the kubelet's directories, make the plugin's own ones.

    Raises:
        StartError: One is missing or cannot be written.
    """
    _kubelets(settings.registrar_directory, "--kubelet-registrar-directory-path")
    _kubelets(settings.plugins_directory, "--kubelet-plugins-directory-path")
    _own(settings.data_directory, DATA_MODE, "--kubelet-plugins-directory-path")
    _own(settings.cdi_root, 0o755, "--cdi-root")


def _kubelets(directory: Path, flag: str) -> None:
    if not directory.is_dir():
        raise StartError(
            f"the kubelet's directory {directory} does not exist: "
            f"does the kubelet run on this node, with another root directory? ({flag})"
        )
    _writable(directory, flag)


def _own(directory: Path, mode: int, flag: str) -> None:
    try:
        directory.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"cannot make the directory {directory}: {error.strerror} ({flag})") from error
    _writable(directory, flag)


def _writable(directory: Path, flag: str) -> None:
    # access(2) also tells of read-only mounts, which root's permissions do not overcome.
    if not os.access(directory, os.W_OK | os.X_OK):
        raise StartError(f"cannot write to the directory {directory}: is it mounted read-only? ({flag})")
