"""What each kind adds to the rules that all objects share: defaults, what a write resets, and validation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import msgspec
from dra_core.refusal import Refusal
from dra_core.snapshot.json_value import JsonObject

from dra_sandbox.apiserver.requests import Circumstances

Prepare: TypeAlias = Callable[[JsonObject, JsonObject | None, Circumstances], JsonObject]
"""New object, old object (None: it is created), circumstances → the object as it is kept."""
Check: TypeAlias = Callable[[JsonObject, JsonObject | None], Iterator[Refusal]]
"""New object, old object → what is wrong."""


def _as_it_is(value: JsonObject, _old: JsonObject | None, _circumstances: Circumstances) -> JsonObject:
    return value


def _nothing(_value: JsonObject, _old: JsonObject | None) -> Iterator[Refusal]:
    return iter(())


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of a kind.

    Attributes:
        prepare: Sets defaults and what only the server says.
        check: Validates.
        keeps_status_at_creation: Whether a new object may come with a status (nodes do).
        status_metadata: Fields of metadata that a write to /status changes.
        needs_version: Whether an update must say which resourceVersion it is for.
        returned_when_deleted: Whether DELETE answers with the object instead of a Status.
        default_propagation: What becomes of dependents if DELETE does not say.
    """

    prepare: Prepare = _as_it_is
    check: Check = _nothing
    keeps_status_at_creation: bool = False
    status_metadata: tuple[str, ...] = ()
    needs_version: bool = False
    returned_when_deleted: bool = False
    default_propagation: str = "Background"


RULES: Mapping[str, Rules] = {}


def rules_of(store_key: str, *, custom: bool) -> Rules:
    """The rules of the kind that is stored under the key."""
    return RULES.get(store_key, _CUSTOM if custom else _PLAIN)


_PLAIN = Rules()
_CUSTOM = Rules(needs_version=True)
