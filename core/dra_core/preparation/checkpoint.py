"""The checkpoint's text.

    {"formatVersion": 2, "checksum": "<sha256>", "claims": {"<uid>": {"namespace": …, "name": …, "devices": […]}}}

The checksum is the sha256, in hexadecimal digits, of the object without ``checksum``, as JSON with sorted keys and no
spaces. Format version 1 is that of Kubernetes' example driver (apiVersion checkpoint.internal.example.com/v1), which
holds claim UIDs only; a node that ran it goes on without unpreparing anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec
from pyrsistent import pmap

from dra_core.preparation.state import (
    Checkpoint,
    DamagedCheckpoint,
    NewerCheckpoint,
    PreparedClaim,
    PreparedClaims,
)
from dra_core.snapshot.first_use import make_ready
from dra_core.snapshot.json_value import Json, JsonObject, list_at, text_at

FORMAT_VERSION = 2
EXAMPLE_DRIVER_API_VERSION = "checkpoint.internal.example.com/v1"

make_ready(PreparedClaim)


def read_checkpoint(content: bytes | None) -> Checkpoint:
    """What the checkpoint file says; None: there is no file, so nothing is prepared. Never raises."""
    if content is None:
        return PreparedClaims()
    try:
        value: Json = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _damaged(content, f"it is not JSON: {error}" if content else "it is empty")
    if not isinstance(value, Mapping):
        return _damaged(content, "it is not a JSON object")
    if value.get("apiVersion") == EXAMPLE_DRIVER_API_VERSION:
        return _read_format_1(content, value)
    version = value.get("formatVersion")
    if not isinstance(version, int) or isinstance(version, bool) or version < FORMAT_VERSION:
        return _damaged(content, "it has no format version that was ever in use")
    if version > FORMAT_VERSION:
        return _read_newer(version, value)
    return _read_format_2(content, value)


def checkpoint_text(checkpoint: PreparedClaims | NewerCheckpoint) -> str:
    """The file's text. ``read_checkpoint(checkpoint_text(x).encode()) == x``."""
    body = _body(checkpoint)
    return _canonical({**body, "checksum": _checksum(body)}).decode() + "\n"


def _body(checkpoint: PreparedClaims | NewerCheckpoint) -> JsonObject:
    match checkpoint:
        case PreparedClaims(claims=prepared):
            claims: JsonObject = {uid: msgspec.to_builtins(claim) for uid, claim in prepared.items()}
            return {"formatVersion": FORMAT_VERSION, "claims": claims}
        case NewerCheckpoint(version=version, envelope=envelope, claims=others):
            found: JsonObject = {} if others is None else {"claims": dict(others)}
            return {**envelope, "formatVersion": version, **found}


def _canonical(value: JsonObject) -> bytes:
    return msgspec.json.encode(value, order="sorted")


def _checksum(value: JsonObject) -> str:
    return hashlib.sha256(_canonical({key: each for key, each in value.items() if key != "checksum"})).hexdigest()


def _damaged(content: bytes, reason: str) -> DamagedCheckpoint:
    return DamagedCheckpoint(reason=reason, digest=hashlib.sha256(content).hexdigest()[:16])


def _read_format_2(content: bytes, value: JsonObject) -> Checkpoint:
    if value.get("checksum") != _checksum(value):
        return _damaged(content, "its checksum does not fit its content")
    try:
        claims = msgspec.convert(value.get("claims"), dict[str, PreparedClaim])
    except msgspec.ValidationError as error:
        return _damaged(content, f"its claims are not understood: {error}")
    return PreparedClaims(pmap(claims))


def _read_newer(version: int, value: JsonObject) -> NewerCheckpoint:
    """Whatever its checksum: a later format may compute it otherwise, and nothing of it must be lost."""
    claims = value.get("claims")
    by_uid = pmap(dict(claims)) if isinstance(claims, Mapping) else None
    left_out = ("checksum", "formatVersion") if by_uid is None else ("checksum", "formatVersion", "claims")
    return NewerCheckpoint(
        version=version,
        envelope={key: each for key, each in value.items() if key not in left_out},
        claims=by_uid,
    )


def _read_format_1(content: bytes, value: JsonObject) -> Checkpoint:
    if value.get("kind") != "Checkpoint" or not value.keys() <= {"apiVersion", "kind", "preparedClaims"}:
        return _damaged(content, "its fields are not those of format version 1")  # which has no checksum
    entries = list_at(value, "preparedClaims")
    uids = [text_at(entry, "uid") for entry in entries]
    if not all(uids):
        return _damaged(content, "a prepared claim in it has no UID")
    return PreparedClaims(pmap({uid: PreparedClaim() for uid in uids}))
