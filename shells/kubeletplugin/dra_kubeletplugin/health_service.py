"""The kubelet's health service in both versions: streams of the health of all devices."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import grpc
from dra_core.profiles import DeviceHealth
from dra_proto import health_v1_pb2 as v1
from dra_proto import health_v1_pb2_grpc, health_v1alpha1_pb2_grpc
from dra_proto import health_v1alpha1_pb2 as v1alpha1

from dra_kubeletplugin.device_health import DeviceHealthWatch

MOST_STREAMS = 4
"""Each stream keeps a thread. A kubelet has one; some more while it reconnects after a network or kubelet restart."""

NEWS_PER_TIMEOUT = 3
"""How often unchanged health is sent again within the time after which the kubelet forgets it."""


class HealthStreams:
    """What both versions have in common: when there is something to send."""

    def __init__(self, watch: DeviceHealthWatch, timeout_seconds: int) -> None:
        self.timeout_seconds = timeout_seconds
        self._watch = watch
        self._free = threading.Semaphore(MOST_STREAMS)

    def follow(self, context: grpc.ServicerContext) -> Iterator[tuple[DeviceHealth, ...]]:
        """The health at once, at each change, and often enough in between; until the caller or the plugin ends it."""
        if not self._free.acquire(blocking=False):
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, f"there are {MOST_STREAMS} health streams already")
        try:
            context.add_callback(self._watch.wake)
            while context.is_active() and not self._watch.stopped:
                version, health = self._watch.now()
                yield health
                self._wait(context, version)
        finally:
            self._free.release()

    def _wait(self, context: grpc.ServicerContext, version: int) -> None:
        """Until there are news, it is time to repeat the old ones, or the stream ends (``wake`` may mean others)."""
        until = time.monotonic() + self.timeout_seconds / NEWS_PER_TIMEOUT
        while context.is_active() and not self._watch.stopped and self._watch.now()[0] == version:
            left = until - time.monotonic()
            if left <= 0:
                return
            self._watch.wait(version, left)


class HealthV1(health_v1_pb2_grpc.DRAResourceHealthServicer):
    """v1.DRAResourceHealth."""

    def __init__(self, streams: HealthStreams) -> None:
        self._streams = streams

    def NodeWatchResources(  # noqa: N802  the protocol's name
        self,
        request: v1.NodeWatchResourcesRequest,  # noqa: ARG002  empty
        context: grpc.ServicerContext,
    ) -> Iterator[v1.NodeWatchResourcesResponse]:
        """Follow the health of all devices."""
        for devices in self._streams.follow(context):
            response = v1.NodeWatchResourcesResponse()
            for each in devices:
                response.devices.add(
                    device=v1.DeviceIdentifier(pool_name=each.pool, device_name=each.device),
                    health=v1.HealthStatus.ValueType(each.health.value),
                    last_updated_time=int(time.time()),
                    health_check_timeout_seconds=self._streams.timeout_seconds,
                    message=each.message,
                )
            yield response


class HealthV1Alpha1(health_v1alpha1_pb2_grpc.DRAResourceHealthServicer):
    """v1alpha1.DRAResourceHealth, for kubelets up to 1.36."""

    def __init__(self, streams: HealthStreams) -> None:
        self._streams = streams

    def NodeWatchResources(  # noqa: N802  the protocol's name
        self,
        request: v1alpha1.NodeWatchResourcesRequest,  # noqa: ARG002  empty
        context: grpc.ServicerContext,
    ) -> Iterator[v1alpha1.NodeWatchResourcesResponse]:
        """Follow the health of all devices."""
        for devices in self._streams.follow(context):
            response = v1alpha1.NodeWatchResourcesResponse()
            for each in devices:
                response.devices.add(
                    device=v1alpha1.DeviceIdentifier(pool_name=each.pool, device_name=each.device),
                    health=v1alpha1.HealthStatus.ValueType(each.health.value),
                    last_updated_time=int(time.time()),
                    health_check_timeout_seconds=self._streams.timeout_seconds,
                    message=each.message,
                )
            yield response
