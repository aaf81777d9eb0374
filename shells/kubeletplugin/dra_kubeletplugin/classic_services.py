"""The kubelet's services on clusters of resource.k8s.io/v1alpha2: the same calls, answered with the CDI devices alone.

Kubelets of 1.30 call v1alpha3, and v1alpha2 (older: only that) where it is not implemented. What is asked beyond these
calls (NodeListAndWatchResources) belongs to structured parameters, and gRPC itself answers it with UNIMPLEMENTED.
"""

from __future__ import annotations

from collections.abc import Iterable

import grpc
from dra_core.preparation import PreparedDevice
from dra_core.refusal import Refusals, sentences
from dra_proto import dra_v1alpha2_pb2 as v1alpha2
from dra_proto import dra_v1alpha2_pb2_grpc, dra_v1alpha3_pb2_grpc
from dra_proto import dra_v1alpha3_pb2 as v1alpha3
from returns.result import Failure, Success

from dra_kubeletplugin.calls import Calls
from dra_kubeletplugin.health_service import HealthStreams
from dra_kubeletplugin.kubelet_api import KubeletApi


class NodeV1Alpha3(dra_v1alpha3_pb2_grpc.NodeServicer):
    """v1alpha3.Node."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def NodePrepareResources(  # noqa: N802  the protocol's name
        self, request: v1alpha3.NodePrepareResourcesRequest, context: grpc.ServicerContext
    ) -> v1alpha3.NodePrepareResourcesResponse:
        """Prepare claims."""
        response = v1alpha3.NodePrepareResourcesResponse()
        for uid, answer in self._calls.prepare(request.claims, context).items():
            claim = response.claims[uid]  # reading makes the entry
            if isinstance(answer, Success):
                claim.cdi_devices.extend(_cdi_devices(answer.unwrap()))
            else:
                claim.error = sentences(answer.failure())
        return response

    def NodeUnprepareResources(  # noqa: N802  the protocol's name
        self, request: v1alpha3.NodeUnprepareResourcesRequest, context: grpc.ServicerContext
    ) -> v1alpha3.NodeUnprepareResourcesResponse:
        """Unprepare claims."""
        response = v1alpha3.NodeUnprepareResourcesResponse()
        for uid, refusals in self._calls.unprepare(request.claims, context).items():
            response.claims[uid].error = sentences(refusals)
        return response


class NodeV1Alpha2(dra_v1alpha2_pb2_grpc.NodeServicer):
    """v1alpha2.Node: one claim a call, whose error is the call's."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def NodePrepareResource(  # noqa: N802  the protocol's name
        self, request: v1alpha2.NodePrepareResourceRequest, context: grpc.ServicerContext
    ) -> v1alpha2.NodePrepareResourceResponse:
        """Prepare a claim."""
        answer = self._calls.prepare([_claim(request)], context)[request.claim_uid]
        if isinstance(answer, Failure):
            refusals: Refusals = answer.failure()
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, sentences(refusals))
        return v1alpha2.NodePrepareResourceResponse(cdi_devices=_cdi_devices(answer.unwrap()))

    def NodeUnprepareResource(  # noqa: N802  the protocol's name
        self, request: v1alpha2.NodeUnprepareResourceRequest, context: grpc.ServicerContext
    ) -> v1alpha2.NodeUnprepareResourceResponse:
        """Unprepare a claim."""
        refusals = self._calls.unprepare([_claim(request)], context)[request.claim_uid]
        if refusals:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, sentences(refusals))
        return v1alpha2.NodeUnprepareResourceResponse()


def _cdi_devices(devices: Iterable[PreparedDevice]) -> Iterable[str]:
    """What devices have in common is named once."""
    return dict.fromkeys(name for device in devices for name in device.cdi_device_ids)


def _claim(request: v1alpha2.NodePrepareResourceRequest | v1alpha2.NodeUnprepareResourceRequest) -> v1alpha3.Claim:
    return v1alpha3.Claim(namespace=request.namespace, uid=request.claim_uid, name=request.claim_name)


def _add_services(server: grpc.Server, calls: Calls, streams: HealthStreams) -> None:  # noqa: ARG001  not asked yet
    dra_v1alpha3_pb2_grpc.add_NodeServicer_to_server(NodeV1Alpha3(calls), server)
    dra_v1alpha2_pb2_grpc.add_NodeServicer_to_server(NodeV1Alpha2(calls), server)


def _probe(channel: grpc.Channel, seconds: float) -> None:
    request = v1alpha3.NodePrepareResourcesRequest()
    dra_v1alpha3_pb2_grpc.NodeStub(channel).NodePrepareResources(request, timeout=seconds)


CLASSIC = KubeletApi(
    # A version of the registration, not of the API (kubelet 1.30, pkg/kubelet/cm/dra/plugin).
    supported_versions=("1.0.0",),
    add_services=_add_services,
    probe=_probe,
)
