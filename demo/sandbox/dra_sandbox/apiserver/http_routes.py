"""HTTP for the API server: from bytes to requests and from answers to bytes. No rule of the API is here."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import msgspec
import yaml
from aiohttp import web
from dra_core.snapshot.json_value import Json, object_at

from dra_sandbox.apiserver import problems
from dra_sandbox.apiserver.answers import Answer, Succeeded
from dra_sandbox.apiserver.authorization import not_allowed
from dra_sandbox.apiserver.discovery import discover
from dra_sandbox.apiserver.logs import log_question
from dra_sandbox.apiserver.problems import Problem
from dra_sandbox.apiserver.protobuf import MEDIA_TYPE, decoded
from dra_sandbox.apiserver.requests import (
    APPLY_PATCH,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    Identity,
    Options,
    Request,
    Target,
    Verb,
    form_of,
    options_of,
    target_of,
    truth,
)
from dra_sandbox.apiserver.resources import Resource
from dra_sandbox.apiserver.server import ApiServer
from dra_sandbox.apiserver.watching import Told, begin, bookmark, follow

_LOG = logging.getLogger(__name__)
_JSON = "application/json"
_YAML = ("application/yaml", "application/x-yaml", APPLY_PATCH)
_LARGEST_BODY = 3 * 1024 * 1024  # apiserver MaxRequestBodyBytes
_BOOKMARK_SECONDS = 60.0  # storage/cacher defaultBookmarkFrequency
_WATCH_SECONDS = 1800  # apiserver --min-request-timeout, for watches that name no timeout
_HEALTH_PATHS = ("/healthz", "/livez", "/readyz")
_QUIET_SHUTDOWN_SECONDS = 0.1
_LOG_THREADS = 64  # a log that is followed holds a thread while it waits for its next piece


@contextlib.asynccontextmanager
async def serve(server: ApiServer, host: str, port: int) -> AsyncIterator[int]:
    """Listen, and serve until the context ends; gives the port."""
    front = _Front(server)
    app = web.Application(client_max_size=_LARGEST_BODY)
    app.router.add_route("*", "/{path:.*}", front.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_QUIET_SHUTDOWN_SECONDS, handler_cancellation=True)
    await runner.setup()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(_LOG_THREADS, thread_name_prefix="api-server-log"))
    end_subscription = server.subscribe(front.wake_from_any_thread(loop))
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        end_subscription()
        front.close()
        await runner.cleanup()


class _Front:
    """The handlers, and the watchers that wait for news."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._news = asyncio.Event()
        self._closed = False

    def wake_from_any_thread(self, loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
        """What tells the watchers, whichever thread made the change."""

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop may have ended between the change and this
                loop.call_soon_threadsafe(self._wake)

        return wake

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def close(self) -> None:
        """End all watches."""
        self._closed = True
        self._wake()

    async def answer(self, http: web.Request) -> web.StreamResponse:
        """Any request; a fault of this program is the client's 500, and the server goes on."""
        try:
            return await self._answer(http)
        except ConnectionError:
            raise  # the client has gone; aiohttp closes the rest
        except Exception:
            _LOG.exception("%s %s", http.method, http.path_qs)
            return _response(Problem(code=500, reason="InternalError", message="Internal error occurred; see the log"))

    async def _answer(self, http: web.Request) -> web.StreamResponse:
        identity = self._identity(http)
        if isinstance(identity, Problem):
            return _response(identity)
        path = "/" + http.match_info["path"]
        if path in _HEALTH_PATHS or path.startswith(tuple(f"{known}/" for known in _HEALTH_PATHS)):
            return web.Response(text="ok")
        target = target_of(path)
        resource = self._server.catalog.by_path.get((target.group, target.version, target.plural)) if target else None
        if target is None or resource is None:
            found = discover(self._server.generation, self._server.catalog, path, http.headers.get("Accept", ""))
            if found is None:
                return _response(problems.NO_SUCH_PATH)
            return web.Response(body=msgspec.json.encode(found.body), headers={"Content-Type": found.content_type})
        body = await _body(http)
        if isinstance(body, Problem):
            return _response(body)
        request = self._request(http, target, resource, body, identity)
        if isinstance(request, Problem):
            return _response(request)
        if request.subresource == "log":
            return await self._log(http, request)
        if request.verb == "watch":
            return await self._watch(http, request)
        return _response(self._server.handle(request))

    def _identity(self, http: web.Request) -> Identity | Problem:
        scheme, _, token = http.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            known = self._server.identity(token.strip())
            if known is None:
                return Problem(code=401, reason="Unauthorized", message="Unauthorized")
        else:
            known = Identity()
        user = http.headers.get("Impersonate-User", "")
        if not user:
            return known
        groups = http.headers.getall("Impersonate-Group", [])
        return Identity(user=user, groups=(*groups, "system:authenticated"))

    def _request(
        self, http: web.Request, target: Target, resource: Resource, body: Json, identity: Identity
    ) -> Request | Problem:
        query = dict(http.query)
        verb = _verb(http.method, target, query)
        if verb is None:
            return problems.method_not_allowed()
        delete_options = body if verb in ("delete", "deletecollection") and isinstance(body, Mapping) else {}
        options = options_of(query, delete_options)
        if isinstance(options, Problem):
            return options
        patch_type = http.content_type if verb == "patch" else ""
        return Request(
            verb=verb,
            resource=resource,
            namespace=target.namespace,
            name=target.name,
            subresource=target.subresource,
            body=body,
            patch_type=patch_type,
            options=options,
            identity=identity,
            form=form_of(http.headers.get("Accept", "")),
            user_agent=http.headers.get("User-Agent", ""),
        )

    async def _watch(self, http: web.Request, request: Request) -> web.StreamResponse:
        told = begin(self._server.store, request, self._server.circumstances())
        if isinstance(told, Problem):
            return _response(told)
        response = web.StreamResponse(headers={"Content-Type": _JSON})
        response.enable_chunked_encoding()
        await response.prepare(http)
        with contextlib.suppress(ConnectionError):  # the client has gone, as watchers do without a word
            await self._send_events(response, told, request.options)
        return response

    async def _send_events(self, response: web.StreamResponse, told: Told, options: Options) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + (options.timeout_seconds or _WATCH_SECONDS)
        bookmarks = options.allow_watch_bookmarks
        next_bookmark = loop.time() + _BOOKMARK_SECONDS if bookmarks else end
        while True:
            news = self._news
            if told.events:
                await response.write(_lines(told))
            if told.over or self._closed:
                break
            now = loop.time()
            if bookmarks and now >= min(next_bookmark, end):
                await response.write(msgspec.json.encode(bookmark(told.watch)) + b"\n")
                next_bookmark = now + _BOOKMARK_SECONDS
            if now >= end:
                break
            if self._server.store.revision == told.watch.revision:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), min(next_bookmark, end) - now)
            told = follow(self._server.store, told.watch, self._server.circumstances())

    async def _log(self, http: web.Request, request: Request) -> web.StreamResponse:
        if (refused := not_allowed(self._server.store, request)) is not None:
            return _response(refused)
        pod = msgspec.structs.replace(request, identity=Identity(), subresource="", form="object", options=Options())
        answer = self._server.handle(pod)
        if isinstance(answer, Problem):
            return _response(answer)
        question = log_question(object_at(answer.body), dict(http.query), self._server.circumstances().now)
        if isinstance(question, Problem):
            return _response(question)
        pieces = await asyncio.to_thread(self._server.log_source, question)
        if isinstance(pieces, Problem):
            return _response(pieces)
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        response.enable_chunked_encoding()
        await response.prepare(http)
        arrived: asyncio.Queue[bytes | None] = asyncio.Queue()
        gone = threading.Event()
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, _read, pieces, gone, loop, arrived)
        try:
            with contextlib.suppress(ConnectionError):  # nobody reads any more
                while (piece := await arrived.get()) is not None and not self._closed:
                    await response.write(piece)
        finally:
            gone.set()
        return response


