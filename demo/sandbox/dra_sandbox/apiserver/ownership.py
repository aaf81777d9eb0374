"""Who owns which field (metadata.managedFields), and how writes change that.

Rules of structured-merge-diff: whoever changes a field by an update owns it alone afterwards; whoever applies it owns
it as long as his configuration has it, together with others who applied the same value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, object_at, text_at

from dra_sandbox.apiserver.field_sets import FieldSet, decoded, encoded, owned_values
from dra_sandbox.apiserver.requests import Circumstances, Request
from dra_sandbox.world.times import stamp

Operation: TypeAlias = Literal["Apply", "Update"]
_LONGEST_OWN_LIST = 10  # managedfields: older Update entries beyond this many are merged into one
_ANCIENT = "ancient-changes"


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of managedFields."""

    manager: str
    operation: Operation
    api_version: str
    subresource: str = ""
    time: str = ""
    fields: FieldSet = frozenset()

    def same_as(self, other: Owner) -> bool:
        """Whether both are entries of one manager that would be joined."""
        return (self.manager, self.operation, self.subresource) == (other.manager, other.operation, other.subresource)

    @property
    def written(self) -> JsonObject:
        """The entry of managedFields."""
        return {
            "manager": self.manager,
            "operation": self.operation,
            "apiVersion": self.api_version,
            "time": self.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": encoded(self.fields),
            **({"subresource": self.subresource} if self.subresource else {}),
        }


def owners_of(value: JsonObject) -> tuple[Owner, ...]:
    """The entries of an object's managedFields."""
    return tuple(
        Owner(
            manager=text_at(entry, "manager"),
            operation="Apply" if text_at(entry, "operation") == "Apply" else "Update",
            api_version=text_at(entry, "apiVersion"),
            subresource=text_at(entry, "subresource"),
            time=text_at(entry, "time"),
            fields=decoded(at(entry, "fieldsV1")),
        )
        for entry in list_at(value, "metadata", "managedFields")
        if isinstance(entry, Mapping) and entry
    )


def with_owners(value: JsonObject, owners: Iterable[Owner]) -> JsonObject:
    """The object with its managedFields replaced."""
    metadata = {key: item for key, item in object_at(value, "metadata").items() if key != "managedFields"}
    entries: list[Json] = [owner.written for owner in owners if owner.fields]
    return {**value, "metadata": {**metadata, **({"managedFields": entries} if entries else {})}}


def updater(request: Request, circumstances: Circumstances, operation: Operation = "Update") -> Owner:
    """The entry of whoever makes this request, still without fields."""
    return Owner(
        manager=request.manager,
        operation=operation,
        api_version=request.resource.api_version,
        subresource=request.subresource,
        time=stamp(circumstances.now),
    )


def after_update(
    request: Request, value: JsonObject, old: JsonObject | None, circumstances: Circumstances
) -> JsonObject:
    """The object with the ownership that a create, an update or a patch leaves.

    What changed belongs to the updater alone; what is gone belongs to nobody. A client may edit managedFields itself.
    """
    schema = request.resource.schema
    before = owned_values(schema, old) if old is not None else {}
    after = owned_values(schema, value)
    changed = frozenset(path for path, item in after.items() if path not in before or before[path] != item)
    removed = frozenset(path for path in before if path not in after)
    known = value if "managedFields" in object_at(value, "metadata") else (old or {})
    if not changed and not removed:
        return with_owners_as_in(value, known)
    own = updater(request, circumstances)
    owners: list[Owner] = []
    joined = False
    for owner in owners_of(known):
        if owner.same_as(own):
            fields = (owner.fields | changed) - removed
            same = fields == owner.fields
            owners.append(msgspec.structs.replace(own, fields=fields, time=owner.time if same else own.time))
            joined = True
        else:
            owners.append(msgspec.structs.replace(owner, fields=owner.fields - changed - removed))
    if not joined:
        owners.append(msgspec.structs.replace(own, fields=changed))
    return with_owners(value, _limited(owners))


def with_owners_as_in(value: JsonObject, known: JsonObject) -> JsonObject:
    """The object with the managedFields of another one, as they are written there."""
    entries = at(known, "metadata", "managedFields")
    metadata = {key: item for key, item in object_at(value, "metadata").items() if key != "managedFields"}
    return {**value, "metadata": {**metadata, **({"managedFields": entries} if entries else {})}}


def _limited(owners: list[Owner]) -> list[Owner]:
    """Many programs with names of their own would make the list grow for ever."""
    updates = [owner for owner in owners if owner.operation == "Update"]
    surplus = len(updates) - _LONGEST_OWN_LIST
    if surplus <= 0:
        return owners
    oldest = sorted(updates, key=lambda owner: owner.time)[: surplus + 1]
    merged = msgspec.structs.replace(
        oldest[-1], manager=_ANCIENT, subresource="", fields=frozenset().union(*(owner.fields for owner in oldest))
    )
    return [merged, *(owner for owner in owners if owner not in oldest)]


def same(value: JsonObject, old: JsonObject) -> bool:
    """Whether two states of an object differ in nothing but the version."""
    return _plain(value) == _plain(old)


def _plain(value: JsonObject) -> JsonObject:
    metadata = {key: item for key, item in object_at(value, "metadata").items() if key != "resourceVersion"}
    return {**value, "metadata": metadata}
