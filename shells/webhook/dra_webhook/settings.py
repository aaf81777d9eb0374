"""What the webhook is told at start."""

from __future__ import annotations

from pathlib import Path

import msgspec
from dra_core.profiles import Profile


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All flags but those of the log; the command line describes them."""

    driver_name: str
    profile: Profile
    certificate_file: Path
    key_file: Path
    port: int


class StartError(Exception):
    """The webhook cannot run; the text is one line for people: what was seen, what to do."""
