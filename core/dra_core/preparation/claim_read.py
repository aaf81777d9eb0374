"""What came of reading a claim from the API server."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from dra_core.snapshot.json_value import JsonObject


class ClaimFound(msgspec.Struct, frozen=True):
    """The ResourceClaim (resource.k8s.io/v1), as the API server sent it."""

    claim: JsonObject


class ClaimMissing(msgspec.Struct, frozen=True):
    """The API server says that there is no claim of that name (404)."""


class ClaimUnreadable(msgspec.Struct, frozen=True):
    """The claim could not be read; ``why`` is for people."""

    why: str


ClaimRead: TypeAlias = ClaimFound | ClaimMissing | ClaimUnreadable
