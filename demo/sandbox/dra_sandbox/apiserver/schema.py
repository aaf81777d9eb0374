"""What the fields of an object are: enough to refuse unknown ones, to merge and to say who owns which.

The schemas of built-in kinds are written in a small notation (modules ``schemas_*``); those of custom resources come
from their CustomResourceDefinition. Both become the same records, so there is one pruning, one strategic merge and
one server-side apply.

The notation, one type a line::

    Container: name image command=[s] env=[EnvVar]{name} ports=[ContainerPort]{containerPort,protocol}

A field without ``=`` is a text. Types: ``s`` text, ``i`` whole number, ``n`` number, ``b`` boolean, ``x`` number or
text (ports), ``q`` quantity, ``*`` anything, ``Name`` another type, ``Name!`` the same but owned as a whole, ``<T>`` a
map by text, ``[T]`` a list owned as a whole, ``[s]{}`` a set, ``[T]{k1,k2}`` a list that is a map by these keys.
Strategic merge uses the first key; ``[T]{k|}`` means that it replaces the list, ``[T]{|k}`` that only it knows the key
(x-kubernetes-list-type, x-kubernetes-list-map-keys, x-kubernetes-patch-merge-key in Kubernetes' OpenAPI).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

import msgspec
from dra_core.refusal import join
from dra_core.snapshot.json_value import Json, JsonObject
from dra_core.snapshot.quantity import Quantity, parse

Shape: TypeAlias = Literal["object", "map", "list", "set", "listmap", "scalar", "any"]
Scalar: TypeAlias = Literal["string", "integer", "number", "boolean", "int-or-string", "quantity"]


class Schema(msgspec.Struct, frozen=True, kw_only=True):
    """The schema of one value.

    Attributes:
        shape: What it is.
        fields: Fields of an object: inline schemas, or names into the book that the schema came from.
        items: Schema of the entries of a map or list.
        keys: Keys of a list that is a map (server-side apply).
        merge_key: Key by which strategic merge joins entries; "" if it replaces the list. ``*`` for a set.
        atomic: The object or map is owned and replaced as a whole.
        scalar: Type of a scalar.
        book: Named schemas, for references.
        reference: Name in the book, if this is a reference.
        open: An object that keeps fields that it does not know (x-kubernetes-preserve-unknown-fields).
        description: What the field is, for ``kubectl explain``.
        required: Names of fields that must be there, for ``kubectl explain``.
    """

    shape: Shape
    fields: Mapping[str, Schema] = {}
    items: Schema | None = None
    keys: tuple[str, ...] = ()
    merge_key: str = ""
    atomic: bool = False
    scalar: Scalar = "string"
    book: Mapping[str, Schema] = {}
    reference: str = ""
    open: bool = False
    description: str = ""
    required: tuple[str, ...] = ()

    def child(self, name: str) -> Schema:
        """The schema of a field or of a map's entry; ANYTHING where nothing is known."""
        if self.shape == "map":
            return resolved(self.items)
        return resolved(self.fields.get(name))

    @property
    def entry(self) -> Schema:
        """The schema of a list's entry."""
        return resolved(self.items)


ANYTHING = Schema(shape="any")


def resolved(schema: Schema | None) -> Schema:
    """The schema itself, with a reference followed."""
    if schema is None:
        return ANYTHING
    if not schema.reference:
        return schema
    found = schema.book[schema.reference]
    return msgspec.structs.replace(found, atomic=True) if schema.atomic else found


_SCALARS: Mapping[str, Scalar] = {
    "s": "string",
    "i": "integer",
    "n": "number",
    "b": "boolean",
    "x": "int-or-string",
    "q": "quantity",
}
_QUANTITY = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"  # apimachinery resource.ErrFormatWrong
_LIST = re.compile(r"^\[(?P<item>.+)\](?:\{(?P<keys>[^}]*)\})?$")


def read_book(*texts: str) -> Mapping[str, Schema]:
    """The types written in the notation. References between them are resolved when they are followed."""
    book: dict[str, Schema] = {}
    for text in texts:
        for line in _logical_lines(text):
            name, _, rest = line.partition(":")
            fields = (field.partition("=") for field in rest.split())
            book[name.strip()] = Schema(
                shape="object", fields={field: _type_of(written or "s", book) for field, _, written in fields}
            )
    return book


def _logical_lines(text: str) -> Iterator[str]:
    """A line that begins with a space continues the one before."""
    pending = ""
    for line in text.splitlines():
        if line[:1].isspace():
            pending += line
            continue
        if pending.strip():
            yield pending
        pending = line
    if pending.strip():
        yield pending


