"""ObjectMeta: what every Kubernetes object carries (apimachinery meta/v1)."""

from __future__ import annotations

from collections.abc import Mapping

from dra_core.snapshot.api_record import ApiRecord, PartialApiRecord
from dra_core.snapshot.json_value import JsonObject


class OwnerReference(PartialApiRecord, frozen=True, kw_only=True):
    """Who an object belongs to; garbage collection follows it."""

    api_version: str
    kind: str
    name: str
    uid: str
    controller: bool | None = None
    block_owner_deletion: bool | None = None


class ObjectMeta(ApiRecord, frozen=True, kw_only=True):
    """Identity and bookkeeping of an object."""

    name: str = ""
    generate_name: str = ""
    namespace: str = ""
    self_link: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    deletion_grace_period_seconds: int | None = None
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    owner_references: tuple[OwnerReference, ...] = ()
    finalizers: tuple[str, ...] = ()
    managed_fields: tuple[JsonObject, ...] = ()
