"""What the controller knows, kept up to date by many threads; decisions take it as it is at the moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from dra_core.allocation.cel_language import CelLanguage
from dra_core.allocation.selectors import Questions
from dra_core.negotiation import (
    ClassicCluster,
    Concerned,
    Kind,
    Name,
    concerned,
    forgetting,
    is_made_anew,
    knowing,
    knowing_all,
    name_of,
    names_of,
)
from dra_core.snapshot.json_value import JsonObject


class KnownCluster:
    """Holds one immutable cluster; tells who is concerned by each change."""

    def __init__(self, driver_name: str, tell: Callable[[Concerned], None]) -> None:
        self._lock = threading.Lock()
        self._tell = tell
        self._cluster = ClassicCluster(driver_name=driver_name, questions=Questions(CelLanguage()))

    @property
    def now(self) -> ClassicCluster:
        """All that is known."""
        return self._cluster

    def learn(self, kind: Kind, value: JsonObject) -> None:
        """An object was seen."""
        self._change(kind, name_of(kind, value), lambda cluster: knowing(cluster, kind, value))

    def forget(self, kind: Kind, name: Name) -> None:
        """An object is gone."""
        self._change(kind, name, lambda cluster: forgetting(cluster, kind, name))

    def learn_all(self, kind: Kind, values: Iterable[JsonObject], version: str = "") -> None:
        """All objects of a kind were listed, at ``version`` ("": nothing newer is known)."""
        listed = list(values)
        with self._lock:
            before = self._cluster
            self._cluster = knowing_all(before, kind, listed, version)
            after = self._cluster
        for name in {*names_of(before, kind), *names_of(after, kind)}:
            self._tell(concerned(before, after, kind, name))

    def is_made_anew(self, state: JsonObject) -> bool:
        """Whether the NodeAllocationState is not the one that is known."""
        return is_made_anew(self._cluster, state)

    def _change(self, kind: Kind, name: Name, change: Callable[[ClassicCluster], ClassicCluster]) -> None:
        with self._lock:
            before = self._cluster
            after = self._cluster = change(before)
        self._tell(concerned(before, after, kind, name))
