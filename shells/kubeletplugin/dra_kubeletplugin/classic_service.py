"""The kubelet's DRA service of Kubernetes 1.30 (v1alpha3): the same calls, answered with the CDI devices alone.

Kubelets of 1.30 call v1alpha3 first, and only where that is not implemented v1alpha2; what is asked beyond these two
calls (NodeListAndWatchResources) belongs to structured parameters, and is answered with UNIMPLEMENTED by gRPC itself.
"""

from __future__ import annotations

import grpc
from dra_core.refusal import sentences
from dra_proto import dra_v1alpha3_pb2 as v1alpha3
from dra_proto import dra_v1alpha3_pb2_grpc
from returns.result import Success

from dra_kubeletplugin.dra_service import Calls

CLASSIC_VERSIONS = ("1.0.0",)
"""What a plugin says to the plugin watcher of 1.30: a version of registration, not of the API."""


class DraV1Alpha3(dra_v1alpha3_pb2_grpc.NodeServicer):
    """v1alpha3.Node."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def NodePrepareResources(  # noqa: N802  the protocol's name
        self, request: v1alpha3.NodePrepareResourcesRequest, context: grpc.ServicerContext
    ) -> v1alpha3.NodePrepareResourcesResponse:
        """Prepare claims; what devices have in common is named once."""
        response = v1alpha3.NodePrepareResourcesResponse()
        for uid, answer in self._calls.prepare(request.claims, context).items():
            claim = response.claims[uid]  # reading makes the entry
            if isinstance(answer, Success):
                names = [name for device in answer.unwrap() for name in device.cdi_device_ids]
                claim.cdi_devices.extend(dict.fromkeys(names))
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
