"""The kubelet's DRA service in both versions: messages in, messages out."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import NoReturn, Protocol

import grpc
from dra_core.preparation import ClaimReference
from dra_core.refusal import sentences
from dra_core.snapshot.json_value import Json
from dra_proto import dra_v1_pb2 as v1
from dra_proto import dra_v1_pb2_grpc, dra_v1beta1_pb2_grpc
from dra_proto import dra_v1beta1_pb2 as v1beta1
from returns.result import Failure, Success

from dra_kubeletplugin.claims_on_node import CallerGoneError, ClaimsOnNode, PrepareAnswers, UnprepareAnswers
from dra_kubeletplugin.logs import Log
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
    """What both versions have in common: measure, log, and answer for every claim."""

    def __init__(self, claims: ClaimsOnNode, metrics: Metrics, log: Log) -> None:
        self._claims = claims
        self._metrics = metrics
        self._log = log

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


class DraV1(dra_v1_pb2_grpc.DRAPluginServicer):
    """v1.DRAPlugin."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def NodePrepareResources(  # noqa: N802  the protocol's name
        self, request: v1.NodePrepareResourcesRequest, context: grpc.ServicerContext
    ) -> v1.NodePrepareResourcesResponse:
        """Prepare claims."""
        response = v1.NodePrepareResourcesResponse()
        for uid, answer in self._calls.prepare(request.claims, context).items():
            claim = response.claims[uid]  # reading makes the entry
            if isinstance(answer, Success):
                for device in answer.unwrap():
                    claim.devices.add(
                        request_names=device.request_names,
                        pool_name=device.pool,
                        device_name=device.device,
                        cdi_device_ids=device.cdi_device_ids,
                        share_id=device.share_id,
                    )
            else:
                claim.error = sentences(answer.failure())
        return response

    def NodeUnprepareResources(  # noqa: N802  the protocol's name
        self, request: v1.NodeUnprepareResourcesRequest, context: grpc.ServicerContext
    ) -> v1.NodeUnprepareResourcesResponse:
        """Unprepare claims."""
        response = v1.NodeUnprepareResourcesResponse()
        for uid, refusals in self._calls.unprepare(request.claims, context).items():
            response.claims[uid].error = sentences(refusals)
        return response


class DraV1Beta1(dra_v1beta1_pb2_grpc.DRAPluginServicer):
    """v1beta1.DRAPlugin: the same without share IDs."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def NodePrepareResources(  # noqa: N802  the protocol's name
        self, request: v1beta1.NodePrepareResourcesRequest, context: grpc.ServicerContext
    ) -> v1beta1.NodePrepareResourcesResponse:
        """Prepare claims."""
        response = v1beta1.NodePrepareResourcesResponse()
        for uid, answer in self._calls.prepare(request.claims, context).items():
            claim = response.claims[uid]  # reading makes the entry
            if isinstance(answer, Success):
                for device in answer.unwrap():
                    claim.devices.add(
                        request_names=device.request_names,
                        pool_name=device.pool,
                        device_name=device.device,
                        cdi_device_ids=device.cdi_device_ids,
                    )
            else:
                claim.error = sentences(answer.failure())
        return response

    def NodeUnprepareResources(  # noqa: N802  the protocol's name
        self, request: v1beta1.NodeUnprepareResourcesRequest, context: grpc.ServicerContext
    ) -> v1beta1.NodeUnprepareResourcesResponse:
        """Unprepare claims."""
        response = v1beta1.NodeUnprepareResourcesResponse()
        for uid, refusals in self._calls.unprepare(request.claims, context).items():
            response.claims[uid].error = sentences(refusals)
        return response


class _Waiting:
    """The caller, as gRPC knows it."""

    def __init__(self, context: grpc.ServicerContext) -> None:
        self._context = context

    def gone(self) -> bool:
        return not self._context.is_active()

    def seconds_left(self) -> float:
        return WAIT_SHARE * min(self._context.time_remaining(), LONGEST_WAIT_SECONDS)


def _references(requested: Iterable[KubeletClaim]) -> tuple[ClaimReference, ...]:
    return tuple(ClaimReference(uid=each.uid, namespace=each.namespace, name=each.name) for each in requested)
