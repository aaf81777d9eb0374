"""HTTPS: a thread for each connection, so that no client holds up another, not even in its TLS handshake."""

from __future__ import annotations

import socket
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from traceback import format_exc

from dra_logs import Log

from dra_webhook.answers import Answer, Answers, refused
from dra_webhook.certificate import Certificate
from dra_webhook.connections import Connections

HANDSHAKE_SECONDS = 10.0
READ_SECONDS = 30.0
"""How long a client may say nothing, within a request. The API server waits 30 s at most for all of it."""

REST_SECONDS = 120.0
"""How long a connection is kept between requests: longer than Go's clients keep it (90 s). If we hung up first, now and
then a review would be on its way already, and fail."""

MOST_BYTES = 8 * 1024 * 1024
"""Of a body. The API server takes objects of 3 MiB at most, and an update has two of them."""


class TlsServer:
    """Answers from ``start`` until ``stop``.

    Args:
        port: TCP port; 0: any free one.
        certificate: What it shows to clients.
        answers: What it answers.
        log: Where faults are told.

    Raises:
        OSError: The port cannot be listened on.
    """

    def __init__(self, port: int, certificate: Certificate, answers: Answers, log: Log) -> None:
        self._server = _Server(port, certificate, answers, log)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="accepting", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.server_port

    def start(self) -> None:
        """Answer."""
        self._thread.start()

    def stop(self, seconds: float) -> int:
        """Accept no more, and let requests in progress end within this time; how many did not."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        return self._server.connections.stop(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_port = False  # two that share a port would be a fault of the set-up, to be told at start

    def __init__(self, port: int, certificate: Certificate, answers: Answers, log: Log) -> None:
        self.address_family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
        self.connections = Connections()
        self.answers = answers
        self.log = log
        self._certificate = certificate
        super().__init__(("", port), _Handler)

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        TCPServer.server_bind(self)  # HTTPServer's asks DNS for a name that nobody needs
        self.server_name, self.server_port = "", int(self.server_address[1])

    def finish_request(self, request: object, client_address: object) -> None:
        """In the connection's own thread."""
        assert isinstance(request, socket.socket)
        request.settimeout(HANDSHAKE_SECONDS)
        with self._certificate.context().wrap_socket(request, server_side=True) as connection:
            self.connections.opened(connection)
            try:
                _Handler(connection, client_address, self)
            finally:
                self.connections.closed(connection)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002  the interface has it
        """An exception ended a connection; clients' and the network's are no fault of ours."""
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            self.log.debug("a connection broke", client=str(client_address), error=repr(error))
        else:
            self.log.error("a bug", client=str(client_address), error=repr(error), traceback=format_exc())


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    connection: socket.socket
    protocol_version = "HTTP/1.1"  # the API server keeps its connections
    server_version = "dra-webhook"
    sys_version = ""
    timeout = READ_SECONDS
    disable_nagle_algorithm = True

    def handle_one_request(self) -> None:
        super().handle_one_request()
        self.connection.settimeout(REST_SECONDS)
        self.server.connections.rests(self.connection)

    def parse_request(self) -> bool:
        """The first line is there."""
        self.connection.settimeout(READ_SECONDS)
        self.server.connections.begins(self.connection)
        return super().parse_request()

    def do_GET(self) -> None:
        self._answer()

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET  # noqa: N815  http.server looks for them

    def _answer(self) -> None:
        body = self._body()
        answer = self.server.answers.answer(self.command, self.path, self.headers.get("Content-Type", ""), body)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.allow:
            self.send_header("Allow", answer.allow)
        if self.close_connection or isinstance(body, Answer) or self.server.connections.stopping:
            # A body that was not read would be taken for the next request.
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _body(self) -> bytes | Answer:
        """The body; or why it is not read.

        Raises:
            OSError: The connection broke, or nothing came for too long.
        """
        length = self.headers.get("Content-Length")
        if "Transfer-Encoding" in self.headers or (length is None and self.command == "POST"):
            return refused(HTTPStatus.LENGTH_REQUIRED, "a body has to come with its Content-Length, and not in chunks")
        if length is None:
            return b""
        if not (length.isascii() and length.isdigit()):
            return refused(HTTPStatus.BAD_REQUEST, f"the Content-Length is {length!r}, and has to be a number")
        if len(length) > len(str(MOST_BYTES)) or int(length) > MOST_BYTES:
            seen = f"the body has {length} bytes, and may have {MOST_BYTES}"
            return refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, seen)
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            return refused(HTTPStatus.BAD_REQUEST, f"the body ended after {len(body)} of {length} bytes")
        return body

    def log_message(self, format: str, *args: object) -> None:
        """What the standard library tells: each answer, and what it could not read."""
        self.server.log.debug("http", client=str(self.client_address), said=format % args)
