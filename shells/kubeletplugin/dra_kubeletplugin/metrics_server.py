"""``/metrics`` over HTTP, for Prometheus: one kind of question, one kind of answer."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable

from dra_kubeletplugin.settings import StartError

PATIENCE_SECONDS = 10.0
"""For a question to arrive and an answer to be taken."""

LONGEST_LINE = 8192
MOST_LINES = 100


class MetricsServer:
    """Serves from its making until ``stop``, on all addresses; ``port`` 0 asks for any. Raises StartError."""

    def __init__(self, port: int, text: Callable[[], str]) -> None:
        class Handler(_Handler):
            metrics = staticmethod(text)

        try:
            self._server = _Server(("::", port), Handler)
        except OSError as error:
            raise StartError(f"cannot serve metrics on port {port}: {error.strerror} (--metrics-port)") from error
        self.port: int = self._server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def handle_error(self, request: object, client_address: object) -> None:
        """Who went away before the answer is of no interest."""


class _Handler(socketserver.StreamRequestHandler):
    metrics: Callable[[], str]
    timeout = PATIENCE_SECONDS

    def handle(self) -> None:
        method, _, rest = self._line().partition(" ")
        path = rest.partition(" ")[0].partition("?")[0]
        for _ in range(MOST_LINES):
            if not self._line():
                break
        if method not in ("GET", "HEAD"):
            self._answer("405 Method Not Allowed", "only GET", method)
        elif path != "/metrics":
            self._answer("404 Not Found", "metrics are at /metrics", method)
        else:
            self._answer("200 OK", type(self).metrics(), method)

    def _line(self) -> str:
        return self.rfile.readline(LONGEST_LINE).decode("latin-1").rstrip("\r\n")

    def _answer(self, status: str, text: str, method: str) -> None:
        body = text.encode()
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.wfile.write(head.encode() + (b"" if method == "HEAD" else body))
