"""Keep what is known up to date: one thread for each kind of objects."""

from __future__ import annotations

from collections.abc import Sequence

from dra_apiserver import ApiFailure, ApiServer, Broken, Changed, Follower, Gone, Listed, Listing, Selection
from dra_core.negotiation import Kind, name_of
from dra_core.snapshot.json_value import JsonObject
from returns.result import Failure

from dra_controller.known_cluster import KnownCluster
from dra_controller.logs import Log
from dra_controller.metrics import Metrics
from dra_controller.objects import CLAIMS, WATCHED


class Following:
    """Follows the objects of a kind from ``run`` until ``stop``."""

    def __init__(
        self, kind: Kind, server: ApiServer, namespace: str, known: KnownCluster, metrics: Metrics, log: Log
    ) -> None:
        self._kind: Kind = kind
        self._server = server
        self._known = known
        self._metrics = metrics
        self._log = log
        selection = Selection(namespace=namespace if kind == "NodeAllocationState" else "")
        self._follower = Follower(server, WATCHED[kind], selection)

    def run(self) -> None:
        """Learn everything that happens."""
        for news in self._follower.news():
            match news:
                case Listed(objects=values):
                    self._before_states(values)
                    self._known.learn_all(self._kind, values)
                case Changed(object=value):
                    self._before_states((value,))
                    self._known.learn(self._kind, value)
                case Gone(object=value):
                    self._known.forget(self._kind, name_of(self._kind, value))
                case Broken(failure=failure, again_in_seconds=seconds):
                    self._metrics.watch_broke(self._kind)
                    self._log.warning(
                        "a watch broke", kind=self._kind, error=failure.sentence, again_in_seconds=round(seconds, 1)
                    )

    def stop(self) -> None:
        """End ``run``."""
        self._follower.stop()

    def _before_states(self, values: Sequence[JsonObject]) -> None:
        """Claims of now before states that were made anew; see ``negotiation.is_made_anew``.

        If the claims cannot be read either, their watch is as broken as this request; it reads them when it can.
        """
        if self._kind != "NodeAllocationState" or not any(self._known.is_made_anew(value) for value in values):
            return
        listing = self._server.list(CLAIMS)
        if isinstance(listing, Failure):
            failed: ApiFailure = listing.failure()
            self._log.warning("claims could not be read", error=failed.sentence)
        else:
            found: Listing = listing.unwrap()
            self._known.learn_all("ResourceClaim", found.objects, found.resource_version)
