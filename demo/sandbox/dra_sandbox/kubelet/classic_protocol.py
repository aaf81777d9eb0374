"""The DRA protocol of Kubernetes 1.30: v1alpha3, and v1alpha2 for plugins that do not know it.

One claim in v1alpha2 has the fields of a claim in v1alpha3 under the same numbers, and so have the answers; so the
messages of v1alpha3 serve both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import grpc
from dra_proto import dra_v1alpha3_pb2 as v1alpha3
from dra_proto import dra_v1alpha3_pb2_grpc

from dra_sandbox.kubelet.dra_protocol import CALL_SECONDS, Answers, Prepared, said
from dra_sandbox.kubelet.prepared_claims import DriverPart, HeldClaim, PreparedDevice

_OLD_PREPARE, _OLD_UNPREPARE = "/v1alpha2.Node/NodePrepareResource", "/v1alpha2.Node/NodeUnprepareResource"


class Classic:
    """One plugin: asked in v1alpha3 until it says that it does not know it, then in v1alpha2 for good."""

    def __init__(self, channel: grpc.Channel, driver: str) -> None:
        self._channel = channel
        self._driver = driver
        self._stub = dra_v1alpha3_pb2_grpc.NodeStub(channel)
        self._old = False

    def prepare(self, claims: Iterable[HeldClaim]) -> Answers:
        """All claims in one call; the CDI devices of an answer are for every container that uses the claim."""
        asked = [self._message(claim) for claim in claims]
        request = v1alpha3.NodePrepareResourcesRequest(claims=asked)
        if not self._old:
            try:
                reply = self._stub.NodePrepareResources(request, timeout=CALL_SECONDS)
            except grpc.RpcError as error:
                self._fall_back_or_raise(error)
            else:
                return {uid: _prepared(answer) for uid, answer in reply.claims.items()}
        return {claim.uid: self._alone(_OLD_PREPARE, claim) for claim in asked}

    def unprepare(self, claims: Iterable[HeldClaim]) -> Mapping[str, str]:
        """All claims in one call."""
        asked = [self._message(claim) for claim in claims]
        request = v1alpha3.NodeUnprepareResourcesRequest(claims=asked)
        if not self._old:
            try:
                reply = self._stub.NodeUnprepareResources(request, timeout=CALL_SECONDS)
            except grpc.RpcError as error:
                self._fall_back_or_raise(error)
            else:
                return {uid: answer.error for uid, answer in reply.claims.items()}
        return {claim.uid: self._alone(_OLD_UNPREPARE, claim).error for claim in asked}

    def _message(self, claim: HeldClaim) -> v1alpha3.Claim:
        handle = claim.drivers.get(self._driver, DriverPart()).handle
        return v1alpha3.Claim(namespace=claim.namespace, uid=claim.uid, name=claim.name, resource_handle=handle)

    def _fall_back_or_raise(self, error: Exception) -> None:
        if not isinstance(error, grpc.Call) or error.code() is not grpc.StatusCode.UNIMPLEMENTED:
            raise error
        self._old = True

    def _alone(self, method: str, claim: v1alpha3.Claim) -> Prepared:
        call = self._channel.unary_unary(
            method,
            request_serializer=v1alpha3.Claim.SerializeToString,
            response_deserializer=v1alpha3.NodePrepareResourceResponse.FromString,
        )
        try:
            return _prepared(call(claim, timeout=CALL_SECONDS))
        except grpc.RpcError as error:
            return Prepared(error=said(error))


def _prepared(answer: v1alpha3.NodePrepareResourceResponse) -> Prepared:
    return Prepared((PreparedDevice(cdi_ids=tuple(answer.cdi_devices)),), answer.error)
