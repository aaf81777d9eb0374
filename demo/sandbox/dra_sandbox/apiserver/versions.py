"""One object, several versions: how it is kept and how it is served.

Custom resources differ in nothing but apiVersion (conversion strategy None). Events have two forms, of which core/v1
is kept.
"""

from __future__ import annotations

from collections.abc import Mapping

from dra_core.snapshot.json_value import JsonObject

from dra_sandbox.apiserver.resources import Resource

_EVENT_NAMES: Mapping[str, str] = {
    "regarding": "involvedObject",
    "note": "message",
    "deprecatedCount": "count",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedSource": "source",
    "reportingController": "reportingComponent",
}
"""events.k8s.io/v1 name → core/v1 name."""
_OLD_EVENT_NAMES = {core: new for new, core in _EVENT_NAMES.items()}


def as_stored(resource: Resource, value: JsonObject) -> JsonObject:
    """The object in the version in which it is kept."""
    if value.get("apiVersion") == resource.stored_api_version:
        return value
    renamed = _renamed(value, _EVENT_NAMES) if resource.stored_as == "/events" else value
    return {**renamed, "apiVersion": resource.stored_api_version}


def as_served(resource: Resource, value: JsonObject) -> JsonObject:
    """The object in the version that was asked for."""
    if value.get("apiVersion") == resource.api_version:
        return value
    renamed = _renamed(value, _OLD_EVENT_NAMES) if resource.stored_as == "/events" else value
    return {**renamed, "apiVersion": resource.api_version}


def _renamed(value: JsonObject, names: Mapping[str, str]) -> JsonObject:
    return {names.get(key, key): item for key, item in value.items()}
