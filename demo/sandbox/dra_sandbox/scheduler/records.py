"""API objects as the core's records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import msgspec
from dra_core.snapshot.codec import decode_reporting
from returns.result import Success

from dra_sandbox.world.objects import Kind, World

Record = TypeVar("Record", bound=msgspec.Struct)


def records(kind: type[Record], world: World, of: Kind) -> Iterator[Record]:
    """All objects of a kind as records, in the order of their names; what cannot be read is left out."""
    for value in world.all(of):
        decoded = decode_reporting(kind, value)
        if isinstance(decoded, Success):
            yield decoded.unwrap().record
