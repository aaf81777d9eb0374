"""The API server as far as a node's plugin asks it, over real HTTP, with every fault that a test wants.

Slices obey the rules of ``tests.property.slice_server``; the sandbox's API server, which enforces the rest, is tested
with the plugin in ``test_on_the_sandbox.py``.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeAlias
from urllib.parse import parse_qsl, urlsplit

from dra_core.publication import CreateSlice, DeleteSlice, UpdateSlice
from dra_core.snapshot.json_value import Json, JsonObject, object_at, text_at

from tests.property.slice_server import ConflictError, Slice, SliceServer

SLICES = "/apis/resource.k8s.io/v1/resourceslices"
CLAIM = re.compile(r"/apis/resource\.k8s\.io/v1/namespaces/([^/]+)/resourceclaims/([^/]+)")

Answer: TypeAlias = tuple[int, JsonObject]
Fault: TypeAlias = Callable[[str, str], Answer | None]
"""From method and path to an answer in the place of the right one, or None."""


def refusal(code: int, reason: str, message: str) -> Answer:
    return code, {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}


class LittleApi:
    """Claims, slices, one version of Kubernetes, and any node that is asked for."""

    def __init__(self) -> None:
        self.minor = "37"
        self.served = ["v1"]
        self.node_uids: dict[str, str] = {}
        self.claims: dict[tuple[str, str], JsonObject] = {}
        self.fault: Fault = lambda _method, _path: None
        self.asked: list[str] = []
        self.tokens: list[str] = []
        self._slices = SliceServer()
        self._events: list[tuple[int, JsonObject]] = []
        self._oldest = 0
        self._streams = 0
        self._watching = 0
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> LittleApi:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._end_watches()
        self._server.shutdown()
        self._server.server_close()

    def kubeconfig(self, path: Path, token: str = "secret") -> Path:
        path.write_text(
            json.dumps(
                {
                    "current-context": "here",
                    "contexts": [{"name": "here", "context": {"cluster": "little", "user": "plugin"}}],
                    "clusters": [{"name": "little", "cluster": {"server": self.url}}],
                    "users": [{"name": "plugin", "user": {"token": token}}],
                }
            )
        )
        return path

    # What tests do

    def add(self, claim: JsonObject) -> None:
        self.claims[text_at(claim, "metadata", "namespace"), text_at(claim, "metadata", "name")] = claim

    def slices(self) -> list[Slice]:
        with self._changed:
            return sorted(self._slices.stored(), key=lambda each: each["metadata"]["name"])

    def devices(self) -> list[str]:
        return [device["name"] for each in self.slices() for device in each["spec"].get("devices", [])]

    def writes(self) -> list[str]:
        """What changed slices, in order."""
        with self._changed:
            return list(self._slices.changes)

    def tamper(self, change: Callable[[Slice], None]) -> None:
        """Somebody changes the first slice."""
        with self._changed:
            name = min(self._slices.slices)
            value = self._slices.slices[name]
            change(value)
            self._slices.version += 1
            value["metadata"]["resourceVersion"] = str(self._slices.version)
            self._tell("MODIFIED", value)

    def delete_slices(self) -> None:
        """Somebody deletes all slices, as a kubelet does when it starts."""
        with self._changed:
            for name in list(self._slices.slices):
                self._slices.version += 1
                self._tell("DELETED", self._slices.slices.pop(name))

    def delete_slices_silently(self) -> None:
        """The same, while nobody was told."""
        with self._changed:
            self._slices.slices.clear()

    def count(self, method: str, part_of_path: str) -> int:
        """How often that was asked; a watch's method is WATCH."""
        return sum(each.startswith(method) and part_of_path in each for each in list(self.asked))

    def drop_taints(self) -> None:
        """The feature gate for taints is off."""
        self._slices.dropped = ["taints"]

    def forget_history(self) -> None:
        """Watches from before now get 410, of which there is one, or is one soon."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._watching > 0, 60), "nobody watches"
            self._slices.version += 1
            self._oldest = self._slices.version
            self._events.clear()

    def break_watches(self) -> None:
        """Ends all watches, of which there is one, or is one soon."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._watching > 0, 60), "nobody watches"
            self._end_watches()

    def _end_watches(self) -> None:
        self._streams += 1
        self._changed.notify_all()

    @contextmanager
    def failing(self, method: str, part_of_path: str, answer: Answer) -> Iterator[None]:
        self.fault = lambda m, path: answer if m == method and part_of_path in path else None
        try:
            yield
        finally:
            self.fault = lambda _method, _path: None

    def wait(self, look: Callable[[], bool], what: str, seconds: float = 60) -> None:
        """Until slices are as wanted; looks again after each request that changes one."""
        with self._changed:
            assert self._changed.wait_for(look, seconds), (
                f"not within {seconds} s: {what}; slices: {self._slices.changes}"
            )

    # What clients ask

    def answer(self, method: str, path: str, body: JsonObject) -> Answer:
        if (fault := self.fault(method, path)) is not None:
            return fault
        if path == "/version":
            return 200, {"major": "1", "minor": self.minor}
        if path.startswith("/api/v1/nodes/"):
            name = path.rpartition("/")[2]
            return 200, {"kind": "Node", "metadata": {"name": name, "uid": self.node_uids.get(name, f"uid-of-{name}")}}
        if match := CLAIM.fullmatch(path):
            claim = self.claims.get((match[1], match[2]))
            return (200, claim) if claim else refusal(404, "NotFound", f'resourceclaims "{match[2]}" not found')
        if path == "/apis/resource.k8s.io":
            return 200, {"kind": "APIGroup", "versions": [{"version": version} for version in self.served]}
        if path.startswith(SLICES):
            return self._answer_slices(method, path, body)
        return refusal(404, "NotFound", f"the plugin should not ask for {path}")

    def _answer_slices(self, method: str, path: str, body: JsonObject) -> Answer:
        with self._changed:
            try:
                match method:
                    case "POST":
                        made = self._slices.carry_out(CreateSlice(body)) or {}
                        self._tell("ADDED", self._slices.slices[text_at(made, "metadata", "name")])
                        return 201, made
                    case "PUT":
                        made = self._slices.carry_out(UpdateSlice(body)) or {}
                        self._tell("MODIFIED", self._slices.slices[text_at(made, "metadata", "name")])
                        return 200, made
                    case "DELETE":
                        name = path.rpartition("/")[2]
                        there = self._slices.slices.get(name)
                        conditions = object_at(body, "preconditions")
                        self._slices.carry_out(
                            DeleteSlice(name, text_at(conditions, "uid"), text_at(conditions, "resourceVersion"))
                        )
                        if there is None:
                            return refusal(404, "NotFound", "not found")
                        self._slices.version += 1
                        self._tell("DELETED", there)
                        return 200, {}
                    case _:
                        metadata: JsonObject = {"resourceVersion": str(self._slices.version)}
                        return 200, {"metadata": metadata, "items": self._slices.found()}
            except ConflictError as error:
                return refusal(409, "Conflict", f"the object has been modified: {error}")

    def events(self, since: int) -> Iterator[JsonObject]:
        """A watch."""
        if since < self._oldest:
            yield {"type": "ERROR", "object": refusal(410, "Expired", "too old resource version")[1]}
            return
        with self._changed:
            stream = self._streams
            self._watching += 1
            self._changed.notify_all()
        try:
            while True:
                with self._changed:
                    while self._streams == stream and not self._newer(since):
                        self._changed.wait()
                    if self._streams != stream:
                        return
                    fresh = self._newer(since)
                for version, event in fresh:
                    since = version
                    yield event
        finally:
            with self._changed:
                self._watching -= 1

    def _newer(self, since: int) -> list[tuple[int, JsonObject]]:
        return [event for event in self._events if event[0] > since]

    def _tell(self, kind: str, value: Slice) -> None:
        stored: dict[str, dict[str, Json]] = json.loads(json.dumps(value))
        stored["metadata"]["resourceVersion"] = str(self._slices.version)
        self._events.append((self._slices.version, {"type": kind, "object": stored}))
        self._changed.notify_all()


def _handler(api: LittleApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one segment
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: object) -> None:
            pass

        def _respond(self) -> None:
            method = "WATCH" if "watch=true" in self.path else self.command
            api.asked.append(f"{method} {self.path}")
            api.tokens.append(self.headers.get("Authorization", ""))
            where = urlsplit(self.path)
            body: JsonObject = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
            parameters = dict(parse_qsl(where.query))
            if method == "WATCH" and api.fault(method, where.path) is None:
                self._stream(int(parameters["resourceVersion"]))
                return
            code, value = api.answer(method, where.path, body)
            text = json.dumps(value).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def _stream(self, since: int) -> None:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.flush()
            for event in api.events(since):
                line = json.dumps(event).encode() + b"\n"
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")

        do_GET = do_POST = do_PUT = do_DELETE = _respond  # noqa: N815  the base class's names

        def handle(self) -> None:
            with suppress(ConnectionError, TimeoutError):  # a plugin that was killed
                super().handle()

    return Handler
