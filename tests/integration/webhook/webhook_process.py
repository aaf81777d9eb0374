"""The webhook as a process of its own, as a Deployment's pod runs it, and a client as the API server is one."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
from collections.abc import Mapping, Sequence

import msgspec
from dra_core.snapshot.json_value import Json

from tests.integration.program_process import ProgramProcess
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


class WebhookProcess(ProgramProcess):
    """On a free port, with this certificate."""

    def __init__(self, files: PairFiles, flags: Sequence[str] = ()) -> None:
        own = {"TLS_CERT_FILE": str(files.certificate), "TLS_PRIVATE_KEY_FILE": str(files.key), "PORT": "0"}
        super().__init__(["-m", "dra_webhook", *flags], {**os.environ, **own}, DEADLINE_SECONDS)

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return "127.0.0.1", self.port("serving")

    def connect(self, shown: Pair) -> ssl.SSLSocket:
        """A connection that trusts this certificate alone."""
        context = ssl.create_default_context(cadata=shown.certificate.decode())
        plain = socket.create_connection(self.address, timeout=DEADLINE_SECONDS)
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
            socket.create_connection(self.address, timeout=DEADLINE_SECONDS) as plain,
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


def answer_from(connection: socket.socket, method: str = "POST") -> Got:
    """The next answer on a connection."""
    response = http.client.HTTPResponse(connection, method=method)
    with response:
        response.begin()
        return Got(response.status, dict(response.headers), response.read())
