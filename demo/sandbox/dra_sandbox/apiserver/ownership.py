"""Who owns which field (metadata.managedFields)."""

from __future__ import annotations

from dra_core.snapshot.json_value import JsonObject, object_at

from dra_sandbox.apiserver.requests import Circumstances, Request


def after_write(
    request: Request, value: JsonObject, old: JsonObject | None, circumstances: Circumstances
) -> JsonObject:
    """The object with the ownership that this write leaves."""
    _ = request, old, circumstances
    return value


def same(value: JsonObject, old: JsonObject) -> bool:
    """Whether two states of an object differ in nothing but bookkeeping."""
    return _plain(value) == _plain(old)


def _plain(value: JsonObject) -> JsonObject:
    metadata = {
        key: item
        for key, item in object_at(value, "metadata").items()
        if key not in ("managedFields", "resourceVersion")
    }
    return {**value, "metadata": metadata}
