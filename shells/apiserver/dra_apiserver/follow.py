"""Follow the objects of a kind: all of them at first, then every change, through every failure."""

from __future__ import annotations

import random
import threading
from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import TypeAlias

import msgspec
import urllib3
from dra_core.snapshot.json_value import Json, JsonObject, object_at, text_at, thaw
from returns.result import Failure

from dra_apiserver.client import ApiServer
from dra_apiserver.failure import ApiFailure, failure_of
from dra_apiserver.position import Position
from dra_apiserver.resource import Resource
from dra_apiserver.selection import EVERYTHING, Selection

WATCH_SECONDS = 300
"""The API server ends a watch after this time, and up to twice of it (client-go), which is no failure."""

SILENCE_SECONDS = 90.0
"""The API server sends a bookmark each minute; a watch that is silent for longer is broken."""


class Listed(msgspec.Struct, frozen=True):
    """All objects that there are now: they replace whatever was known."""

    objects: tuple[JsonObject, ...]


class Changed(msgspec.Struct, frozen=True):
    """An object that is new or different."""

    object: JsonObject


class Gone(msgspec.Struct, frozen=True):
    """An object that was deleted, in its last state."""

    object: JsonObject


class Broken(msgspec.Struct, frozen=True):
    """A list or a watch failed; it is tried again after so many seconds."""

    failure: ApiFailure
    again_in_seconds: float


News: TypeAlias = Listed | Changed | Gone | Broken


class Follower:
    """Follows a selection of objects until ``stop``, which may be called from any thread."""

    def __init__(self, server: ApiServer, resource: Resource, selection: Selection = EVERYTHING) -> None:
        self._server = server
        self._resource = resource
        self._selection = selection
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._response: urllib3.BaseHTTPResponse | None = None
        self._position = Position()

    def news(self) -> Iterator[News]:
        """What happens, one after the other; ends after ``stop``."""
        while not self._stopped.is_set():
            failure = yield from self._watch() if self._position.resource_version else self._list()
            if failure is not None:
                self._position = self._position.after_failure(failure)
            pause = self._position.pause_seconds(random.random())  # noqa: S311  spreads load, guards nothing
            if failure is not None:
                pause = max(pause, failure.retry_after_seconds)
                if not self._stopped.is_set():
                    yield Broken(failure, pause)
            self._stopped.wait(pause)

    def stop(self) -> None:
        """End ``news``, also while it waits for the next event."""
        self._stopped.set()
        with self._lock:
            if self._response is not None:
                _end_reading(self._response)

    def _list(self) -> Generator[News, None, ApiFailure | None]:
        listing = self._server.list(self._resource, self._selection)
        if isinstance(listing, Failure):
            failed: ApiFailure = listing.failure()
            return failed
        found = listing.unwrap()
        if not found.resource_version:
            return self._failed("its list has no resourceVersion to go on from")
        self._position = self._position.after_news(found.resource_version)
        yield Listed(found.objects)
        return None

    def _watch(self) -> Generator[News, None, ApiFailure | None]:
        query = self._selection.query(
            watch="true",
            allowWatchBookmarks="true",
            resourceVersion=self._position.resource_version,
            timeoutSeconds=str(random.randint(WATCH_SECONDS, 2 * WATCH_SECONDS)),  # noqa: S311  spreads load
        )
        opened = self._server.open(self._path, query, SILENCE_SECONDS)
        if isinstance(opened, Failure):
            failed: ApiFailure = opened.failure()
            return failed
        response: urllib3.BaseHTTPResponse = opened.unwrap()
        with self._lock:
            self._response = response
            if self._stopped.is_set():
                _end_reading(response)
        silent = True
        try:
            for line in _lines(response):
                event: Json = msgspec.json.decode(line)
                kind, value = text_at(event, "type"), object_at(event, "object")
                if kind == "ERROR":
                    return _of_status(f"watch {self._path}", value)
                silent = False
                self._position = self._position.after_news(text_at(value, "metadata", "resourceVersion"))
                if kind in {"ADDED", "MODIFIED"}:
                    yield Changed(value)
                elif kind == "DELETED":
                    yield Gone(value)
        except (urllib3.exceptions.HTTPError, msgspec.DecodeError, OSError, ValueError) as error:
            return self._failed(f"the watch broke: {error}")
        finally:
            with self._lock:
                self._response = None
            response.close()
        if silent:
            self._position = self._position.after_silence()
        return None

    @property
    def _path(self) -> str:
        return self._resource.path(self._selection.namespace)

    def _failed(self, why: str) -> ApiFailure:
        return ApiFailure(asked=f"watch {self._path}", message=f"the API server {self._server.access.server}: {why}")


def _of_status(asked: str, status: JsonObject) -> ApiFailure:
    """The Status object that ends a watch."""
    code = status.get("code")
    return failure_of(asked, code if isinstance(code, int) else 500, msgspec.json.encode(thaw(status)))


def _lines(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    rest = b""
    while chunk := response.read1():
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line for line in lines if line)


def _end_reading(response: urllib3.BaseHTTPResponse) -> None:
    with suppress(ValueError, RuntimeError, OSError):  # it has ended already
        response.shutdown()
