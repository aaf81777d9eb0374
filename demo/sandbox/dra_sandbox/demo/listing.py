"""Objects as ``kubectl get`` lists them, with the columns that the API server says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from dra_sandbox.apiserver.column import WIDE
from dra_sandbox.apiserver.columns import columns_of, row_of
from dra_sandbox.cluster import Sandbox
from dra_sandbox.world.objects import Kind, namespace_of

Rows = tuple[Sequence[str], Sequence[Sequence[str]]]
"""Headings, and the cells of each row."""


def listing(cluster: Sandbox, kind: Kind, namespaces: Sequence[str]) -> Rows:
    """All objects of a kind in some namespaces; several get a column of their own, as with ``-A``."""
    resource = cluster.server.catalog.of_kind(kind)
    if resource is None:
        return (), ()
    shown = [number for number, column in enumerate(columns_of(resource)) if column.priority < WIDE]
    headings = [columns_of(resource)[number].name.upper() for number in shown]
    many, now = len(namespaces) > 1, datetime.now(UTC)
    rows = []
    for value in cluster.world().all(kind):
        if namespace_of(value) in namespaces:
            cells = row_of(resource, value, now)
            texts = [str("" if cells[number] is None else cells[number]) for number in shown]
            rows.append([namespace_of(value), *texts] if many else texts)
    return ["NAMESPACE", *headings] if many else headings, rows
