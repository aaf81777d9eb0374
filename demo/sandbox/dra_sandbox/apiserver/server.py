"""The shell around the pure API server: one store that changes, a lock, and those who wait for changes.

``ApiServer`` serves requests of the same process; ``HttpFront`` serves them to everybody else.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from dra_core.snapshot.generation import Generation
from dra_core.snapshot.json_value import JsonObject

from dra_sandbox.apiserver.answers import Answer
from dra_sandbox.apiserver.catalog import Catalog, catalog_of
from dra_sandbox.apiserver.custom_resources import CUSTOM_RESOURCES
from dra_sandbox.apiserver.decision import decide
from dra_sandbox.apiserver.initial import initial_store
from dra_sandbox.apiserver.logs import LogSource, no_logs
from dra_sandbox.apiserver.requests import Circumstances, Identity, Request
from dra_sandbox.apiserver.store import Place, Store
from dra_sandbox.world.objects import World

_SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"  # apimachinery util/rand: no vowels, nothing that looks like another


def _now() -> datetime:
    return datetime.now(UTC)


def _uid() -> str:
    return str(uuid.uuid4())


def _suffix() -> str:
    return "".join(secrets.choice(_SUFFIX_LETTERS) for _ in range(5))


class ApiServer:
    """An API server in this process. All methods may be called from any thread.

    Args:
        generation: Which generation of DRA is served.
        clock: The time, with a time zone.
        uid: New UUIDs.
        suffix: Five characters for generated names.

    Attributes:
        log_source: Who answers for container logs; the kubelet part sets it (see ``logs.LogSource``).
    """

    log_source: LogSource

    def __init__(
        self,
        *,
        generation: Generation = "modern",
        clock: Callable[[], datetime] = _now,
        uid: Callable[[], str] = _uid,
        suffix: Callable[[], str] = _suffix,
    ) -> None:
        self.generation: Generation = generation
        self.log_source = no_logs
        self._clock = clock
        self._uid = uid
        self._suffix = suffix
        self._changed = threading.Condition()
        self._listeners: tuple[Callable[[], None], ...] = ()
        self._store = initial_store(self.circumstances())
        self._catalog: tuple[Mapping[Place, JsonObject], Catalog] | None = None
        self._world: tuple[int, World] | None = None

    def handle(self, request: Request) -> Answer:
        """Serve one request; what it wrote is visible to everybody before this returns."""
        with self._changed:
            before = self._store
            self._store, answer = decide(before, request, self.circumstances())
            if self._store is not before:
                self._changed.notify_all()
            listeners = self._listeners if self._store is not before else ()
        for tell in listeners:
            tell()
        return answer

    def circumstances(self) -> Circumstances:
        """The time, and what must be unique, for one decision."""
        return Circumstances(now=self._clock(), uid=self._uid(), suffix=self._suffix(), token=secrets.token_urlsafe(24))

    @property
    def store(self) -> Store:
        """Everything as it is now; a value that does not change any more."""
        return self._store

    @property
    def catalog(self) -> Catalog:
        """The resources that are served now."""
        definitions = self._store.of(CUSTOM_RESOURCES)
        known = self._catalog
        if known is None or known[0] is not definitions:
            known = (definitions, catalog_of(self.generation, definitions.values()))
            self._catalog = known
        return known[1]

    def world(self) -> tuple[int, World]:
        """The revision, and all objects as they are stored."""
        store = self._store
        known = self._world
        if known is None or known[0] != store.revision:
            kinds = self.catalog.kinds
            objects = {kinds[key]: store.of(key) for key in kinds}
            known = (store.revision, World(objects))
            self._world = known
        return known

    def wait(self, after: int, seconds: float) -> int:
        """Block until the revision is greater than ``after``, or the time is over.

        Returns:
            The revision now.
        """
        deadline = time.monotonic() + seconds
        with self._changed:
            while self._store.revision <= after:
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    break
            return self._store.revision

    def subscribe(self, tell: Callable[[], None]) -> Callable[[], None]:
        """Call ``tell`` after every change, in the thread that made it; it must not block.

        Returns:
            A function that ends the subscription.
        """
        with self._changed:
            self._listeners = (*self._listeners, tell)

        def end() -> None:
            with self._changed:
                self._listeners = tuple(one for one in self._listeners if one is not tell)

        return end

    def identity(self, token: str) -> Identity | None:
        """Whose bearer token this is."""
        return self._store.tokens.get(token)


class HttpFront:
    """Serves an ApiServer over HTTP, in a thread of its own.

    Args:
        server: What to serve.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
    """

    def __init__(self, server: ApiServer, host: str = "127.0.0.1", port: int = 0) -> None:
        self._server = server
        self._host, self._port = host, port
        self._started = threading.Event()
        self._url = ""
        self._failure: OSError | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="api-server-http", daemon=True)

    def start(self) -> str:
        """Listen.

        Returns:
            The URL.

        Raises:
            OSError: The address cannot be listened on.
        """
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            raise self._failure
        return self._url

    def stop(self) -> None:
        """Close all connections and end the thread; nothing if it was never started."""
        if not self._thread.is_alive():
            return
        loop, stop = self._loop, self._stop
        if loop is not None and stop is not None:
            loop.call_soon_threadsafe(stop.set)
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        from dra_sandbox.apiserver.http_routes import serve  # aiohttp takes a third of a second to import

        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            async with serve(self._server, self._host, self._port) as port:
                self._url = f"http://{self._host}:{port}"
                self._started.set()
                await self._stop.wait()
        except OSError as failure:
            self._failure = failure
            self._started.set()
