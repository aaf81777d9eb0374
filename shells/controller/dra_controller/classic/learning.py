"""What the watches of classic DRA tell, in an order that loses no allocation."""

from __future__ import annotations

from collections.abc import Sequence

from dra_apiserver import CLASSIC_CLAIMS, ApiFailure, ApiServer, Listing
from dra_core.negotiation import Kind, name_of
from dra_core.snapshot.json_value import JsonObject
from dra_logs import Log
from returns.result import Failure

from dra_controller.classic.known_cluster import KnownCluster


class Learning:
    """Brings it to the known cluster."""

    def __init__(self, server: ApiServer, known: KnownCluster, log: Log) -> None:
        self._server = server
        self._known = known
        self._log = log

    def listed(self, kind: Kind, values: Sequence[JsonObject]) -> None:
        """These are all objects of the kind."""
        self._before_states(kind, values)
        self._known.learn_all(kind, values)

    def changed(self, kind: Kind, value: JsonObject) -> None:
        """An object is new or different."""
        self._before_states(kind, (value,))
        self._known.learn(kind, value)

    def gone(self, kind: Kind, value: JsonObject) -> None:
        """An object was deleted."""
        self._known.forget(kind, name_of(kind, value))

    def _before_states(self, kind: Kind, values: Sequence[JsonObject]) -> None:
        """Claims of now before states that were made anew; see ``negotiation.is_made_anew``.

        If the claims cannot be read either, their watch is as broken as this request; it reads them when it can.
        """
        if kind != "NodeAllocationState" or not any(self._known.is_made_anew(value) for value in values):
            return
        listing = self._server.list(CLASSIC_CLAIMS)
        if isinstance(listing, Failure):
            failed: ApiFailure = listing.failure()
            self._log.warning("claims could not be read", error=failed.sentence)
        else:
            found: Listing = listing.unwrap()
            self._known.learn_all("ResourceClaim", found.objects, found.resource_version)
