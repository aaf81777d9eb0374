"""A component's hands on the API server, in the server's process: look at the world, carry out what was decided."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Protocol

from dra_core.snapshot.json_value import JsonObject, text_at

from dra_sandbox.apiserver.answers import Answer, Succeeded
from dra_sandbox.apiserver.catalog import Catalog
from dra_sandbox.apiserver.problems import Problem
from dra_sandbox.apiserver.requests import Request
from dra_sandbox.world.objects import Kind, World, with_fields
from dra_sandbox.world.requests_for import request_of
from dra_sandbox.world.writes import Replace, Write


class Server(Protocol):
    """What components need of the API server."""

    def handle(self, request: Request) -> Answer:
        """Serve a request."""
        ...

    @property
    def catalog(self) -> Catalog:
        """The resources that are served now."""
        ...

    def world(self) -> tuple[int, World]:
        """All objects at this moment, and the revision that they have."""
        ...

    def subscribe(self, tell: Callable[[], None]) -> Callable[[], None]:
        """Call ``tell`` after each change, until what is returned is called."""
        ...


class Api:
    """The API server as one component sees it; may be used by several threads."""

    def __init__(self, server: Server, component: str) -> None:
        self._server = server
        self._component = component

    def world(self) -> tuple[int, World]:
        """All objects at this moment, and the revision that they have."""
        return self._server.world()

    @contextlib.contextmanager
    def subscribed(self, tell: Callable[[], None]) -> Iterator[None]:
        """Have ``tell`` called after each change; it must not block."""
        end = self._server.subscribe(tell)
        try:
            yield
        finally:
            end()

    def get(self, kind: Kind, namespace: str, name: str) -> JsonObject | None:
        """One object as it is now, or None."""
        return self._server.world()[1].get(kind, namespace, name)

    def carry_out(self, writes: Iterable[Write], *, all_or_stop: bool = False) -> Problem | None:
        """Carry writes out in their order; what is refused is dropped, and the first refusal returned.

        Args:
            writes: What is wanted.
            all_or_stop: End with the first that is refused.
        """
        first: Problem | None = None
        for write in writes:
            problem = self._carry_out(write)
            first = first or problem
            if problem is not None and all_or_stop:
                break
        return first

    def _carry_out(self, write: Write) -> Problem | None:
        request = request_of(write, self.world()[1], datetime.now(UTC), self._component, self._server.catalog.of_kind)
        if request is None:
            return Problem(code=404, reason="NotFound", message="the server does not serve the kind")
        answer = self._server.handle(request)
        if isinstance(answer, Problem):
            return answer
        if isinstance(write, Replace) and write.then is not None:
            version = text_at(answer.body, "metadata", "resourceVersion")
            body = with_fields(write.then.body, ("metadata",), {"resourceVersion": version})
            return self._carry_out(Replace(body=body, subresource=write.then.subresource, then=write.then.then))
        return None

    def send(self, request: Callable[[Catalog], Request | None]) -> Succeeded | Problem:
        """A request that is no write of a decision, such as one for a token."""
        made = request(self._server.catalog)
        if made is None:
            return Problem(code=404, reason="NotFound", message="the server does not serve the kind")
        return self._server.handle(made)
