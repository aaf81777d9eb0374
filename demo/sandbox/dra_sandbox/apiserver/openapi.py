"""OpenAPI v3 documents, from the schemas that prune, merge and validate: for kubectl's apply, patch and explain."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, object_at, thaw

from dra_sandbox.apiserver.catalog import Catalog
from dra_sandbox.apiserver.requests import APPLY_PATCH, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH
from dra_sandbox.apiserver.resources import Resource
from dra_sandbox.apiserver.schema import Schema

_META = "io.k8s.apimachinery.pkg.apis.meta.v1"
_META_TYPES = ("ObjectMeta", "OwnerReference", "Condition", "LabelSelector", "SelectorRequirement")
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_PACKAGES: Mapping[str, str] = {
    "": "core",
    "rbac.authorization.k8s.io": "rbac",
    "apiextensions.k8s.io": "apiextensions",
}
_MAPS = {"map": "map", "set": "set", "listmap": "map", "list": "atomic"}
_VALIDATED: JsonObject = {
    "name": "fieldValidation",
    "in": "query",
    "description": "What becomes of unknown fields: Ignore, Warn or Strict.",
    "schema": {"type": "string", "uniqueItems": True},
}


def paths_document(catalog: Catalog) -> JsonObject:
    """GET /openapi/v3: where the document of each group and version is; the hash changes with its content."""
    versions = dict.fromkeys((one.group, one.version) for one in catalog.resources)
    paths: dict[str, Json] = {}
    for group, version in versions:
        path = f"apis/{group}/{version}" if group else f"api/{version}"
        document = msgspec.json.encode(group_document(catalog, group, version))
        digest = hashlib.sha256(document).hexdigest()[:32].upper()
        paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
    return {"paths": paths}


def group_document(catalog: Catalog, group: str, version: str) -> JsonObject | None:
    """GET /openapi/v3/apis/GROUP/VERSION."""
    resources = [one for one in catalog.resources if (one.group, one.version) == (group, version)]
    if not resources:
        return None
    components: dict[str, Json] = {_QUANTITY: {"type": "string", "description": "An amount such as 500m or 4Gi."}}
    paths: dict[str, Json] = {}
    for one in resources:
        name = _component_of(one)
        components[name] = {**_root_schema(one, components), "x-kubernetes-group-version-kind": [_kind(one)]}
        paths |= _paths_of(one, name)
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "unversioned"},
        "paths": paths,
        "components": {"schemas": components},
    }


def _paths_of(one: Resource, component: str) -> JsonObject:
    root = f"/apis/{one.group}/{one.version}" if one.group else f"/api/{one.version}"
    collection = f"{root}/namespaces/{{namespace}}/{one.plural}" if one.namespaced else f"{root}/{one.plural}"
    media = [JSON_PATCH, MERGE_PATCH, APPLY_PATCH, *(() if one.custom else (STRATEGIC_PATCH,))]
    paths: dict[str, Json] = {
        collection: {
            "get": _operation(one, component, "list"),
            "post": _operation(one, component, "post", ["application/json", "application/yaml"]),
        },
        f"{collection}/{{name}}": _item(one, component, media),
    }
    if one.status:
        paths[f"{collection}/{{name}}/status"] = _item(one, component, media)
    return paths


def _item(one: Resource, component: str, media: Sequence[str]) -> JsonObject:
    return {
        "get": _operation(one, component, "get"),
        "put": _operation(one, component, "put", ["application/json", "application/yaml"]),
        "patch": _operation(one, component, "patch", media),
        "delete": _operation(one, component, "delete"),
    }


def _operation(one: Resource, component: str, action: str, media: Sequence[str] = ()) -> JsonObject:
    reference: JsonObject = {"schema": _reference(component)}
    content: dict[str, Json] = {
        kind: reference if action != "patch" else {"schema": {"type": "object"}} for kind in media
    }
    return {
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": _kind(one),
        "responses": {"200": {"description": "OK", "content": {"application/json": reference}}},
        **({"parameters": [_VALIDATED], "requestBody": {"content": content}} if media else {}),
    }


def _kind(one: Resource) -> JsonObject:
    return {"group": one.group, "version": one.version, "kind": one.kind}


def _component_of(one: Resource) -> str:
    if one.custom:
        return f"{'.'.join(reversed(one.group.split('.')))}.{one.version}.{one.kind}"
    return f"{_package(one)}.{one.kind}"


def _package(one: Resource) -> str:
    name = _PACKAGES.get(one.group, one.group.partition(".")[0])
    return f"io.k8s.api.{name}.{one.version}"


def _root_schema(one: Resource, components: dict[str, Json]) -> JsonObject:
    if not one.custom:
        return _object(one.schema, _package(one), components)
    written = thaw(one.validation)
    plain: JsonObject = written if isinstance(written, dict) else {}
    fields: JsonObject = {
        **object_at(plain, "properties"),
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": _json_schema(one.schema.fields["metadata"], _META, components, "ObjectMeta"),
    }
    return {"type": "object", **plain, "properties": fields}


def _json_schema(schema: Schema, package: str, components: dict[str, Json], name: str = "") -> JsonObject:
    """A schema as OpenAPI; named types become components."""
    name = name or schema.reference
    if name:
        target = schema.book[name] if schema.reference else schema
        full = f"{_META if name in _META_TYPES else package}.{name}"
        if full not in components:
            components[full] = {}  # types may contain themselves
            components[full] = _object(target, package, components)
        return {"allOf": [_reference(full)], "default": {}}
    match schema.shape:
        case "object":
            return _object(schema, package, components)
        case "map":
            return {"type": "object", "additionalProperties": _inner(schema.items, package, components)}
        case "list" | "set" | "listmap":
            return _list(schema, package, components)
        case "scalar":
            return _scalar(schema)
        case _:
            return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def _inner(schema: Schema | None, package: str, components: dict[str, Json]) -> JsonObject:
    return {"type": "object"} if schema is None else _json_schema(schema, package, components)


def _object(schema: Schema, package: str, components: dict[str, Json]) -> JsonObject:
    fields = {name: _json_schema(field, package, components) for name, field in schema.fields.items()}
    described: JsonObject = {"description": schema.description} if schema.description else {}
    return {"type": "object", **described, "properties": fields}


def _list(schema: Schema, package: str, components: dict[str, Json]) -> JsonObject:
    document: dict[str, Json] = {
        "type": "array",
        "items": _inner(schema.items, package, components),
        "x-kubernetes-list-type": _MAPS[schema.shape],
    }
    if schema.keys:
        document["x-kubernetes-list-map-keys"] = list(schema.keys)
    if schema.merge_key:
        document["x-kubernetes-patch-strategy"] = "merge"
        if schema.merge_key != "*":
            document["x-kubernetes-patch-merge-key"] = schema.merge_key
    return document


def _scalar(schema: Schema) -> JsonObject:
    match schema.scalar:
        case "quantity":
            return {"allOf": [_reference(_QUANTITY)]}
        case "int-or-string":
            return {"type": "string", "format": "int-or-string"}
        case kind:
            return {"type": kind}


def _reference(name: str) -> JsonObject:
    return {"$ref": f"#/components/schemas/{name}"}
