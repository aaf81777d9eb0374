"""The kubelet's side of the sockets: plugin watcher, registration, DRA and health clients.

Behaves as the real one (pkg/kubelet/pluginmanager, pkg/kubelet/cm/dra/plugin): finds sockets in the registry directory,
asks who is there, connects, tells the outcome; calls the newest connected instance of a driver in the first version of
the plugin's list that it knows; forgets an instance when its registration socket goes. Its rules are the sandbox's.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import grpc
import msgspec
from dra_proto import (
    dra_v1_pb2,
    dra_v1_pb2_grpc,
    dra_v1beta1_pb2,
    dra_v1beta1_pb2_grpc,
    health_v1_pb2,
    health_v1_pb2_grpc,
    health_v1alpha1_pb2,
    health_v1alpha1_pb2_grpc,
    registration_v1_pb2,
    registration_v1_pb2_grpc,
)
from dra_sandbox.kubelet.cdi_resolution import Edits, SpecFile, read_devices, resolve
from dra_sandbox.kubelet.plugin_instances import Instance, Instances, PluginInfo, instance_from
from returns.result import Failure

from tests.integration.kubeletplugin.plugin_process import DRIVER
from tests.integration.kubeletplugin.waiting import DEADLINE_SECONDS, eventually

CALL_SECONDS = 45.0
"""The kubelet's deadline for a call."""

LOOK_SECONDS = 0.02


class Claim(msgspec.Struct, frozen=True):
    """A claim as it is asked for."""

    uid: str
    name: str
    namespace: str = "default"


class PreparedDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device as the plugin answered."""

    request_names: tuple[str, ...]
    pool: str
    device: str
    cdi_ids: tuple[str, ...]
    share_id: str | None = None


class Answered(msgspec.Struct, frozen=True):
    """The answer for one claim."""

    devices: tuple[PreparedDevice, ...] = ()
    error: str = ""


class DeviceHealth(msgspec.Struct, frozen=True, kw_only=True):
    """What a health stream says of a device."""

    health: int
    message: str
    timeout_seconds: int


class KubeletSide:
    """A kubelet from ``with`` to its end; start another one for a kubelet that restarts."""

    def __init__(
        self,
        registry: Path,
        kubelet_knows: Sequence[str] = ("v1.DRAPlugin", "v1beta1.DRAPlugin"),
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._registry = registry
        self._look_seconds = look_seconds
        self._knows = tuple(kubelet_knows)
        self._stopped = threading.Event()
        self._changed = threading.Condition()
        self._instances = Instances()
        self._seen: dict[str, tuple[int, int]] = {}
        self._channels: dict[str, grpc.Channel] = {}
        self._probes: dict[str, socket.socket] = {}
        self.told: list[str] = []
        self.refuse: Callable[[Instance], str] = lambda _: ""
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> KubeletSide:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(DEADLINE_SECONDS)
        for channel in self._channels.values():
            channel.close()
        for probe in self._probes.values():
            probe.close()

    # Registration

    def instances(self, driver: str = DRIVER) -> tuple[Instance, ...]:
        """Newest first."""
        with self._changed:
            return self._instances.of(driver)

    def wait_for_plugin(self, count: int = 1, driver: str = DRIVER) -> Instance:
        """Until so many instances of the driver are registered and connected; the newest one."""

        def there() -> bool:
            return sum(each.connected for each in self._instances.of(driver)) == count

        with self._changed:
            assert self._changed.wait_for(there, DEADLINE_SECONDS), f"{count} instances of {driver}: {self._instances}"
            newest = self._instances.chosen(driver)
            assert newest is not None
            return newest

    def wait_until_gone(self, driver: str = DRIVER) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: not self._instances.of(driver), DEADLINE_SECONDS), self._instances

    def _watch(self) -> None:
        while not self._stopped.wait(self._look_seconds):
            there = {str(path): _identity(path) for path in self._registry.iterdir() if path.is_socket()}
            for registrar in [name for name, identity in self._seen.items() if there.get(name) != identity]:
                del self._seen[registrar]
                self._change(self._instances.without(registrar))
            for registrar, identity in there.items():
                if registrar not in self._seen and self._register(registrar):
                    self._seen[registrar] = identity
            self._look_at_connections()

    def _register(self, registrar: str) -> bool:
        with grpc.insecure_channel(f"unix:{registrar}") as channel:
            stub = registration_v1_pb2_grpc.RegistrationStub(channel)
            try:
                info = stub.GetInfo(registration_v1_pb2.InfoRequest(), timeout=CALL_SECONDS)
                self.told.append(f"GetInfo {registrar}")
                found = instance_from(_plugin_info(info), registrar, self._instances)
                error = found.failure() if isinstance(found, Failure) else self.refuse(found.unwrap())
                status = registration_v1_pb2.RegistrationStatus(plugin_registered=not error, error=error)
                if not error:
                    self._connect(found.unwrap())
                stub.NotifyRegistrationStatus(status, timeout=CALL_SECONDS)
            except grpc.RpcError:
                self._change(self._instances.without(registrar))
                return False  # tried again, as the kubelet's reconciler does
            return not error

    def _connect(self, instance: Instance) -> None:
        self._change(self._instances.registered(instance))
        if instance.endpoint in self._channels:
            self._channels.pop(instance.endpoint).close()
        self._channels[instance.endpoint] = grpc.insecure_channel(
            f"unix:{instance.endpoint}",
            options=(("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 500)),
        )

    def _look_at_connections(self) -> None:
        # A plugin that stops has left the registry before. It says goodbye on each connection and waits for the answer
        # as for calls, some seconds; a probe never answers.
        for endpoint in set(self._probes) - {instance.endpoint for instance in self._instances.all}:
            self._probes.pop(endpoint).close()
        for instance in self._instances.all:
            connected = self._connected(instance.endpoint)
            if connected != instance.connected:
                self._change(self._instances.connection_changed(instance.endpoint, connected))

    def _connected(self, endpoint: str) -> bool:
        """By a connection of its own: gRPC's channels tell of theirs from threads that outlive them."""
        probe = self._probes.pop(endpoint, None)
        if probe is not None and _alive(probe):
            self._probes[endpoint] = probe
            return True
        if probe is not None:
            probe.close()
        probe = socket.socket(socket.AF_UNIX)
        try:
            probe.connect(endpoint)
        except OSError:
            probe.close()
            return False
        self._probes[endpoint] = probe
        return True

    def _change(self, instances: Instances) -> None:
        with self._changed:
            self._instances = instances
            self._changed.notify_all()

    # Calls

    def prepare(self, *claims: Claim, seconds: float = CALL_SECONDS, driver: str = DRIVER) -> Mapping[str, Answered]:
        """NodePrepareResources, in the version that this kubelet uses with the plugin. Raises grpc.RpcError."""
        channel, service = self._chosen(driver)
        if service == "v1.DRAPlugin":
            request = dra_v1_pb2.NodePrepareResourcesRequest(claims=[dra_v1_pb2.Claim(**_fields(c)) for c in claims])
            answer = dra_v1_pb2_grpc.DRAPluginStub(channel).NodePrepareResources(request, timeout=seconds)
            return {uid: Answered(tuple(map(_device, each.devices)), each.error) for uid, each in answer.claims.items()}
        older = dra_v1beta1_pb2.NodePrepareResourcesRequest(
            claims=[dra_v1beta1_pb2.Claim(**_fields(c)) for c in claims]
        )
        old_answer = dra_v1beta1_pb2_grpc.DRAPluginStub(channel).NodePrepareResources(older, timeout=seconds)
        return {
            uid: Answered(tuple(map(_older_device, each.devices)), each.error)
            for uid, each in old_answer.claims.items()
        }

    def prepare_one(self, claim: Claim) -> tuple[PreparedDevice, ...]:
        """The devices of a claim that can be prepared."""
        answer = self.prepare(claim)
        assert set(answer) == {claim.uid}
        assert answer[claim.uid].error == ""
        return answer[claim.uid].devices

    def refusal(self, claim: Claim) -> str:
        """The error of a claim that cannot be prepared, as it is shown in the pod's events."""
        answer = self.prepare(claim)
        assert set(answer) == {claim.uid}
        assert answer[claim.uid].devices == ()
        assert answer[claim.uid].error
        return answer[claim.uid].error

    def unprepare(self, *claims: Claim, seconds: float = CALL_SECONDS, driver: str = DRIVER) -> Mapping[str, str]:
        """NodeUnprepareResources: by UID the error, "" for success. Raises grpc.RpcError."""
        channel, service = self._chosen(driver)
        if service == "v1.DRAPlugin":
            request = dra_v1_pb2.NodeUnprepareResourcesRequest(claims=[dra_v1_pb2.Claim(**_fields(c)) for c in claims])
            answer = dra_v1_pb2_grpc.DRAPluginStub(channel).NodeUnprepareResources(request, timeout=seconds)
            return {uid: each.error for uid, each in answer.claims.items()}
        older = dra_v1beta1_pb2.NodeUnprepareResourcesRequest(
            claims=[dra_v1beta1_pb2.Claim(**_fields(c)) for c in claims]
        )
        old_answer = dra_v1beta1_pb2_grpc.DRAPluginStub(channel).NodeUnprepareResources(older, timeout=seconds)
        return {uid: each.error for uid, each in old_answer.claims.items()}

    def follow_health(self, service: str = "v1.DRAResourceHealth") -> HealthStream:
        """A stream of the plugin's health service; close it."""
        return HealthStream(self._chosen()[0], service)

    def _chosen(self, driver: str = DRIVER) -> tuple[grpc.Channel, str]:
        with self._changed:
            instance = self._instances.chosen(driver)
            assert instance is not None, "no plugin is registered"
            service = next(each for each in (instance.dra_service, *self._knows) if each in self._knows)
            return self._channels[instance.endpoint], service


