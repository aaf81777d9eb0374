"""The three patches that clients send: JSON patch (RFC 6902), JSON merge patch (RFC 7386), strategic merge patch.

Each is a function from an object and a patch to the patched object, or the sentence that says why it does not apply.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dra_core.snapshot.json_value import Json, JsonObject, thaw


def merge(target: Json, patch: Json) -> Json:
    """RFC 7386: null removes, objects are merged, everything else replaces."""
    if not isinstance(patch, Mapping):
        return patch
    result: dict[str, Json] = dict(target) if isinstance(target, Mapping) else {}
    for key, item in patch.items():
        if item is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), item)
    return result


class Inapplicable(Exception):  # noqa: N818 - not an error of the program: it never leaves this module
    """An operation of a JSON patch that cannot be carried out."""


def json_patch(target: JsonObject, patch: Json) -> JsonObject | str:
    """RFC 6902: all operations or none."""
    if isinstance(patch, str) or not isinstance(patch, Sequence):
        return "a JSON patch is a list of operations"
    document: Json = thaw(target)
    try:
        for operation in patch:
            document = _operated(document, operation)
    except Inapplicable as why:
        return str(why)
    return document if isinstance(document, Mapping) else "the patched document is no object"


def _operated(document: Json, operation: Json) -> Json:
    if not isinstance(operation, Mapping):
        raise Inapplicable("an operation of a JSON patch is an object")
    name, path = operation.get("op"), operation.get("path")
    if not isinstance(path, str):
        raise Inapplicable("an operation of a JSON patch needs a path")
    keys = _keys(path)
    match name:
        case "add" | "replace" | "test":
            if "value" not in operation:
                raise Inapplicable(f"{name} operation does not apply: value is missing")
            if name == "test":
                if _found(document, keys, path) != operation["value"]:
                    raise Inapplicable(f"testing value {path} failed: test failed")
                return document
            if name == "replace":
                _found(document, keys, path)
            return _put(document, keys, operation["value"], path, insert=name == "add")
        case "remove":
            return _without(document, keys, path)
        case "move" | "copy":
            source = operation.get("from")
            if not isinstance(source, str):
                raise Inapplicable(f"{name} operation does not apply: from is missing")
            if name == "move" and path.startswith(f"{source}/"):
                raise Inapplicable(f"move operation does not apply: {path} is inside of {source}")
            value = thaw(_found(document, _keys(source), source))
            kept = _without(document, _keys(source), source) if name == "move" else document
            return _put(kept, keys, value, path, insert=True)
        case _:
            raise Inapplicable(f"unexpected operation: {name}")


def _keys(pointer: str) -> tuple[str, ...]:
    """RFC 6901."""
    if pointer == "":
        return ()
    if not pointer.startswith("/"):
        raise Inapplicable(f"{pointer} is no JSON pointer")
    return tuple(key.replace("~1", "/").replace("~0", "~") for key in pointer[1:].split("/"))


def _found(value: Json, keys: tuple[str, ...], path: str) -> Json:
    for key in keys:
        if isinstance(value, Mapping) and key in value:
            value = value[key]
        elif isinstance(value, list):
            value = value[_index(key, len(value) - 1, path)]
        else:
            raise Inapplicable(f"the path {path} does not exist: missing value")
    return value


def _index(key: str, last: int, path: str) -> int:
    if not key.isdigit() or (len(key) > 1 and key.startswith("0")) or int(key) > last:
        raise Inapplicable(f"the path {path} does not exist: no index {key}")
    return int(key)


def _put(value: Json, keys: tuple[str, ...], new: Json, path: str, *, insert: bool) -> Json:
    if not keys:
        return new
    key, rest = keys[0], keys[1:]
    if isinstance(value, Mapping):
        if rest and key not in value:
            raise Inapplicable(f"the path {path} does not exist: missing value")
        return {**value, key: _put(value[key], rest, new, path, insert=insert) if rest else new}
    if isinstance(value, list):
        if rest:
            i = _index(key, len(value) - 1, path)
            return [*value[:i], _put(value[i], rest, new, path, insert=insert), *value[i + 1 :]]
        if insert:
            i = len(value) if key == "-" else _index(key, len(value), path)
            return [*value[:i], new, *value[i:]]
        i = _index(key, len(value) - 1, path)
        return [*value[:i], new, *value[i + 1 :]]
    raise Inapplicable(f"the path {path} does not exist: missing value")


def _without(value: Json, keys: tuple[str, ...], path: str) -> Json:
    if not keys:
        raise Inapplicable("the whole document cannot be removed")
    key, rest = keys[0], keys[1:]
    if isinstance(value, Mapping) and key in value:
        if rest:
            return {**value, key: _without(value[key], rest, path)}
        return {name: item for name, item in value.items() if name != key}
    if isinstance(value, list):
        i = _index(key, len(value) - 1, path)
        return [*value[:i], *([_without(value[i], rest, path)] if rest else []), *value[i + 1 :]]
    raise Inapplicable(f"the path {path} does not exist: missing value")
