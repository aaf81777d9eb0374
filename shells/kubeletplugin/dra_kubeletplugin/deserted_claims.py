"""End claims that are prepared and that nobody uses: what the kubelet forgot holds no device for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from dra_apiserver import ApiFailure, ApiServer, Resource
from dra_core.nodestate import ClaimLook, is_deserted, look_for_deserted
from dra_core.preparation import ClaimReference
from dra_core.refusal import Refusals, sentences
from dra_logs import Log
from returns.result import Failure

from dra_kubeletplugin.claims_on_node import ClaimsOnNode

LOOK_SECONDS = 60.0
"""One request for each prepared claim, of which a node has a handful."""


class DesertedClaims:
    """Looks from ``run`` until ``stop``; see ``dra_core.nodestate.deserted`` for the rules."""

    def __init__(
        self,
        claims: ClaimsOnNode,
        server: ApiServer,
        resource: Resource,
        ended: Callable[[], None],
        log: Log,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._claims = claims
        self._server = server
        self._resource = resource
        self._ended = ended
        self._log = log
        self._clock = clock
        self._since: Mapping[str, float] = {}
        self._stopped = threading.Event()

    def run(self) -> None:
        """Look, at once and then now and then."""
        while not self._stopped.is_set():
            self.look()
            self._stopped.wait(LOOK_SECONDS)

    def stop(self) -> None:
        """End ``run``."""
        self._stopped.set()

    def look(self) -> None:
        """Look at every prepared claim, and end those that have been deserted for long."""
        prepared = self._claims.prepared()
        looks = {uid: self._ask(claim) for uid, claim in prepared.items()}
        found = look_for_deserted(looks, self._since, self._clock())
        self._since = found.since
        for uid in found.overdue:
            self._end(prepared[uid])

    def _ask(self, claim: ClaimReference) -> ClaimLook | None:
        if not claim.name:
            return None  # from an older checkpoint, which held no names
        answer = self._server.get(self._resource, claim.name, claim.namespace)
        if isinstance(answer, Failure):
            failed: ApiFailure = answer.failure()
            return ClaimLook(None) if failed.not_found else None
        return ClaimLook(answer.unwrap())

    def _end(self, claim: ClaimReference) -> None:
        def deserted_still() -> bool:
            look = self._ask(claim)
            return look is not None and is_deserted(claim.uid, look)

        wrong: Refusals | None = self._claims.unprepare_if(claim, deserted_still)
        if wrong is None:
            return
        named = {"claim": f"{claim.namespace}/{claim.name}", "uid": claim.uid}
        if wrong:
            self._log.warning("a claim that nobody uses could not be unprepared", error=sentences(wrong), **named)
        else:
            self._log.info("unprepared a claim that nobody uses any more, for the kubelet", **named)
            self._ended()
