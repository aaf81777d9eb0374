"""Custom resources: their definitions, and objects checked and completed by the definitions' schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import msgspec
from dra_core.refusal import Refusal, join
from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, object_at, text_at, thaw

from dra_sandbox.apiserver import faults
from dra_sandbox.apiserver.requests import Circumstances
from dra_sandbox.apiserver.resources import Resource
from dra_sandbox.world.objects import objects_at
from dra_sandbox.world.times import stamp

_LIMIT_WORDS: Mapping[str, str] = {
    "minimum": "should be greater than or equal to {}",
    "maximum": "should be less than or equal to {}",
    "minLength": "should be at least {} chars long",
    "pattern": "should match '{}'",
    "minItems": "should have at least {} items",
    "minProperties": "should have at least {} properties",
    "maxProperties": "should have at most {} properties",
    "multipleOf": "should be a multiple of {}",
}


def prepared_definition(
    _resource: Resource, value: JsonObject, old: JsonObject | None, circumstances: Circumstances
) -> JsonObject:
    """A definition with the names that follow from its kind; it is established at once."""
    names: dict[str, Json] = dict(object_at(value, "spec", "names"))
    kind = text_at(names, "kind")
    names["singular"] = names.get("singular") or kind.lower()
    names["listKind"] = names.get("listKind") or f"{kind}List"
    spec: JsonObject = {"conversion": {"strategy": "None"}, **object_at(value, "spec"), "names": names}
    storage = [text_at(one, "name") for one in objects_at(spec, "versions") if one.get("storage") is True]
    before = [] if old is None else [str(item) for item in list_at(old, "status", "storedVersions")]
    conditions: Json = [
        _condition("NamesAccepted", "NoConflicts", "no conflicts found", circumstances),
        _condition("Established", "InitialNamesAccepted", "the initial names have been accepted", circumstances),
    ]
    if old is not None:
        conditions = at(old, "status", "conditions")
    status: JsonObject = {
        "conditions": conditions,
        "acceptedNames": names,
        "storedVersions": list(dict.fromkeys([*before, *storage])),
    }
    return {**value, "spec": spec, "status": status}


def _condition(kind: str, reason: str, message: str, circumstances: Circumstances) -> JsonObject:
    moment = stamp(circumstances.now)
    return {"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": moment}


def check_definition(_resource: Resource, value: JsonObject, old: JsonObject | None) -> Iterator[Refusal]:
    """Names, versions, and that each version has a schema that can be read."""
    spec = object_at(value, "spec")
    plural, group = text_at(spec, "names", "plural"), text_at(spec, "group")
    if not group:
        yield faults.required("spec.group")
    elif "." not in group:
        yield faults.invalid("spec.group", group, "should be a domain with at least one dot")
    for key in ("plural", "kind"):
        if not text_at(spec, "names", key):
            yield faults.required(f"spec.names.{key}")
    name = text_at(value, "metadata", "name")
    if name != f"{plural}.{group}":
        yield faults.invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group')
    scope = text_at(spec, "scope")
    if scope not in ("Cluster", "Namespaced"):
        yield faults.not_supported("spec.scope", scope, ("Cluster", "Namespaced"))
    versions = objects_at(spec, "versions")
    if sum(one.get("storage") is True for one in versions) != 1:
        yield faults.invalid("spec.versions", len(versions), "must have exactly one version marked as storage version")
    for i, version in enumerate(versions):
        schema = object_at(version, "schema", "openAPIV3Schema")
        path = f"spec.versions[{i}].schema.openAPIV3Schema"
        if not schema:
            yield faults.required(path, "schemas are required")
        else:
            yield from _structural_faults(path, schema)
    if old is not None:
        for key in ("group", "scope"):
            if spec.get(key) != at(old, "spec", key):
                yield faults.invalid(f"spec.{key}", spec.get(key), "field is immutable")


def _structural_faults(path: str, schema: JsonObject) -> Iterator[Refusal]:
    """A structural schema says of every value what type it has (apiextensions structural schemas)."""
    untyped = (
        schema.get("x-kubernetes-int-or-string") is True or schema.get("x-kubernetes-preserve-unknown-fields") is True
    )
    if not text_at(schema, "type") and not untyped:
        yield faults.required(f"{path}.type", "must not be empty for specified object fields")
    for name, inner in object_at(schema, "properties").items():
        if isinstance(inner, Mapping):
            yield from _structural_faults(f"{path}.properties[{name}]", inner)
    for key in ("items", "additionalProperties"):
        inner = schema.get(key)
        if isinstance(inner, Mapping):
            yield from _structural_faults(f"{path}.{key}", inner)
    if text_at(schema, "type") == "array" and not isinstance(schema.get("items"), Mapping):
        yield faults.required(f"{path}.items", "must be specified")


def prepared_custom(
    resource: Resource, value: JsonObject, _old: JsonObject | None, _circumstances: Circumstances
) -> JsonObject:
    """A custom object with the defaults of its schema."""
    completed = _completed(resource.validation, value)
    assert isinstance(completed, Mapping)
    return completed


def _completed(schema: JsonObject, value: Json) -> Json:
    if isinstance(value, Mapping):
        result: dict[str, Json] = dict(value)
        for name, inner in object_at(schema, "properties").items():
            if not isinstance(inner, Mapping):
                continue
            missing = name not in result or (result[name] is None and inner.get("nullable") is not True)
            if missing and "default" in inner:
                result[name] = thaw(inner["default"])
            if name in result:
                result[name] = _completed(inner, result[name])
        entries = schema.get("additionalProperties")
        if isinstance(entries, Mapping):
            result = {name: _completed(entries, item) for name, item in result.items()}
        return result
    entry = schema.get("items")
    if isinstance(value, list | tuple) and isinstance(entry, Mapping):
        return [_completed(entry, item) for item in value]
    return value


def check_custom(resource: Resource, value: JsonObject, _old: JsonObject | None) -> Iterator[Refusal]:
    """A custom object against its schema; rules in CEL (x-kubernetes-validations) are not evaluated."""
    from jsonschema import Draft4Validator  # only those who have custom resources wait for it

    if not resource.validation:
        return
    validator = Draft4Validator(_plain_schema(msgspec.json.encode(thaw(resource.validation))))
    seen: set[tuple[str, str]] = set()
    for error in validator.iter_errors(thaw(value)):
        path = _path(error.absolute_path)
        for fault in _fault(path, str(error.validator), error.validator_value, error.instance, error.message):
            if (fault.path, fault.seen) not in seen:
                seen.add((fault.path, fault.seen))
                yield fault
    yield from _key_faults(resource.validation, value, "")


@lru_cache(maxsize=64)
def _plain_schema(written: bytes) -> dict[str, object]:
    """OpenAPI as JSON schema of draft 4: ``nullable`` and int-or-string are types."""
    plain = _as_draft_4(msgspec.json.decode(written))
    assert isinstance(plain, dict)
    return plain


def _as_draft_4(schema: object) -> object:
    if not isinstance(schema, dict):
        return schema
    result = {key: item for key, item in schema.items() if not key.startswith("x-kubernetes") and key != "format"}
    if schema.get("x-kubernetes-int-or-string") is True:
        result["type"] = ["integer", "string"]
    if schema.get("nullable") is True and "type" in result:
        known = result["type"]
        result["type"] = [*(known if isinstance(known, list) else [known]), "null"]
    for key in ("properties", "patternProperties", "definitions"):
        if isinstance(result.get(key), dict):
            result[key] = {name: _as_draft_4(inner) for name, inner in result[key].items()}
    for key in ("items", "additionalProperties", "not"):
        if key in result:
            result[key] = _as_draft_4(result[key])
    for key in ("allOf", "anyOf", "oneOf"):
        if isinstance(result.get(key), list):
            result[key] = [_as_draft_4(inner) for inner in result[key]]
    return result


def _path(parts: Sequence[str | int]) -> str:
    path = ""
    for part in parts:
        path = join(path, f"[{part}]" if isinstance(part, int) else part)
    return path


def _fault(path: str, rule: str, limit: Json, found: Json, message: str) -> Iterator[Refusal]:
    """One fault of JSON schema in the API server's words."""
    match rule:
        case "required":
            for name in limit if isinstance(limit, list) else ():
                if isinstance(found, Mapping) and name not in found:
                    yield faults.required(join(path, str(name)))
        case "type":
            wanted = limit if isinstance(limit, str) else str(next(iter(_texts(limit)), ""))
            kind = {"dict": "object", "list": "array", "str": "string", "bool": "boolean", "NoneType": "null"}
            given = kind.get(type(found).__name__, "number" if isinstance(found, float) else "integer")
            yield faults.type_invalid(path, given, f'{path} in body must be of type {wanted}: "{given}"')
        case "enum":
            yield faults.not_supported(path, found, [str(item) for item in _texts(limit)])
        case "maxLength":
            yield faults.too_long(path, limit if isinstance(limit, int) else 0)
        case "maxItems":
            size = len(found) if isinstance(found, list) else 0
            yield faults.too_many(path, size, limit if isinstance(limit, int) else 0)
        case _ if rule in _LIMIT_WORDS:
            yield faults.invalid(path, found, f"{path} in body {_LIMIT_WORDS[rule].format(limit)}")
        case _:
            yield faults.invalid(path, found, message)


def _texts(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list | tuple) else ()


def _key_faults(schema: JsonObject, value: Json, path: str) -> Iterator[Refusal]:
    """Lists that are maps or sets have no entry twice."""
    if isinstance(value, Mapping):
        entries = schema.get("additionalProperties")
        for name, item in value.items():
            inner = object_at(schema, "properties", name) or (entries if isinstance(entries, Mapping) else {})
            if inner:
                yield from _key_faults(inner, item, join(path, name))
    elif isinstance(value, list | tuple):
        kind, keys = schema.get("x-kubernetes-list-type"), list_at(schema, "x-kubernetes-list-map-keys")
        seen: list[Json] = []
        for i, item in enumerate(value):
            own: Json = [at(item, str(key)) for key in keys] if kind == "map" else item
            if kind in ("map", "set"):
                if own in seen:
                    shown: Json = {str(key): at(item, str(key)) for key in keys} if kind == "map" else item
                    yield faults.duplicate(f"{path}[{i}]", shown)
                seen.append(own)
            yield from _key_faults(object_at(schema, "items"), item, f"{path}[{i}]")
