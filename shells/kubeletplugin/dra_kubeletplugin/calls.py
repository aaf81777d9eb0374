"""What all versions of the kubelet's DRA service have in common."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import NoReturn, Protocol

import grpc
from dra_core.preparation import ClaimReference
from dra_core.refusal import sentences
from dra_core.snapshot.json_value import Json
from dra_logs import Log
from returns.result import Failure

from dra_kubeletplugin.claims_on_node import CallerGoneError, ClaimsOnNode, PrepareAnswers, UnprepareAnswers
from dra_kubeletplugin.metrics import Metrics

LONGEST_WAIT_SECONDS = 45.0
"""The kubelet's own deadline for these calls (pkg/kubelet/cm/dra/plugin); no caller is waited with for longer."""

WAIT_SHARE = 0.8
"""How much of the caller's time goes into waiting for the lock: some must be left to say that it was in vain."""


class KubeletClaim(Protocol):
    """The message Claim of any version."""

    @property
    def namespace(self) -> str: ...  # noqa: D102  as in the protocol
    @property
    def uid(self) -> str: ...  # noqa: D102  as in the protocol
    @property
    def name(self) -> str: ...  # noqa: D102  as in the protocol


class Calls:
    """Measure, log, and answer for every claim; afterwards say that claims have changed (nobody waits for that)."""

    def __init__(self, claims: ClaimsOnNode, metrics: Metrics, log: Log, changed: Callable[[], None]) -> None:
        self._claims = claims
        self._metrics = metrics
        self._log = log
        self._changed = changed

    def prepare(self, requested: Iterable[KubeletClaim], context: grpc.ServicerContext) -> PrepareAnswers:
        """Prepare claims; nothing is done, and nothing answered, if the caller has gone."""
        references = _references(requested)
        started = time.perf_counter()
        try:
            answers = self._claims.prepare(references, _Waiting(context))
        except CallerGoneError:
            self._nobody_waits(context)
        seconds = time.perf_counter() - started
        for reference in references:
            answer = answers[reference.uid]
            refusals = answer.failure() if isinstance(answer, Failure) else ()
            self._log_claim("prepared", "not prepared", reference, sentences(refusals), seconds)
            self._metrics.prepared(failed=bool(refusals), seconds=seconds)
        if references:  # probes ask for nothing, every few seconds
            self._changed()
        return answers

    def unprepare(self, requested: Iterable[KubeletClaim], context: grpc.ServicerContext) -> UnprepareAnswers:
        """Unprepare claims; nothing is done, and nothing answered, if the caller has gone."""
        references = _references(requested)
        started = time.perf_counter()
        try:
            answers = self._claims.unprepare(references, _Waiting(context))
        except CallerGoneError:
            self._nobody_waits(context)
        seconds = time.perf_counter() - started
        for reference in references:
            refusals = answers[reference.uid]
            self._log_claim("unprepared", "not unprepared", reference, sentences(refusals), seconds)
            self._metrics.unprepared(failed=bool(refusals), seconds=seconds)
        if references:  # probes ask for nothing, every few seconds
            self._changed()
        return answers

    def _nobody_waits(self, context: grpc.ServicerContext) -> NoReturn:
        self._log.warning("the caller has gone; nothing was done")
        context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "the caller has gone; nothing was done")

    def _log_claim(self, done: str, failed: str, claim: ClaimReference, error: str, seconds: float) -> None:
        where: dict[str, Json] = {
            "claim": f"{claim.namespace}/{claim.name}",
            "uid": claim.uid,
            "milliseconds": round(seconds * 1000, 2),
        }
        if error:
            self._log.warning(failed, **where, error=error)
        else:
            self._log.info(done, **where)


class _Waiting:
    """The caller, as gRPC knows it."""

    def __init__(self, context: grpc.ServicerContext) -> None:
        self._context = context

    def gone(self) -> bool:
        return not self._context.is_active() or self._context.time_remaining() <= 0

    def seconds_left(self) -> float:
        return WAIT_SHARE * min(self._context.time_remaining(), LONGEST_WAIT_SECONDS)


def _references(requested: Iterable[KubeletClaim]) -> tuple[ClaimReference, ...]:
    return tuple(ClaimReference(uid=each.uid, namespace=each.namespace, name=each.name) for each in requested)
