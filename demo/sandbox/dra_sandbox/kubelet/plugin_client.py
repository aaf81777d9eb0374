"""The connection to one registered plugin: calls, and the stream of its devices' health."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import grpc
from dra_proto import health_v1_pb2, health_v1_pb2_grpc, health_v1alpha1_pb2, health_v1alpha1_pb2_grpc
from returns.result import Failure, Result, Success

from dra_sandbox.kubelet.classic_protocol import Classic
from dra_sandbox.kubelet.device_health import Reported, State
from dra_sandbox.kubelet.dra_protocol import DIALECTS, Answers, Dra, said
from dra_sandbox.kubelet.plugin_instances import CLASSIC_SERVICE, Instance
from dra_sandbox.kubelet.prepared_claims import PREPARE, UNPREPARE, HeldClaim

# grpcio looks at a connection's state every 0.2 s in a thread of its own, which ends some time after the last
# subscription, and raises in the face of a channel that was closed before.
CLOSE_SECONDS = 2.0
HEALTH_AGAIN_SECONDS = 5.0  # kubelet: when a broken health stream is opened again

# One connection per plugin, shared with nobody; it comes back soon after the plugin does.
CHANNEL_OPTIONS = (
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
)
STATES: Mapping[int, State] = {0: "Unknown", 1: "Healthy", 2: "Unhealthy"}  # HealthStatus in both versions


class DeviceName(Protocol):
    """The message DeviceIdentifier of any version."""

    @property
    def pool_name(self) -> str: ...  # noqa: D102  as in the protocol
    @property
    def device_name(self) -> str: ...  # noqa: D102  as in the protocol


class DeviceNews(Protocol):
    """The message DeviceHealth of any version."""

    @property
    def device(self) -> DeviceName: ...  # noqa: D102  as in the protocol
    @property
    def health(self) -> int: ...  # noqa: D102  as in the protocol
    @property
    def health_check_timeout_seconds(self) -> int: ...  # noqa: D102  as in the protocol
    @property
    def message(self) -> str: ...  # noqa: D102  as in the protocol


class PluginClient:
    """One instance. What it is told may come from several threads; what it tells, too."""

    def __init__(
        self,
        instance: Instance,
        on_connection: Callable[[bool], None],
        on_health: Callable[[tuple[Reported, ...] | None], None],
    ) -> None:
        """Connect.

        Args:
            instance: Which plugin.
            on_connection: Told whenever the connection comes up or breaks.
            on_health: Told what the plugin reports; None when the stream has ended.
        """
        self._instance = instance
        self._on_connection = on_connection
        self._on_health = on_health
        self._channel = grpc.insecure_channel(f"unix:{instance.endpoint}", options=CHANNEL_OPTIONS)
        self._dra = _dialect(instance, self._channel)
        self._closed = threading.Event()
        self._channel.subscribe(self._connectivity, try_to_connect=True)
        if instance.health_service:
            threading.Thread(target=self._watch_health, name=f"health-{instance.driver}", daemon=True).start()

    def prepare(self, claims: tuple[HeldClaim, ...]) -> Result[Answers, str]:
        """NodePrepareResources; a failure is one of the whole call."""
        try:
            return Success(self._dra.prepare(claims))
        except (grpc.RpcError, ValueError) as error:  # ValueError: closed meanwhile
            return Failure(self._words(PREPARE, error))

    def unprepare(self, claims: tuple[HeldClaim, ...]) -> Result[Mapping[str, str], str]:
        """NodeUnprepareResources: error texts by UID, "" for success; a failure is one of the whole call."""
        try:
            return Success(self._dra.unprepare(claims))
        except (grpc.RpcError, ValueError) as error:
            return Failure(self._words(UNPREPARE, error))

    def close(self) -> None:
        """Break the connection soon; calls that are still in progress then fail."""
        self._closed.set()
        self._channel.unsubscribe(self._connectivity)
        end = threading.Timer(CLOSE_SECONDS, self._channel.close)
        end.daemon = True
        end.start()

    def _words(self, operation: str, error: Exception) -> str:
        return f"{operation} of DRA driver {self._instance.driver} failed: {said(error)}"

    def _connectivity(self, state: grpc.ChannelConnectivity) -> None:
        if self._closed.is_set():
            return
        self._on_connection(state is grpc.ChannelConnectivity.READY)
        if state is grpc.ChannelConnectivity.IDLE:  # gRPC would wait for the next call; a kubelet connects at once
            with contextlib.suppress(ValueError):
                self._channel.subscribe(_nothing, try_to_connect=True)
                self._channel.unsubscribe(_nothing)

    def _watch_health(self) -> None:
        while not self._closed.is_set():
            with contextlib.suppress(grpc.RpcError, ValueError):
                for reported in self._health_reports():
                    self._on_health(reported)
            if not self._closed.is_set():
                self._on_health(None)
            self._closed.wait(HEALTH_AGAIN_SECONDS)

    def _health_reports(self) -> Iterator[tuple[Reported, ...]]:
        if self._instance.health_service == "v1.DRAResourceHealth":
            stub = health_v1_pb2_grpc.DRAResourceHealthStub(self._channel)
            for message in stub.NodeWatchResources(health_v1_pb2.NodeWatchResourcesRequest(), wait_for_ready=True):
                yield tuple(_reported(item) for item in message.devices)
        else:
            older = health_v1alpha1_pb2_grpc.DRAResourceHealthStub(self._channel)
            request = health_v1alpha1_pb2.NodeWatchResourcesRequest()
            for older_message in older.NodeWatchResources(request, wait_for_ready=True):
                yield tuple(_reported(item) for item in older_message.devices)


def _dialect(instance: Instance, channel: grpc.Channel) -> Dra:
    if instance.dra_service == CLASSIC_SERVICE:
        return Classic(channel, instance.driver)
    return DIALECTS[instance.dra_service](channel)


def _reported(message: DeviceNews) -> Reported:
    return Reported(
        pool=message.device.pool_name,
        device=message.device.device_name,
        state=STATES.get(message.health, "Unknown"),
        message=message.message,
        seconds=message.health_check_timeout_seconds,
    )


def _nothing(_: grpc.ChannelConnectivity) -> None:
    pass
