"""The DRA protocol's versions as one: claims in, answers out (k8s.io/kubelet pkg/apis/dra v1 and v1beta1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, TypeAlias

import grpc
import msgspec
from dra_proto import dra_v1_pb2, dra_v1_pb2_grpc, dra_v1beta1_pb2, dra_v1beta1_pb2_grpc

from dra_sandbox.kubelet.prepared_claims import HeldClaim, PreparedDevice

CALL_SECONDS = 45.0  # pkg/kubelet/cm/dra/plugin: the deadline of a call


class Prepared(msgspec.Struct, frozen=True):
    """A driver's answer for one claim."""

    devices: tuple[PreparedDevice, ...] = ()
    error: str = ""


Answers: TypeAlias = Mapping[str, Prepared]
"""By claim UID."""


class Device(Protocol):
    """The message Device of any version."""

    @property
    def request_names(self) -> Iterable[str]: ...  # noqa: D102  as in the protocol
    @property
    def pool_name(self) -> str: ...  # noqa: D102  as in the protocol
    @property
    def device_name(self) -> str: ...  # noqa: D102  as in the protocol
    @property
    def cdi_device_ids(self) -> Iterable[str]: ...  # noqa: D102  as in the protocol


class Dra(Protocol):
    """One version of the protocol on one channel. Both raise grpc.RpcError."""

    def prepare(self, claims: Iterable[HeldClaim]) -> Answers:
        """NodePrepareResources."""
        ...

    def unprepare(self, claims: Iterable[HeldClaim]) -> Mapping[str, str]:
        """NodeUnprepareResources: error texts by UID, "" for success."""
        ...


class V1:
    """v1.DRAPlugin."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._stub = dra_v1_pb2_grpc.DRAPluginStub(channel)

    def prepare(self, claims: Iterable[HeldClaim]) -> Answers:
        """NodePrepareResources."""
        asked = [dra_v1_pb2.Claim(namespace=item.namespace, uid=item.uid, name=item.name) for item in claims]
        reply = self._stub.NodePrepareResources(
            dra_v1_pb2.NodePrepareResourcesRequest(claims=asked), timeout=CALL_SECONDS
        )
        return {
            uid: Prepared(tuple(_device(item, item.share_id) for item in answer.devices), answer.error)
            for uid, answer in reply.claims.items()
        }

    def unprepare(self, claims: Iterable[HeldClaim]) -> Mapping[str, str]:
        """NodeUnprepareResources."""
        asked = [dra_v1_pb2.Claim(namespace=item.namespace, uid=item.uid, name=item.name) for item in claims]
        reply = self._stub.NodeUnprepareResources(
            dra_v1_pb2.NodeUnprepareResourcesRequest(claims=asked), timeout=CALL_SECONDS
        )
        return {uid: answer.error for uid, answer in reply.claims.items()}


class V1Beta1:
    """v1beta1.DRAPlugin: the same without share IDs."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._stub = dra_v1beta1_pb2_grpc.DRAPluginStub(channel)

    def prepare(self, claims: Iterable[HeldClaim]) -> Answers:
        """NodePrepareResources."""
        asked = [dra_v1beta1_pb2.Claim(namespace=item.namespace, uid=item.uid, name=item.name) for item in claims]
        reply = self._stub.NodePrepareResources(
            dra_v1beta1_pb2.NodePrepareResourcesRequest(claims=asked), timeout=CALL_SECONDS
        )
        return {
            uid: Prepared(tuple(_device(item, "") for item in answer.devices), answer.error)
            for uid, answer in reply.claims.items()
        }

    def unprepare(self, claims: Iterable[HeldClaim]) -> Mapping[str, str]:
        """NodeUnprepareResources."""
        asked = [dra_v1beta1_pb2.Claim(namespace=item.namespace, uid=item.uid, name=item.name) for item in claims]
        reply = self._stub.NodeUnprepareResources(
            dra_v1beta1_pb2.NodeUnprepareResourcesRequest(claims=asked), timeout=CALL_SECONDS
        )
        return {uid: answer.error for uid, answer in reply.claims.items()}


def said(error: Exception) -> str:
    """What gRPC says about a call that failed, in one line."""
    return f"{error.code().name}: {error.details()}" if isinstance(error, grpc.Call) else str(error)


DIALECTS: Mapping[str, Callable[[grpc.Channel], Dra]] = {"v1.DRAPlugin": V1, "v1beta1.DRAPlugin": V1Beta1}


def _device(message: Device, share_id: str) -> PreparedDevice:
    return PreparedDevice(
        request_names=tuple(message.request_names),
        pool=message.pool_name,
        device=message.device_name,
        cdi_ids=tuple(message.cdi_device_ids),
        share_id=share_id,
    )
