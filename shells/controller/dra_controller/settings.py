"""What the controller is told at start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
from dra_apiserver import WantedGeneration
from dra_core.snapshot.generation import Generation

DRIVER_NAMES: Mapping[Generation, str] = {"classic": "gpu.resource.example.com", "modern": "gpu.example.com"}
"""What the driver is called if nobody says."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All flags; the command line describes them. ``driver_name`` "": as the generation's driver is called."""

    api_generation: WantedGeneration
    driver_name: str
    namespace: str
    workers: int
    resync_seconds: float
    leader_election: bool
    binding_conditions: bool
    identity: str
    http_port: int
    kubeconfig: Path | None


class StartError(Exception):
    """The controller cannot run; the text is one line for people: what was seen, what to do."""