def _type_of(written: str, book: Mapping[str, Schema]) -> Schema:
    if written in ("*", "*!"):
        return ANYTHING if written == "*" else Schema(shape="any", atomic=True)
    if written in _SCALARS:
        return Schema(shape="scalar", scalar=_SCALARS[written])
    if written.startswith("<"):
        atomic = written.endswith("!")
        return Schema(shape="map", items=_type_of(written.rstrip("!")[1:-1], book), atomic=atomic)
    found = _LIST.match(written)
    if found is None:
        return Schema(shape="any", reference=written.rstrip("!"), book=book, atomic=written.endswith("!"))
    items, keys = _type_of(found["item"], book), found["keys"]
    if keys is None:
        return Schema(shape="list", items=items)
    if keys == "":
        return Schema(shape="set", items=items, merge_key="*")
    ours, bar, merge_key = keys.partition("|")
    names = tuple(ours.split(",")) if ours else ()
    merge = merge_key if bar else names[0]
    return Schema(shape="listmap" if names else "list", items=items, keys=names, merge_key=merge)


def unknown_fields(schema: Schema, value: Json, path: str = "") -> tuple[str, ...]:
    """Paths of the fields that the schema does not know."""
    schema = resolved(schema)
    if schema.shape == "any":
        return ()
    if isinstance(value, Mapping):
        if schema.shape == "object" and not schema.open:
            strange = [join(path, name) for name in value if name not in schema.fields]
        else:
            strange = []
        inner = [
            found
            for name, item in value.items()
            for found in unknown_fields(schema.child(name), item, join(path, name))
        ]
        return (*strange, *inner)
    if isinstance(value, list | tuple):
        return tuple(
            found for i, item in enumerate(value) for found in unknown_fields(schema.entry, item, f"{path}[{i}]")
        )
    return ()


def pruned(schema: Schema, value: Json) -> Json:
    """The value without the fields that the schema does not know, and without nulls in built-in kinds' objects."""
    schema = resolved(schema)
    if isinstance(value, Mapping):
        if schema.shape == "object" and not schema.open:
            return {name: pruned(schema.child(name), item) for name, item in value.items() if name in schema.fields}
        return {name: pruned(schema.child(name), item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [pruned(schema.entry, item) for item in value]
    return value


def normal(schema: Schema, value: Json) -> Json:
    """The value as Go structs keep it: null means absent, a quantity is written in its canonical form.

    What has no schema (opaque parameters above all) stays as it is.
    """
    schema = resolved(schema)
    if schema.shape == "any":
        return value
    if isinstance(value, Mapping):
        return {name: normal(schema.child(name), item) for name, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        entry = schema.entry
        return [normal(entry, item) for item in value]
    if schema.shape == "scalar" and schema.scalar == "quantity":
        quantity = _quantity(value)
        return str(quantity) if quantity is not None else value
    return value


def _quantity(value: Json) -> Quantity | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return parse(str(value))


def type_faults(schema: Schema, value: Json, path: str = "") -> tuple[str, ...]:
    """Values whose JSON type cannot be what the schema says, one sentence each."""
    schema = resolved(schema)
    if value is None or schema.shape == "any":
        return ()
    if schema.shape in ("object", "map"):
        if not isinstance(value, Mapping):
            return (_mistyped(path, value, "an object"),)
        return tuple(
            fault for name, item in value.items() for fault in type_faults(schema.child(name), item, join(path, name))
        )
    if schema.shape in ("list", "set", "listmap"):
        if not isinstance(value, list | tuple):
            return (_mistyped(path, value, "a list"),)
        return tuple(fault for i, item in enumerate(value) for fault in type_faults(schema.entry, item, f"{path}[{i}]"))
    if schema.scalar == "quantity":
        return () if _quantity(value) is not None else (f"quantities must match the regular expression '{_QUANTITY}'",)
    fits = {
        "string": isinstance(value, str),
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "number": isinstance(value, int | float) and not isinstance(value, bool),
        "boolean": isinstance(value, bool),
        "int-or-string": isinstance(value, str | int | float) and not isinstance(value, bool),
    }
    return () if fits[schema.scalar] else (_mistyped(path, value, f"of type {schema.scalar}"),)


def _mistyped(path: str, value: Json, expected: str) -> str:
    return f"json: cannot unmarshal {json_type(value)} into field {path or '(whole object)'}, which is {expected}"


def json_type(value: Json) -> str:
    """The name of a value's JSON type, as Go's JSON decoder says it."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case str():
            return "string"
        case int() | float():
            return "number"
        case Mapping():
            return "object"
        case _:
            return "array"


def as_object(value: Json) -> JsonObject:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}
