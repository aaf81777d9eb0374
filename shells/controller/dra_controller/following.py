"""Keep what is known up to date: one thread for each kind of objects."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from dra_apiserver import Broken, Changed, Follower, Gone, Listed
from dra_core.snapshot.json_value import JsonObject
from dra_logs import Log

from dra_controller.metrics import Metrics

Kind = TypeVar("Kind", bound=str)
KindToLearn_contra = TypeVar("KindToLearn_contra", bound=str, contravariant=True)


class Learner(Protocol[KindToLearn_contra]):
    """Who is told; by one thread for each kind."""

    def listed(self, kind: KindToLearn_contra, values: Sequence[JsonObject]) -> None:
        """These are all objects of the kind."""
        ...

    def changed(self, kind: KindToLearn_contra, value: JsonObject) -> None:
        """An object is new or different."""
        ...

    def gone(self, kind: KindToLearn_contra, value: JsonObject) -> None:
        """An object was deleted."""
        ...


class Following(Generic[Kind]):
    """Follows the objects of a kind from ``run`` until ``stop``.

    Attributes:
        listed: Set when all of them have been seen once.
    """

    def __init__(self, kind: Kind, follower: Follower, learner: Learner[Kind], metrics: Metrics, log: Log) -> None:
        self.listed = threading.Event()
        self._kind = kind
        self._follower = follower
        self._learner = learner
        self._metrics = metrics
        self._log = log

    def run(self) -> None:
        """Tell everything that happens."""
        for news in self._follower.news():
            match news:
                case Listed(objects=values):
                    self._learner.listed(self._kind, values)
                    self.listed.set()
                case Changed(object=value):
                    self._learner.changed(self._kind, value)
                case Gone(object=value):
                    self._learner.gone(self._kind, value)
                case Broken(failure=failure, again_in_seconds=seconds):
                    self._metrics.watch_broke(self._kind)
                    self._log.warning(
                        "a watch broke", kind=self._kind, error=failure.sentence, again_in_seconds=round(seconds, 1)
                    )

    def stop(self) -> None:
        """End ``run``."""
        self._follower.stop()
