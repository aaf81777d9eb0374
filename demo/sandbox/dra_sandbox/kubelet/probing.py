"""Asks containers how they are: one thread per container that has probes."""

from __future__ import annotations

import http.client
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import grpc
import msgspec
from dra_core.snapshot.json_value import JsonObject, at, list_at, object_at, text_at
from grpc_health.v1 import health_pb2, health_pb2_grpc

from dra_sandbox.kubelet.pod_life import Run
from dra_sandbox.kubelet.probe_rules import Pace, Verdict, after, pace_of
from dra_sandbox.world.objects import objects_at


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """What the probes of a run amount to."""

    started: bool = False
    ready: bool = False
    alive: bool = True


class Prober:
    """Probes one run until it is stopped; ``on_change`` is called whenever the answers change."""

    def __init__(
        self,
        container: JsonObject,
        run: Run,
        env: Mapping[str, str],
        directory: Path,
        ports: Mapping[int, int],
        on_change: Callable[[], None],
    ) -> None:
        self.run_id = run.id
        self.answers = Answers(
            started=not at(container, "startupProbe"),
            ready=not at(container, "readinessProbe") and not at(container, "startupProbe"),
        )
        self._container = container
        self._env = env
        self._directory = directory
        self._ports = ports
        self._on_change = on_change
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name=f"probe-{run.container}", daemon=True)
        if any(at(container, f"{kind}Probe") for kind in ("startup", "readiness", "liveness")):
            self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._stop.set()

    def _loop(self) -> None:
        if at(self._container, "startupProbe") and not self._start_up():
            return
        probes = {kind: object_at(self._container, f"{kind}Probe") for kind in ("readiness", "liveness")}
        paces = {kind: pace_of(probe) for kind, probe in probes.items() if probe}
        verdicts = {kind: Verdict() for kind in paces}
        due = {kind: time.monotonic() + pace.initial_delay for kind, pace in paces.items()}
        while due and not self._stop.wait(max(0.0, min(due.values()) - time.monotonic())):
            kind = min(due, key=lambda item: due[item])
            pace = paces[kind]
            verdicts[kind] = after(verdicts[kind], self._ask(probes[kind], pace), pace)
            due[kind] = time.monotonic() + pace.period
            ready, alive = verdicts.get("readiness"), verdicts.get("liveness")
            self._say(
                Answers(
                    started=True,
                    ready=ready is None or ready.passed is True,
                    alive=alive is None or alive.passed is not False,
                )
            )

    def _start_up(self) -> bool:
        probe = object_at(self._container, "startupProbe")
        pace, verdict = pace_of(probe), Verdict()
        wait = float(pace.initial_delay)
        while not self._stop.wait(wait):
            verdict = after(verdict, self._ask(probe, pace), pace)
            if verdict.passed is True:
                self._say(Answers(started=True, ready=not at(self._container, "readinessProbe")))
                return True
            if verdict.passed is False:
                self._say(Answers(alive=False))
                return False
            wait = pace.period
        return False

    def _say(self, answers: Answers) -> None:
        if answers != self.answers:
            self.answers = answers
            self._on_change()

    def _ask(self, probe: JsonObject, pace: Pace) -> bool:
        try:
            if execute := object_at(probe, "exec"):
                command = [str(item) for item in list_at(execute, "command")]
                done = subprocess.run(
                    command,
                    env=dict(self._env),
                    cwd=self._directory,
                    timeout=pace.timeout,
                    capture_output=True,
                    check=False,
                )
                return done.returncode == 0
            if call := object_at(probe, "grpc"):
                return _serving(self._port(call), text_at(call, "service"), pace.timeout)
            if get := object_at(probe, "httpGet"):
                return _responding(self._port(get), text_at(get, "path") or "/", pace.timeout)
            with socket.create_connection(
                ("127.0.0.1", self._port(object_at(probe, "tcpSocket"))), timeout=pace.timeout
            ):
                return True
        except (OSError, http.client.HTTPException, subprocess.SubprocessError, grpc.RpcError):
            return False

    def _port(self, action: JsonObject) -> int:
        wanted = at(action, "port")
        if isinstance(wanted, str):
            ports = objects_at(self._container, "ports")
            wanted = next((at(item, "containerPort") for item in ports if item.get("name") == wanted), 0)
        number = wanted if isinstance(wanted, int) else 0
        return self._ports.get(number, number)


def _responding(port: int, path: str, timeout: float) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path)
        return 200 <= connection.getresponse().status < 400
    finally:
        connection.close()


def _serving(port: int, service: str, timeout: float) -> bool:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        reply = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=timeout)
        return bool(reply.status == health_pb2.HealthCheckResponse.SERVING)
