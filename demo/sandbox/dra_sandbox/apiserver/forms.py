"""The forms of an answer: whole objects, only their metadata, or a table for people (meta/v1 Table)."""

from __future__ import annotations

from collections.abc import Sequence

from dra_core.snapshot.json_value import Json, JsonObject

from dra_sandbox.apiserver.columns import columns_of, row_of
from dra_sandbox.apiserver.requests import Circumstances, Form, Request
from dra_sandbox.apiserver.resources import Resource

_META_VERSION = "meta.k8s.io/v1"


def one(request: Request, value: JsonObject, circumstances: Circumstances) -> JsonObject:
    """One object in the form that is asked for."""
    match request.form:
        case "table":
            return table(request.resource, [value], {}, request.options.include_object, circumstances)
        case "metadata":
            return only_metadata(value)
        case _:
            return value


def several(
    request: Request, values: Sequence[JsonObject], metadata: JsonObject, circumstances: Circumstances
) -> JsonObject:
    """A list in the form that is asked for."""
    match request.form:
        case "table":
            return table(request.resource, values, metadata, request.options.include_object, circumstances)
        case "metadata":
            items: list[Json] = [only_metadata(value) for value in values]
            return {
                "kind": "PartialObjectMetadataList",
                "apiVersion": _META_VERSION,
                "metadata": metadata,
                "items": items,
            }
        case _:
            return {
                "kind": f"{request.resource.kind}List",
                "apiVersion": request.resource.api_version,
                "metadata": metadata,
                "items": list(values),
            }


def only_metadata(value: JsonObject) -> JsonObject:
    """meta/v1 PartialObjectMetadata."""
    return {"kind": "PartialObjectMetadata", "apiVersion": _META_VERSION, "metadata": value.get("metadata")}


def table(
    resource: Resource,
    values: Sequence[JsonObject],
    metadata: JsonObject,
    include_object: str,
    circumstances: Circumstances,
) -> JsonObject:
    """meta/v1 Table: the columns that kubectl prints."""
    columns = columns_of(resource)
    rows: list[Json] = []
    for value in values:
        row: dict[str, Json] = {"cells": list(row_of(resource, value, circumstances.now))}
        match include_object:
            case "Object":
                row["object"] = value
            case "None":
                pass
            case _:
                row["object"] = only_metadata(value)
        rows.append(row)
    definitions: list[Json] = [
        {
            "name": column.name,
            "type": column.type,
            "format": column.format,
            "description": column.description,
            "priority": column.priority,
        }
        for column in columns
    ]
    return {
        "kind": "Table",
        "apiVersion": _META_VERSION,
        "metadata": metadata,
        "columnDefinitions": definitions,
        "rows": rows,
    }


def in_form(
    form: Form, resource: Resource, value: JsonObject, include_object: str, circumstances: Circumstances
) -> JsonObject:
    """The object of a watch event in the form that is asked for."""
    match form:
        case "table":
            return table(resource, [value], {}, include_object, circumstances)
        case "metadata":
            return only_metadata(value)
        case _:
            return value
