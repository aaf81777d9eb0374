"""Which columns ``kubectl get`` shows of each kind, and what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dra_core.snapshot.json_value import Json, JsonObject, text_at

from dra_sandbox.apiserver.resources import PrinterColumn, Resource
from dra_sandbox.world.times import moment_of

_NAME = PrinterColumn(name="Name", type="string", format="name")
_AGE = PrinterColumn(name="Age", type="string")


def columns_of(resource: Resource) -> Sequence[PrinterColumn]:
    """The columns of a resource."""
    _ = resource
    return (_NAME, _AGE)


def row_of(resource: Resource, value: JsonObject, now: datetime) -> Sequence[Json]:
    """The cells of one object."""
    _ = resource
    return (text_at(value, "metadata", "name"), age(text_at(value, "metadata", "creationTimestamp"), now))


def age(written: str, now: datetime) -> str:
    """How long ago, in the words of kubectl."""
    moment = moment_of(written)
    return "<unknown>" if moment is None else f"{int((now - moment).total_seconds())}s"
