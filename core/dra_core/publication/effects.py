"""Writes to the API server, as data."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from dra_core.snapshot.json_value import JsonObject


class DeleteSlice(msgspec.Struct, frozen=True):
    """DELETE with both preconditions; not found is success, a conflict means: read again and plan again."""

    name: str
    uid: str
    resource_version: str


class UpdateSlice(msgspec.Struct, frozen=True):
    """PUT; the object carries ``metadata.resourceVersion``. A conflict or 404 means: read again and plan again."""

    object: JsonObject


class CreateSlice(msgspec.Struct, frozen=True):
    """POST; the object carries ``metadata.generateName``."""

    object: JsonObject


SliceEffect: TypeAlias = DeleteSlice | UpdateSlice | CreateSlice
