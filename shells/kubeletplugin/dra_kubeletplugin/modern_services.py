"""The kubelet's services on clusters of resource.k8s.io/v1: DRA and device health, each in two versions."""

from __future__ import annotations

import grpc
from dra_core.refusal import sentences
from dra_proto import dra_v1_pb2 as v1
from dra_proto import dra_v1_pb2_grpc, dra_v1beta1_pb2_grpc, health_v1_pb2_grpc, health_v1alpha1_pb2_grpc
from dra_proto import dra_v1beta1_pb2 as v1beta1
from returns.result import Success

from dra_kubeletplugin.calls import Calls
from dra_kubeletplugin.health_service import HealthStreams, HealthV1, HealthV1Alpha1
from dra_kubeletplugin.kubelet_api import KubeletApi


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


def _add_services(server: grpc.Server, calls: Calls, streams: HealthStreams) -> None:
    dra_v1_pb2_grpc.add_DRAPluginServicer_to_server(DraV1(calls), server)
    dra_v1beta1_pb2_grpc.add_DRAPluginServicer_to_server(DraV1Beta1(calls), server)
    health_v1_pb2_grpc.add_DRAResourceHealthServicer_to_server(HealthV1(streams), server)
    health_v1alpha1_pb2_grpc.add_DRAResourceHealthServicer_to_server(HealthV1Alpha1(streams), server)


def _probe(channel: grpc.Channel, seconds: float) -> None:
    dra_v1_pb2_grpc.DRAPluginStub(channel).NodePrepareResources(v1.NodePrepareResourcesRequest(), timeout=seconds)


MODERN = KubeletApi(
    # The kubelet takes the first DRAPlugin of this list that it knows (k8s.io/kubelet, pkg/apis/dra/*, constants).
    supported_versions=("v1.DRAPlugin", "v1beta1.DRAPlugin", "v1.DRAResourceHealth", "v1alpha1.DRAResourceHealth"),
    add_services=_add_services,
    probe=_probe,
)
