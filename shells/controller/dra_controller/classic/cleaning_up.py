"""Clean up after controllers that crashed and claims that vanished: at first, and from time to time."""

from __future__ import annotations

from dra_apiserver import CLASSIC_CLAIMS, NODE_STATES, ApiFailure, ApiServer, Listing, Resource, Selection
from dra_apiserver.selection import EVERYTHING
from dra_core.allocation.cel_language import CelLanguage
from dra_core.allocation.selectors import Questions
from dra_core.negotiation import ClassicCluster, PatchNodeState, Write, knowing_all
from dra_core.negotiation.allocating import with_finalizers
from dra_core.nodestate import Unfinished, clean_up
from dra_core.snapshot.classic_claim import version_of
from dra_logs import Log
from returns.result import Failure

from dra_controller.classic.carrying_out import CarryingOut
from dra_controller.classic.known_cluster import KnownCluster
from dra_controller.metrics import Metrics


class CleaningUp:
    """Reads everything itself, states first, then claims, so that a lost watch does no harm; and tells what it read."""

    def __init__(
        self, server: ApiServer, namespace: str, known: KnownCluster, out: CarryingOut, metrics: Metrics, log: Log
    ) -> None:
        self._server = server
        self._namespace = namespace
        self._known = known
        self._carrying_out = out
        self._metrics = metrics
        self._log = log
        self._unfinished = Unfinished()

    def once(self) -> None:
        """One clean-up; what fails is done by the next one."""
        states = self._list(NODE_STATES, Selection(namespace=self._namespace))
        claims = self._list(CLASSIC_CLAIMS, EVERYTHING) if states is not None else None
        if states is None or claims is None:
            return
        read = ClassicCluster(driver_name=self._known.now.driver_name, questions=Questions(CelLanguage()))
        read = knowing_all(read, "NodeAllocationState", states.objects)
        read = knowing_all(read, "ResourceClaim", claims.objects)
        self._known.learn_all("ResourceClaim", claims.objects, claims.resource_version)
        found = clean_up(
            read.finalizer,
            read.states(),
            tuple(read.claims.values()),
            version_of(claims.resource_version),
            self._unfinished,
        )
        self._unfinished = found.unfinished
        writes: list[Write] = [PatchNodeState(name, patch) for name, patch in found.states.items()]
        for claim in found.claims:
            left = [name for name in claim.metadata.finalizers if name != read.finalizer]
            writes.append(with_finalizers(claim, left))
        for write in writes:
            kind, answer = self._carrying_out.write(write)
            if isinstance(answer, Failure):
                failed: ApiFailure = answer.failure()
                self._log.info("not cleaned up; it has changed meanwhile", error=failed.sentence)
                continue
            self._known.learn(kind, answer.unwrap())
            self._metrics.cleaned_up()
            self._log.info("cleaned up", effect=type(write).__name__, name=write.name)

    def _list(self, resource: Resource, selection: Selection) -> Listing | None:
        listing = self._server.list(resource, selection)
        if isinstance(listing, Failure):
            failed: ApiFailure = listing.failure()
            self._log.warning("nothing is cleaned up now", error=failed.sentence)
            return None
        found: Listing = listing.unwrap()
        return found
