"""Look at one claim or one PodSchedulingContext: decide, write, decide again, until there is nothing more to write."""

from __future__ import annotations

import threading

from dra_apiserver import PODS, ApiFailure, ApiServer
from dra_core.negotiation import (
    ClassicCluster,
    Concerned,
    Decision,
    EmitEvent,
    PatchClaim,
    PatchClaimStatus,
    Subject,
    decide_claim,
    decide_scheduling,
    forgetting,
    knowing,
)
from dra_core.snapshot.json_value import JsonObject
from dra_logs import Log
from returns.result import Failure

from dra_controller.classic.carrying_out import CarryingOut
from dra_controller.classic.known_cluster import KnownCluster
from dra_controller.metrics import Metrics
from dra_controller.outcome import failure_of
from dra_controller.work_queue import WorkQueue

MOST_STEPS = 20
"""Decisions in a row about one subject; the longest way takes five."""

WAKE_SECONDS, WAKE_SECONDS_EACH = 0.1, 0.005
"""Changes that concern all who wait are answered together, the later the more of them there are."""


class Looking:
    """What workers do. Threads share it; the queue gives each subject to one of them at a time."""

    def __init__(
        self,
        server: ApiServer,
        known: KnownCluster,
        carrying_out: CarryingOut,
        queue: WorkQueue[Subject],
        metrics: Metrics,
        log: Log,
    ) -> None:
        self._server = server
        self._known = known
        self._carrying_out = carrying_out
        self._queue = queue
        self._metrics = metrics
        self._log = log
        self._lock = threading.Lock()
        self._waiting: set[Subject] = set()
        metrics.waiting_is(lambda: len(self._waiting))

    def concern(self, who: Concerned) -> None:
        """Something has changed."""
        self._queue.add_all(who.subjects)
        if who.those_who_wait:
            self.wake()

    def wake(self) -> None:
        """Look again at everything that waits."""
        with self._lock:
            waiting = tuple(self._waiting)
        self._queue.add_all(waiting, WAKE_SECONDS + WAKE_SECONDS_EACH * len(waiting))

    def look(self, subject: Subject) -> bool:
        """Whether it went well; if not, it is to be looked at again after a pause."""
        kind, name = subject
        pod: JsonObject | None = None
        if kind == "PodSchedulingContext":
            answer = self._server.get(PODS, name[1], name[0])
            if isinstance(answer, Failure):
                failed: ApiFailure = answer.failure()
                if not failed.not_found:
                    self._log.warning("a pod could not be read", pod="/".join(name), error=failed.sentence)
                    return False
            else:
                pod = answer.unwrap()
        for _ in range(MOST_STEPS):
            decision = self._decide(subject, self._known.now, pod)
            with self._lock:
                (self._waiting.add if decision.waiting else self._waiting.discard)(subject)
            if not self._carry_out(subject, decision):
                return False
            if not decision.writes:
                return True
        self._log.error("a decision that does not come to an end", subject=str(subject))
        return False

    def _decide(self, subject: Subject, cluster: ClassicCluster, pod: JsonObject | None) -> Decision:
        kind, name = subject
        if kind == "ResourceClaim":
            return decide_claim(cluster, name)
        seen = knowing(cluster, "Pod", pod) if pod is not None else forgetting(cluster, "Pod", name)
        return decide_scheduling(seen, name)

    def _carry_out(self, subject: Subject, decision: Decision) -> bool:
        for effect in decision.effects:
            if isinstance(effect, EmitEvent):
                self._carrying_out.tell(effect)
                continue
            kind, answer = self._carrying_out.write(effect)
            event = "a write failed; deciding again"
            failed = failure_of(answer, kind, self._metrics, self._log, event, subject=str(subject))
            if failed is not None:
                if failed.not_found and isinstance(effect, PatchClaim | PatchClaimStatus):
                    self._known.forget("ResourceClaim", (effect.namespace, effect.name))
                return False
            self._known.learn(kind, answer.unwrap())
            self._log.info("written", effect=type(effect).__name__, namespace=subject[1][0], name=subject[1][1])
        return True
