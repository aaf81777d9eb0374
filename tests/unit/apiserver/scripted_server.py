"""An HTTP server that answers what a test has written down, in that order."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
from dra_core.snapshot.json_value import JsonObject


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """``events`` makes it a watch: one line each; then it ends, or with ``hold`` stays open until the server stops."""

    status: int = 200
    body: JsonObject | str = {}
    headers: tuple[tuple[str, str], ...] = ()
    events: Sequence[JsonObject | str] | None = None
    hold: bool = False
    cut: bool = False


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    method: str
    path: str
    headers: dict[str, str]
    body: str


class ScriptedServer:
    def __init__(self, *answers: Answer, tls: ssl.SSLContext | None = None) -> None:
        self._answers = list(answers)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self.holding = threading.Event()
        self.seen: list[Seen] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> ScriptedServer:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def next(self, seen: Seen) -> Answer:
        with self._lock:
            self.seen.append(seen)
            return self._answers.pop(0) if self._answers else Answer(status=500, body="nothing more is written down")

    def hold(self) -> None:
        self.holding.set()
        self._stopped.wait(60)


def _handler(server: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: object) -> None:
            pass

        def _respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = server.next(Seen(method=self.command, path=self.path, headers=headers, body=body))
            if answer.cut:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            if answer.events is None:
                text = (answer.body if isinstance(answer.body, str) else json.dumps(answer.body)).encode()
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
                return
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for event in answer.events:
                line = (event if isinstance(event, str) else json.dumps(event)).encode() + b"\n"
                # In two pieces: lines need not come as they were written.
                for part in (line[:5], line[5:]):
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                    self.wfile.flush()
            self.wfile.flush()
            if answer.hold:
                server.hold()
            self.wfile.write(b"0\r\n\r\n")

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _respond  # noqa: N815  the base class's names

        def handle(self) -> None:
            try:
                super().handle()
            except (ConnectionError, TimeoutError):
                self.close_connection = True

    return Handler
