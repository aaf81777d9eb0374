"""What every plugin is told at start."""

from __future__ import annotations

from pathlib import Path

import msgspec
from dra_apiserver import WantedGeneration
from dra_logs import Form, Level


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The flags that all plugins have; ``options`` describes them. ``driver_name`` "": ``serve`` makes one."""

    node_name: str
    pod_uid: str
    namespace: str
    api_generation: WantedGeneration
    driver_name: str
    cdi_root: Path
    device_metadata: bool
    registrar_directory: Path
    plugins_directory: Path
    healthcheck_port: int
    metrics_port: int
    kubeconfig: Path | None
    log_level: Level
    log_format: Form

    @property
    def data_directory(self) -> Path:
        """The driver's own directory: sockets, checkpoint, lock."""
        return self.plugins_directory / self.driver_name


class StartError(Exception):
    """The plugin cannot run; the text is one line for people: what was seen, what to do."""


class LostError(Exception):
    """The plugin could run, and cannot go on; the text is one line for people."""
