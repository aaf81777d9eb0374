"""The kubelet plugin's part of a NodeAllocationState on clusters of resource.k8s.io/v1: which claims are prepared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from dra_core.nodestate.merge_patch import difference
from dra_core.snapshot.json_value import Json, JsonObject, object_at, text_at

PoolAndDevice: TypeAlias = tuple[str, str]
"""Name of a pool, and of a device in it."""


def prepared_claims_patch(found: JsonObject, prepared: Mapping[str, Sequence[PoolAndDevice]]) -> JsonObject | None:
    """The JSON merge patch that makes ``spec.preparedClaims`` say what is prepared; None: it does.

    Everything else in the object is the controller's, so the patch names nothing else, and asks only that it be the
    same object.

    Args:
        found: The node's state, as it was read.
        prepared: The devices of each prepared claim, by claim UID.
    """
    wanted: dict[str, Json] = {uid: _entry(devices) for uid, devices in prepared.items()}
    changes = difference(object_at(found, "spec", "preparedClaims"), wanted)
    if not changes:
        return None
    spec: JsonObject = {"preparedClaims": changes if wanted else None}
    return {"metadata": {"uid": text_at(found, "metadata", "uid")}, "spec": spec}


def _entry(devices: Sequence[PoolAndDevice]) -> dict[str, Json]:
    return {"devices": [{"pool": pool, "device": device} for pool, device in devices]}