Message: TypeAlias = health_v1_pb2.NodeWatchResourcesResponse | health_v1alpha1_pb2.NodeWatchResourcesResponse


class HealthStream:
    """Reads all the time; tests wait for what they want to see."""

    def __init__(self, channel: grpc.Channel, service: str) -> None:
        self._news = threading.Condition()
        self.messages = 0
        self.devices: dict[tuple[str, str], DeviceHealth] = {}
        self.ended = ""
        if service == "v1.DRAResourceHealth":
            call = health_v1_pb2_grpc.DRAResourceHealthStub(channel).NodeWatchResources(
                health_v1_pb2.NodeWatchResourcesRequest()
            )
            self._cancel: Callable[[], object] = call.cancel
            messages: Iterator[Message] = iter(call)
        else:
            older = health_v1alpha1_pb2_grpc.DRAResourceHealthStub(channel).NodeWatchResources(
                health_v1alpha1_pb2.NodeWatchResourcesRequest()
            )
            self._cancel = older.cancel
            messages = iter(older)
        self._thread = threading.Thread(target=self._read, args=(messages,), daemon=True)
        self._thread.start()

    def __enter__(self) -> HealthStream:
        return self

    def __exit__(self, *_: object) -> None:
        self._cancel()
        self._thread.join(DEADLINE_SECONDS)

    def wait(self, look: Callable[[HealthStream], bool], what: str) -> None:
        with self._news:
            assert self._news.wait_for(lambda: look(self), DEADLINE_SECONDS), f"{what}: {self.devices} {self.ended}"

    def _read(self, messages: Iterator[Message]) -> None:
        try:
            for message in messages:
                with self._news:
                    self.messages += 1
                    self.devices = {
                        (each.device.pool_name, each.device.device_name): DeviceHealth(
                            health=each.health, message=each.message, timeout_seconds=each.health_check_timeout_seconds
                        )
                        for each in message.devices
                    }
                    self._news.notify_all()
            ended = "OK"
        except grpc.RpcError as error:
            ended = str(error)
        with self._news:
            self.ended = ended
            self._news.notify_all()


def container_environment(cdi: Path, devices: Sequence[PreparedDevice], request: str = "") -> Mapping[str, str]:
    """What a container sees that lists the whole claim, or one request of it."""
    return container_edits(cdi, devices, request).env


def container_edits(cdi: Path, devices: Sequence[PreparedDevice], request: str = "") -> Edits:
    """What becomes of a container that lists the whole claim, or one request of it: kubelet, then container runtime."""
    ids = tuple(
        cdi_id
        for device in devices
        if not request or not device.request_names or request in device.request_names
        for cdi_id in device.cdi_ids
    )
    files = tuple(
        SpecFile(path=str(path), priority=0, content=msgspec.json.decode(path.read_bytes()))
        for path in cdi.iterdir()
        if path.suffix == ".json"
    )
    there = read_devices(files)
    assert there.faults == ()
    edits = resolve(there, ids)
    assert not isinstance(edits, Failure), edits
    return edits.unwrap()


def eventually_prepared(kubelet: KubeletSide, claim: Claim) -> tuple[PreparedDevice, ...]:
    """The kubelet tries again until it succeeds."""

    def tried() -> tuple[PreparedDevice, ...] | None:
        try:
            return kubelet.prepare(claim)[claim.uid].devices or None
        except grpc.RpcError:
            return None

    return eventually(tried, f"{claim} prepared")


def _fields(claim: Claim) -> dict[str, str]:
    return {"uid": claim.uid, "name": claim.name, "namespace": claim.namespace}


def _device(device: dra_v1_pb2.Device) -> PreparedDevice:
    return PreparedDevice(
        request_names=tuple(device.request_names),
        pool=device.pool_name,
        device=device.device_name,
        cdi_ids=tuple(device.cdi_device_ids),
        share_id=device.share_id if device.HasField("share_id") else None,
    )


def _older_device(device: dra_v1beta1_pb2.Device) -> PreparedDevice:
    return PreparedDevice(
        request_names=tuple(device.request_names),
        pool=device.pool_name,
        device=device.device_name,
        cdi_ids=tuple(device.cdi_device_ids),
    )


def _plugin_info(info: registration_v1_pb2.PluginInfo) -> PluginInfo:
    return PluginInfo(
        type=info.type, name=info.name, endpoint=info.endpoint, supported_versions=tuple(info.supported_versions)
    )


def _alive(connection: socket.socket) -> bool:
    """Whether the other side has not closed it; what it sent is of no interest."""
    try:
        while connection.recv(4096, socket.MSG_DONTWAIT):
            pass
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _identity(path: Path) -> tuple[int, int]:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return 0, 0
    return found.st_ino, found.st_ctime_ns
