"""The webhook as a process of its own, as a Deployment's pod runs it, and a client as the API server is one."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, text_at

from tests.integration.webhook.certificates import Pair, PairFiles

PATH = "/validate-resource-claim-parameters"
IS_JSON = {"Content-Type": "application/json"}
DEADLINE_SECONDS = 60.0
"""Far more than anything here takes, for machines under load."""


class Got(msgspec.Struct, frozen=True):
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def review(self) -> Json:
        """As JSON."""
        found: Json = json.loads(self.body)
        return found


class WebhookProcess:
    """Starts it; ``stop`` ends it. Its log is read all the time."""

    def __init__(self, files: PairFiles, flags: Sequence[str] = ()) -> None:
        own = {"TLS_CERT_FILE": str(files.certificate), "TLS_PRIVATE_KEY_FILE": str(files.key), "PORT": "0"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dra_webhook", *flags],
            env={**os.environ, **own},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        port = self.wait_for("serving")["port"]
        assert isinstance(port, int)
        return port

    def wait_for(self, event: str) -> JsonObject:
        """The log's first line of this kind; fails when the process ends before."""
        with self._news:
            self._news.wait_for(lambda: bool(self.events(event)) or self._ended, DEADLINE_SECONDS)
            found = self.events(event)
        assert found, f"no {event!r} in the log: {self.lines}"
        return found[0]

    def events(self, event: str) -> list[JsonObject]:
        """The log's lines of this kind up to now."""
        found: list[JsonObject] = [json.loads(line) for line in list(self.lines) if line.startswith("{")]
        return [value for value in found if text_at(value, "event") == event]

    def connect(self, shown: Pair) -> ssl.SSLSocket:
        """A connection that trusts this certificate alone."""
        context = ssl.create_default_context(cadata=shown.certificate.decode())
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_SECONDS)
        try:
            return context.wrap_socket(plain, server_hostname="localhost")
        except BaseException:
            plain.close()
            raise

    def shows(self) -> bytes:
        """The certificate that a new connection is shown (DER)."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_SECONDS) as plain,
            context.wrap_socket(plain) as connection,
        ):
            return connection.getpeercert(binary_form=True) or b""

    def ask(
        self, shown: Pair, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] = {}
    ) -> Got:
        """Ask over a connection of its own."""
        with self.connect(shown) as connection:
            lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            if body is not None:
                lines.append(f"Content-Length: {len(body)}")
            connection.sendall("\r\n".join([*lines, "", ""]).encode() + (body or b""))
            return answer_from(connection, method)

    def terminate(self) -> None:
        """As a pod is stopped; does not wait."""
        self._process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """The same, and its exit code."""
        self.terminate()
        return self.wait()

    def wait(self) -> int:
        """Until it ends by itself; its exit code."""
        code = self._process.wait(DEADLINE_SECONDS)
        self._reader.join(DEADLINE_SECONDS)
        return code

    def end(self) -> None:
        """Whatever state it is in."""
        if self._process.poll() is None:
            self._process.kill()
        self.wait()
        assert self._process.stderr is not None
        self._process.stderr.close()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            with self._news:
                self.lines.append(line.rstrip())
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()


def answer_from(connection: socket.socket, method: str = "POST") -> Got:
    """The next answer on a connection."""
    response = http.client.HTTPResponse(connection, method=method)
    with response:
        response.begin()
        return Got(response.status, dict(response.headers), response.read())
