"""CustomResourceDefinitions as resources: apiextensions/v1 schemas read into the records that built-in kinds have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, object_at, text_at

from dra_sandbox.apiserver.resources import PrinterColumn, Resource
from dra_sandbox.apiserver.schema import ANYTHING, Scalar, Schema, read_book
from dra_sandbox.apiserver.schemas_core import META
from dra_sandbox.world.objects import condition_status, objects_at

CUSTOM_RESOURCES = "apiextensions.k8s.io/customresourcedefinitions"
"""Where the definitions are stored."""
_META = read_book(META)["ObjectMeta"]
_TEXT = Schema(shape="scalar")
_SCALARS: Mapping[str, Scalar] = {"integer": "integer", "number": "number", "boolean": "boolean", "string": "string"}


def resources_of(definition: JsonObject) -> tuple[Resource, ...]:
    """The served versions of a definition, the stored one first; none before it is Established."""
    if condition_status(definition, "Established") != "True":
        return ()
    versions = sorted(
        objects_at(definition, "spec", "versions"), key=lambda version: version.get("storage") is not True
    )
    return tuple(_resource(definition, version) for version in versions if version.get("served") is True)


def storage_version(definition: JsonObject) -> str:
    """The version in which objects are kept."""
    return next(
        (text_at(one, "name") for one in objects_at(definition, "spec", "versions") if one.get("storage") is True), ""
    )


def _resource(definition: JsonObject, version: JsonObject) -> Resource:
    names = object_at(definition, "spec", "names")
    subresources = object_at(version, "subresources")
    return Resource(
        group=text_at(definition, "spec", "group"),
        version=text_at(version, "name"),
        kind=text_at(names, "kind"),
        plural=text_at(names, "plural"),
        singular=text_at(names, "singular"),
        namespaced=text_at(definition, "spec", "scope") != "Cluster",
        short_names=_texts(names, "shortNames"),
        categories=_texts(names, "categories"),
        status="status" in subresources,
        counts_generation=True,
        selectable=tuple(text_at(field, "jsonPath").lstrip(".") for field in objects_at(version, "selectableFields")),
        schema=schema_of_version(version),
        printer_columns=tuple(_columns(version)),
        validation=object_at(version, "schema", "openAPIV3Schema"),
        custom=True,
        storage_version=storage_version(definition),
    )


def schema_of_version(version: JsonObject) -> Schema:
    """The schema of whole objects: what the definition says, and the fields that all objects have."""
    written = object_at(version, "schema", "openAPIV3Schema")
    read = schema_of(written)
    fields = {**read.fields, "apiVersion": _TEXT, "kind": _TEXT, "metadata": _META}
    return Schema(
        shape="object",
        fields=fields,
        open=read.open,
        description=text_at(written, "description"),
        required=read.required,
    )


def schema_of(written: Json) -> Schema:
    """An OpenAPI schema with Kubernetes' extensions, as a record."""
    if not isinstance(written, Mapping):
        return ANYTHING
    description, kind = text_at(written, "description"), text_at(written, "type")
    if written.get("x-kubernetes-int-or-string") is True:
        return Schema(shape="scalar", scalar="int-or-string", description=description)
    if written.get("x-kubernetes-embedded-resource") is True and "properties" not in written:
        return ANYTHING
    match kind:
        case "object":
            return _object_schema(written, description)
        case "array":
            return _list_schema(written, description)
        case _ if kind in _SCALARS:
            return Schema(shape="scalar", scalar=_SCALARS[kind], description=description)
        case _:
            return ANYTHING


def _object_schema(written: JsonObject, description: str) -> Schema:
    atomic = written.get("x-kubernetes-map-type") == "atomic"
    entries = written.get("additionalProperties")
    if isinstance(entries, Mapping):
        return Schema(shape="map", items=schema_of(entries), atomic=atomic, description=description)
    fields = {name: schema_of(field) for name, field in object_at(written, "properties").items()}
    keeps = written.get("x-kubernetes-preserve-unknown-fields") is True or entries is True
    if keeps and not fields:
        return Schema(shape="any", description=description)
    return Schema(
        shape="object",
        fields=fields,
        atomic=atomic,
        open=keeps,
        description=description,
        required=_texts(written, "required"),
    )


def _list_schema(written: JsonObject, description: str) -> Schema:
    items = schema_of(written.get("items"))
    match written.get("x-kubernetes-list-type"):
        case "set":
            return Schema(shape="set", items=items, merge_key="*", description=description)
        case "map":
            keys = _texts(written, "x-kubernetes-list-map-keys")
            return Schema(
                shape="listmap", items=items, keys=keys, merge_key=keys[0] if keys else "", description=description
            )
        case _:
            return Schema(shape="list", items=items, description=description)


def _columns(version: JsonObject) -> Iterator[PrinterColumn]:
    for column in objects_at(version, "additionalPrinterColumns"):
        priority = at(column, "priority")
        yield PrinterColumn(
            name=text_at(column, "name"),
            type=text_at(column, "type"),
            json_path=text_at(column, "jsonPath"),
            description=text_at(column, "description"),
            format=text_at(column, "format"),
            priority=priority if isinstance(priority, int) else 0,
        )


def _texts(value: JsonObject, key: str) -> tuple[str, ...]:
    return tuple(item for item in list_at(value, key) if isinstance(item, str))
