"""What the controller is told at start."""

from __future__ import annotations

from pathlib import Path

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All flags; the command line describes them."""

    driver_name: str
    namespace: str
    workers: int
    resync_seconds: float
    leader_election: bool
    identity: str
    http_port: int
    kubeconfig: Path | None


class StartError(Exception):
    """The controller cannot run; the text is one line for people: what was seen, what to do."""
