"""The text of a request's body as JSON, and which keys it repeats.

A key that is written twice is a fault that the decoded value does not show: decoders keep the last one, and the user
meant the first perhaps. The API server passes parameters on as they were written, repeated keys included.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import msgspec
from returns.result import Failure, Result, Success

from dra_core.refusal import Fault, Refusal, Refusals
from dra_core.snapshot.json_value import Json

Path: TypeAlias = tuple[str | int, ...]
"""Keys of objects and positions in lists, from the outermost inwards."""


class Body(msgspec.Struct, frozen=True):
    """A decoded body.

    Attributes:
        value: As the plugin's decoder reads it: of a repeated key the last value.
        repeated: Where keys are that their object has more than once.
    """

    value: Json
    repeated: tuple[Path, ...]


def read_body(text: bytes) -> Result[Body, Refusals]:
    """Decode JSON (RFC 8259, UTF-8).

    Raises:
        RecursionError: It is nested more deeply than the interpreter can follow.
    """
    try:
        value: Json = msgspec.json.decode(text)
        written: Json = json.loads(text, object_pairs_hook=_as_written)
    except (msgspec.MsgspecError, ValueError) as error:
        seen = f"the body is not JSON: {error}"
        return Failure((Refusal(code="NotDecodable", fault=Fault.ENVIRONMENT, seen=seen),))
    return Success(Body(value, tuple(_repeated(written, ()))))


class _WithRepeatedKeys(dict[str, Json]):
    """An object whose text has some keys more than once."""

    repeated: tuple[str, ...] = ()


def _as_written(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    read = dict(pairs)
    if len(read) == len(pairs):
        return read
    keys = [key for key, _ in pairs]
    marked = _WithRepeatedKeys(read)
    marked.repeated = tuple(key for key in read if keys.count(key) > 1)
    return marked


def _repeated(value: Json, path: Path) -> Iterator[Path]:
    if isinstance(value, Mapping):
        if isinstance(value, _WithRepeatedKeys):
            yield from ((*path, key) for key in value.repeated)
        for key, item in value.items():
            yield from _repeated(item, (*path, key))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for position, item in enumerate(value):
            yield from _repeated(item, (*path, position))