def _read(
    pieces: Iterator[bytes],
    gone: threading.Event,
    loop: asyncio.AbstractEventLoop,
    arrived: asyncio.Queue[bytes | None],
) -> None:
    """Read a log to its end, or until its reader is gone; one thread does all of it, as generators want."""
    try:
        for piece in pieces:
            if gone.is_set():
                break
            if piece:
                loop.call_soon_threadsafe(arrived.put_nowait, piece)
    finally:
        if isinstance(pieces, Generator):
            pieces.close()
        with contextlib.suppress(RuntimeError):  # the loop may have ended
            loop.call_soon_threadsafe(arrived.put_nowait, None)


def _verb(method: str, target: Target, query: Mapping[str, str]) -> Verb | None:
    match method, bool(target.name):
        case "GET", True:
            return "watch" if truth(query, "watch") and not target.subresource else "get"
        case "GET", False:
            return "watch" if truth(query, "watch") else "list"
        case "POST", False:
            return "create"
        case "POST", True:
            return "create" if target.subresource else None
        case "PUT", True:
            return "update"
        case "PATCH", True:
            return "patch"
        case "DELETE", True:
            return "delete"
        case "DELETE", False:
            return "deletecollection"
        case _:
            return None


async def _body(http: web.Request) -> Json | Problem:
    if not http.can_read_body:
        return None
    try:
        raw = await http.read()
    except web.HTTPRequestEntityTooLarge:
        return Problem(
            code=413, reason="RequestEntityTooLarge", message=f"limit is {_LARGEST_BODY}: Request entity too large"
        )
    if not raw:
        return None
    try:
        if http.content_type == MEDIA_TYPE:
            return decoded(raw)
        if http.content_type in _YAML:
            return _plain(yaml.safe_load(raw))
        if http.content_type in (_JSON, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, "application/octet-stream"):
            return _decoded(raw)
    except (msgspec.DecodeError, yaml.YAMLError, ValueError) as error:
        return problems.bad_request(f"the object provided is unrecognized: {error}")
    return problems.unsupported_media_type((_JSON, "application/yaml", MEDIA_TYPE))


def _response(answer: Answer) -> web.Response:
    headers = {"Content-Type": _JSON, "Cache-Control": "no-cache, private"}
    if isinstance(answer, Succeeded):
        response = web.Response(status=answer.code, body=msgspec.json.encode(answer.body), headers=headers)
        for warning in answer.warnings:
            quoted = warning.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
            response.headers.add("Warning", f'299 - "{quoted}"')
        return response
    if answer.retry_after_seconds:
        headers["Retry-After"] = str(answer.retry_after_seconds)
    return web.Response(status=answer.code, body=msgspec.json.encode(answer.status), headers=headers)


def _lines(told: Told) -> bytes:
    return b"".join(msgspec.json.encode(event) + b"\n" for event in told.events)


def _decoded(raw: bytes) -> Json:
    value: Json = msgspec.json.decode(raw)
    return value


def _plain(value: object) -> Json:
    """YAML as JSON: times become texts, as in Kubernetes' own YAML reader."""
    plain: Json = msgspec.to_builtins(value, str_keys=True)
    return plain
