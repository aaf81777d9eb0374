"""Probes and metrics over HTTP: ``/healthz``, ``/readyz``, ``/metrics``."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest


class ProbeServer:
    """Answers from ``start`` until ``stop``.

    Args:
        port: TCP port; 0: any free one.
        alive: Why the process should be restarted, "" if it should not.
        ready: Why it does not do its work (a standby does it by waiting), "" if it does.
        registry: What ``/metrics`` tells.

    Raises:
        OSError: The port cannot be listened on.
    """

    def __init__(
        self, port: int, alive: Callable[[], str], ready: Callable[[], str], registry: CollectorRegistry
    ) -> None:
        answers: dict[str, Callable[[], str]] = {"/healthz": alive, "/readyz": ready}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path == "/metrics":
                    self._answer(200, CONTENT_TYPE_LATEST, generate_latest(registry))
                elif path in answers:
                    trouble = answers[path]()
                    self._answer(503 if trouble else 200, "text/plain", (trouble or "ok").encode())
                else:
                    self._answer(404, "text/plain", b"there are /healthz, /readyz, /metrics")

            def _answer(self, status: int, content_type: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Probes are not worth a line."""

        self._server = ThreadingHTTPServer(("", port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="probes", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Answer."""
        self._thread.start()

    def stop(self) -> None:
        """End, with all connections."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
