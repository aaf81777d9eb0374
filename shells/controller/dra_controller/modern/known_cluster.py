"""What the controller knows of a modern cluster, kept up to date by many threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence

from dra_core.nodestate import (
    MirrorKind,
    ModernCluster,
    all_nodes,
    concerned_nodes,
    key_of,
    missing,
    seeing,
    seeing_all,
    waiting_claims,
)
from dra_core.snapshot.json_value import JsonObject


class KnownCluster:
    """Holds one immutable cluster; tells which nodes, and which claims that wait, are concerned by each change."""

    def __init__(
        self, nothing: ModernCluster, tell: Callable[[Iterable[str], Iterable[tuple[str, str]]], None]
    ) -> None:
        self._lock = threading.Lock()
        self._tell = tell
        self._cluster = nothing

    @property
    def now(self) -> ModernCluster:
        """All that is known."""
        return self._cluster

    def listed(self, kind: MirrorKind, values: Sequence[JsonObject]) -> None:
        """These are all objects of the kind."""
        before, after = self._change(lambda cluster: seeing_all(cluster, kind, values))
        self._tell(all_nodes(before) | all_nodes(after), after.waiting)

    def changed(self, kind: MirrorKind, value: JsonObject) -> None:
        """An object is new or different."""
        self._one(kind, key_of(kind, value), lambda cluster: seeing(cluster, kind, value))

    def gone(self, kind: MirrorKind, value: JsonObject) -> None:
        """An object was deleted."""
        key = key_of(kind, value)
        self._one(kind, key, lambda cluster: missing(cluster, kind, key))

    def _one(self, kind: MirrorKind, key: tuple[str, str], change: Callable[[ModernCluster], ModernCluster]) -> None:
        before, after = self._change(change)
        self._tell(concerned_nodes(before, after, kind, key), waiting_claims(before, after, kind, key))

    def _change(self, change: Callable[[ModernCluster], ModernCluster]) -> tuple[ModernCluster, ModernCluster]:
        with self._lock:
            before = self._cluster
            after = self._cluster = change(before)
        return before, after
