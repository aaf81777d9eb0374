"""The loop that controllers, scheduler and kubelets have in common: snapshot, decision, writes, wait."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from dra_sandbox.world.api import Api
from dra_sandbox.world.objects import EVENT, LEASE, Kind, World

Step: TypeAlias = Callable[[World, datetime], datetime | None]
"""Decides about a snapshot and carries the decision out; returns when to look again even if nothing happens."""

UNINTERESTING: frozenset[Kind] = frozenset({EVENT, LEASE})
"""Kinds that change all the time; what depends on them is driven by time."""

AFTER_FAULT = timedelta(seconds=1)

log = logging.getLogger(__name__)


class Loop:
    """Calls a step whenever the world has changed, or a time has come; one at a time, in a thread of its own."""

    def __init__(self, name: str, api: Api, step: Step, ignored: frozenset[Kind] = UNINTERESTING) -> None:
        self._name = name
        self._api = api
        self._step = step
        self._ignored = ignored
        self._stopped = False
        self._poked = False
        self._news = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def poke(self) -> None:
        """Step now, though the world has not changed."""
        self._poked = True
        self._news.set()

    def stop(self) -> None:
        """End after the step in progress, and wait for that."""
        self._stopped = True
        self._news.set()
        self._thread.join()

    def _run(self) -> None:
        with self._api.subscribed(self._news.set):
            seen: World | None = None
            due: datetime | None = None
            while not self._stopped:
                self._news.clear()
                _, world = self._api.world()
                now = datetime.now(UTC)
                late = due is not None and due <= now
                if seen is None or late or self._poked or changed(seen, world, self._ignored):
                    self._poked = False
                    seen = world
                    due = self._guarded_step(world, now)
                wait = None if due is None else max((due - datetime.now(UTC)).total_seconds(), 0.0)
                self._news.wait(wait)

    def _guarded_step(self, world: World, now: datetime) -> datetime | None:
        try:
            return self._step(world, now)
        except Exception:  # a fault in one step must not end a component that others rely on
            log.exception("%s: a step failed", self._name)
            return now + AFTER_FAULT


def changed(before: World, after: World, ignored: frozenset[Kind]) -> bool:
    """Whether objects of other kinds than these differ. A kind without changes is the same mapping in both."""
    kinds = (before.kinds.keys() | after.kinds.keys()) - ignored
    return any(before.kinds.get(kind) is not after.kinds.get(kind) for kind in kinds)
