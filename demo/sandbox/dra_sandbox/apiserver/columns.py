"""Which columns ``kubectl get`` shows of each kind, and what is in them (pkg/printers/internalversion)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from dra_core.snapshot.json_value import Json, JsonObject

from dra_sandbox.apiserver.column import AGE, NAME, Column, age
from dra_sandbox.apiserver.columns_core import CORE
from dra_sandbox.apiserver.columns_devices import CLASSIC, MODERN
from dra_sandbox.apiserver.columns_pods import pod_columns
from dra_sandbox.apiserver.columns_workloads import WORKLOADS
from dra_sandbox.apiserver.json_path import found_at
from dra_sandbox.apiserver.resources import PrinterColumn, Resource

_BUILT_IN: Mapping[str, Sequence[Column]] = {"/pods": pod_columns(), **CORE, **WORKLOADS, **MODERN}


def columns_of(resource: Resource) -> Sequence[PrinterColumn]:
    """The columns of a resource."""
    return [one.definition for one in _columns(resource)]


def row_of(resource: Resource, value: JsonObject, now: datetime) -> Sequence[Json]:
    """The cells of one object."""
    return [one.cell(value, now) for one in _columns(resource)]


def _columns(resource: Resource) -> Sequence[Column]:
    if resource.custom:
        return (NAME, *_custom(resource)) if resource.printer_columns else (NAME, AGE)
    if resource.version == "v1alpha2":
        return CLASSIC.get(resource.plural, (NAME, AGE))
    return _BUILT_IN.get(resource.store_key, (NAME, AGE))


def _custom(resource: Resource) -> Iterator[Column]:
    """AdditionalPrinterColumns of a CustomResourceDefinition."""
    for definition in resource.printer_columns:

        def cell(value: JsonObject, now: datetime, definition: PrinterColumn = definition) -> Json:
            found = found_at(value, definition.json_path)
            if found is None:
                return None
            if definition.type == "date":
                return age(str(found), now)
            return found if isinstance(found, bool | int | float) and definition.type != "string" else _text(found)

        yield Column(definition, cell)


def _text(found: Json) -> str:
    return ("true" if found else "false") if isinstance(found, bool) else str(found)
