"""Sets of fields: who owns what is such a set (structured-merge-diff's fieldpath, meta/v1 FieldsV1).

A field is a path of elements as FieldsV1 writes them: ``f:name`` of an object or map, ``k:{"name":"x"}`` for an entry
of a list that is a map, ``v:"x"`` for an entry of a set. Members are values without parts that can be owned: scalars,
empty containers, containers owned as a whole; and entries of lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, thaw

from dra_sandbox.apiserver.schema import Schema, resolved

Path: TypeAlias = tuple[str, ...]
FieldSet: TypeAlias = frozenset[Path]

_KEY_DEFAULTS: Mapping[str, Json] = {"protocol": "TCP"}
"""Values of list keys that objects may leave out (core/v1 ContainerPort, ServicePort)."""
_UNOWNED_METADATA = frozenset(
    ("name", "namespace", "creationTimestamp", "selfLink", "uid", "generation", "managedFields", "resourceVersion",
     "generateName", "deletionTimestamp", "deletionGracePeriodSeconds")
)  # fmt: skip
"""What belongs to nobody (managedfields stripMeta), and what clients cannot set."""
_ENTRY = object()


def owned_values(schema: Schema, value: JsonObject) -> dict[Path, object]:
    """All fields of an object that can be owned, with their values."""
    found: dict[Path, object] = {}
    for name, item in value.items():
        if name in ("apiVersion", "kind"):
            continue
        if name == "metadata" and isinstance(item, Mapping):
            item = {key: part for key, part in item.items() if key not in _UNOWNED_METADATA}
            if not item:
                continue
        _collect(schema.child(name), item, (f"f:{name}",), found)
    return found


def _collect(schema: Schema, value: Json, path: Path, found: dict[Path, object]) -> None:
    if isinstance(value, Mapping) and value and not schema.atomic:
        for name, item in value.items():
            _collect(schema.child(name), item, (*path, f"f:{name}"), found)
    elif isinstance(value, list | tuple) and value and schema.shape == "listmap":
        entry = schema.entry
        for item in value:
            inner = (*path, element_of(schema, item))
            found[inner] = _ENTRY
            if isinstance(item, Mapping):
                for name, part in item.items():
                    _collect(entry.child(name), part, (*inner, f"f:{name}"), found)
    elif isinstance(value, list | tuple) and value and schema.shape == "set":
        for item in value:
            found[(*path, _written("v:", item))] = _ENTRY
    else:
        found[path] = value


def element_of(schema: Schema, item: Json) -> str:
    """The path element of an entry of a list that is a map, or of a set."""
    if schema.shape == "set" or not isinstance(item, Mapping):
        return _written("v:", item)
    keys: dict[str, Json] = {}
    for key in schema.keys:
        value = item.get(key, _KEY_DEFAULTS.get(key))
        if value is not None:
            keys[key] = value
    return _written("k:", keys)


def _written(prefix: str, value: Json) -> str:
    return prefix + msgspec.json.encode(thaw(value), order="sorted").decode()


def prefixes(fields: Iterable[Path]) -> set[Path]:
    """The fields and everything that contains one of them."""
    return {path[:length] for path in fields for length in range(1, len(path) + 1)}


def encoded(fields: FieldSet) -> JsonObject:
    """FieldsV1."""
    root: dict[str, Json] = {}
    for path in sorted(fields):
        node = root
        for element in path:
            inner = node.setdefault(element, {})
            assert isinstance(inner, dict)
            node = inner
        node["."] = {}
    return _tidied(root)


def _tidied(node: Mapping[str, Json]) -> JsonObject:
    """A member without inner members is written as an empty object, not with a dot."""
    if set(node) == {"."}:
        return {}
    return {
        key: _tidied(inner) if key != "." and isinstance(inner, Mapping) else {} for key, inner in sorted(node.items())
    }


def decoded(written: Json) -> FieldSet:
    """The set behind FieldsV1; what is no FieldsV1 is an empty set."""
    return frozenset(_members(written, ()))


def _members(node: Json, path: Path) -> Iterator[Path]:
    if not isinstance(node, Mapping):
        return
    if path and not node:
        yield path
    for key, inner in node.items():
        if key == ".":
            if path:
                yield path
        else:
            yield from _members(inner, (*path, key))


def without(schema: Schema, value: Json, fields: set[Path], path: Path = ()) -> Json:
    """The value without the fields, whatever they hold."""
    schema = resolved(schema)
    if isinstance(value, Mapping) and not (schema.atomic and path):
        return {
            name: without(schema.child(name), item, fields, inner)
            for name, item in value.items()
            if (inner := (*path, f"f:{name}")) not in fields
        }
    if isinstance(value, list | tuple) and schema.shape in ("listmap", "set"):
        return [
            without(schema.entry, item, fields, inner)
            for item in value
            if (inner := (*path, element_of(schema, item))) not in fields
        ]
    return value


def shown(path: Path) -> str:
    """``.spec.containers[name="c"].image``: a field as messages name it."""
    text = ""
    for element in path:
        kind, _, rest = element.partition(":")
        match kind:
            case "f":
                text += f".{rest}"
            case "k":
                keys: Json = msgspec.json.decode(rest)
                pairs = keys.items() if isinstance(keys, Mapping) else ()
                text += "[" + ",".join(f"{key}={_written('', item)}" for key, item in pairs) + "]"
            case _:
                text += f"[={rest}]"
    return text
