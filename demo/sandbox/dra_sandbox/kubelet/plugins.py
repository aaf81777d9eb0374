"""The plugins of a node: who is registered, the connections to them, what they say about their devices."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import grpc
from dra_proto import registration_v1_pb2 as registration
from dra_proto import registration_v1_pb2_grpc
from returns.result import Failure, Result, Success

from dra_sandbox.kubelet.device_health import Health, Reported, after_end, after_report
from dra_sandbox.kubelet.dra_protocol import said
from dra_sandbox.kubelet.plugin_client import PluginClient
from dra_sandbox.kubelet.plugin_instances import Accept, Instance, Instances, PluginInfo, instance_from
from dra_sandbox.kubelet.slice_wiping import Absent, absent_after

REGISTRATION_SECONDS = 5.0  # for each of the two calls


class Plugins:
    """Registers and forgets.

    Args:
        on_change: Called after each change, from any thread.
        accept: Judges who wants to be registered.
    """

    def __init__(self, on_change: Callable[[], None], accept: Accept = instance_from) -> None:
        self._on_change = on_change
        self._accept = accept
        self._lock = threading.Lock()
        self._instances = Instances()
        self._clients: dict[str, PluginClient] = {}
        self._health: Health = {}
        self._known: frozenset[str] = frozenset()
        self._absent: Absent = {}

    def register(self, registrar: str) -> Result[None, str]:
        """Ask the plugin behind a registration socket who it is, take it on or not, and tell it so."""
        with grpc.insecure_channel(f"unix:{registrar}", options=(("grpc.use_local_subchannel_pool", 1),)) as channel:
            stub = registration_v1_pb2_grpc.RegistrationStub(channel)
            try:
                info = stub.GetInfo(registration.InfoRequest(), timeout=REGISTRATION_SECONDS)
                checked = self._check(info, registrar)
                refusal = checked.failure() if isinstance(checked, Failure) else ""
                status = registration.RegistrationStatus(plugin_registered=not refusal, error=refusal)
                stub.NotifyRegistrationStatus(status, timeout=REGISTRATION_SECONDS)
            except grpc.RpcError as error:
                return Failure(f"registration through {registrar} failed: {said(error)}")
        if isinstance(checked, Failure):
            return Failure(checked.failure())
        self._take_on(checked.unwrap())
        return Success(None)

    def _check(self, info: registration.PluginInfo, registrar: str) -> Result[Instance, str]:
        answered = PluginInfo(
            type=info.type, name=info.name, endpoint=info.endpoint, supported_versions=tuple(info.supported_versions)
        )
        return self._accept(answered, registrar, self._instances)

    def _take_on(self, instance: Instance) -> None:
        with self._lock:
            old = self._clients.pop(instance.registrar, None)
            self._instances = self._instances.registered(instance)
            self._known |= {instance.driver}
            # Together: whoever sees the driver registered can call it. What the client tells comes from other threads.
            self._clients[instance.registrar] = PluginClient(
                instance,
                lambda connected: self._connection(instance, connected),
                lambda reported: self._news(instance, reported),
            )
        if old is not None:
            old.close()
        self._changed()

    def unregister(self, registrar: str) -> None:
        """After the registration socket has gone."""
        with self._lock:
            self._instances = self._instances.without(registrar)
            client = self._clients.pop(registrar, None)
        if client is not None:
            client.close()
        self._changed()

    def close(self) -> None:
        """Break all connections; nothing is reported any more."""
        with self._lock:
            clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.close()

    def registered(self) -> frozenset[str]:
        """Drivers with an instance here."""
        return self._instances.drivers()

    def client(self, driver: str) -> PluginClient | None:
        """Whom to call for a driver."""
        with self._lock:
            chosen = self._instances.chosen(driver)
            return None if chosen is None else self._clients.get(chosen.registrar)

    def absent(self) -> Absent:
        """Drivers without a connected instance, and since when."""
        return self._absent

    def forget_absence(self, drivers: frozenset[str]) -> None:
        """After their slices were deleted: once is enough until they come back."""
        with self._lock:
            self._absent = {driver: since for driver, since in self._absent.items() if driver not in drivers}
            self._known -= drivers

    def health(self) -> tuple[Health, frozenset[str]]:
        """What is known of devices, and the drivers that report health at all."""
        with self._lock:
            return self._health, frozenset(item.driver for item in self._instances.all if item.health_service)

    def _connection(self, instance: Instance, connected: bool) -> None:
        with self._lock:
            if instance.registrar in self._clients or connected:
                self._instances = self._instances.connection_changed(instance.endpoint, connected)
        self._changed()

    def _news(self, instance: Instance, reported: tuple[Reported, ...] | None) -> None:
        now = datetime.now(UTC)
        with self._lock:
            chosen = self._instances.chosen(instance.driver)
            if chosen is not None and chosen.registrar != instance.registrar:
                return  # an older instance: the newer one speaks for the driver
            if reported is None:
                self._health = after_end(self._health, instance.driver)
            else:
                self._health = after_report(self._health, instance.driver, reported, now)
        self._on_change()

    def _changed(self) -> None:
        with self._lock:
            serving = self._instances.serving()
            self._known |= serving
            self._absent = absent_after(self._absent, self._known, serving, datetime.now(UTC))
        self._on_change()
