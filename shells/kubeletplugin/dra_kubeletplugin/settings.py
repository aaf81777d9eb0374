"""What the plugin is told at start."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All flags; the command line describes them."""

    node_name: str
    pod_uid: str
    driver_name: str
    num_devices: int
    gpu_partitions: int
    gpu_allow_multiple_allocations: bool
    binding_conditions: bool
    cdi_root: Path
    registrar_directory: Path
    plugins_directory: Path
    unhealthy_directory: Path | None
    healthcheck_port: int
    metrics_port: int
    kubeconfig: Path | None

    @property
    def data_directory(self) -> Path:
        """The driver's own directory: sockets, checkpoint, lock."""
        return self.plugins_directory / self.driver_name


class StartError(Exception):
    """The plugin cannot run; the text is one line for people: what was seen, what to do."""
