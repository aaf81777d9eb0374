"""The checkpoint's text: a JSON object with a format version, a checksum, and the prepared claims by UID."""

from __future__ import annotations

from dra_core.preparation.state import Checkpoint, NewerCheckpoint, PreparedClaims

FORMAT_VERSION = 2
"""1 is the format of Kubernetes' example driver (apiVersion checkpoint.internal.example.com/v1): claim UIDs only."""


def read_checkpoint(content: bytes | None) -> Checkpoint:
    """What the checkpoint file says; None: there is no file, so nothing is prepared. Never raises."""
    raise NotImplementedError


def checkpoint_text(checkpoint: PreparedClaims | NewerCheckpoint) -> str:
    """The file's text. ``read_checkpoint(checkpoint_text(x).encode()) == x``."""
    raise NotImplementedError
