"""Lead, or wait to lead: the lease kept in a thread, and given up at the end."""

from __future__ import annotations

import random
import threading
import time
from datetime import UTC, datetime

from dra_core.snapshot.json_value import JsonObject
from returns.result import Failure

from dra_apiserver.client import ApiServer
from dra_apiserver.failure import ApiFailure
from dra_apiserver.lease import (
    RENEW_WITHIN_SECONDS,
    RETRY_SECONDS,
    Candidate,
    Seen,
    holds,
    released_lease,
    seen,
    wanted_lease,
)
from dra_apiserver.resource import LEASES


class Leader:
    """Competes from ``start`` until ``stop``.

    Attributes:
        leading: Set while the lease is held.
        lost: Set, for ever, when it was held and could not be renewed in time: whoever led has to end.
        failure: Why the last try failed, for a log; "" if it did not.
    """

    def __init__(self, server: ApiServer, candidate: Candidate) -> None:
        self._server = server
        self._candidate = candidate
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leader", daemon=True)
        self._seen = Seen()
        self._lease: JsonObject | None = None
        self._renewed = float("-inf")
        self.leading = threading.Event()
        self.lost = threading.Event()
        self.failure = ""

    def start(self) -> None:
        """Take the lease when it can be had, and renew it."""
        self._thread.start()

    def stop(self) -> None:
        """Compete no more; what is held is given up, if the API server can be reached."""
        self._stopped.set()
        self._thread.join()
        if self.leading.is_set():
            self.leading.clear()
            lease = self._read()
            if lease is not None and holds(self._candidate, lease):
                self._server.replace(LEASES, released_lease(self._candidate, lease, datetime.now(UTC)))

    def _run(self) -> None:
        while not self._stopped.is_set():
            if self._try_once():
                self._renewed = time.monotonic()
                self.leading.set()
            elif self.leading.is_set() and self._is_overdue():
                self.lost.set()
                self.leading.clear()
                return
            self._stopped.wait(RETRY_SECONDS * random.uniform(1.0, 1.2))  # noqa: S311  spreads load, guards nothing

    def _is_overdue(self) -> bool:
        """Another holds the lease, or nobody has heard of us for too long."""
        taken = self._lease is not None and not holds(self._candidate, self._lease)
        return taken or time.monotonic() - self._renewed > RENEW_WITHIN_SECONDS

    def _try_once(self) -> bool:
        lease = self._read()
        if self.failure:
            return False
        now = time.monotonic()
        self._seen = seen(self._seen, lease, now)
        wanted = wanted_lease(self._candidate, lease, self._seen, now, datetime.now(UTC))
        if wanted is None:
            return False
        answer = self._server.create(LEASES, wanted) if lease is None else self._server.replace(LEASES, wanted)
        if isinstance(answer, Failure):
            failed: ApiFailure = answer.failure()
            self.failure = failed.sentence
            return False
        self._lease = answer.unwrap()
        self._seen = seen(self._seen, self._lease, now)
        return True

    def _read(self) -> JsonObject | None:
        answer = self._server.get(LEASES, self._candidate.name, self._candidate.namespace)
        self.failure = ""
        if isinstance(answer, Failure):
            failed: ApiFailure = answer.failure()
            if not failed.not_found:
                self.failure = failed.sentence
            return None
        self._lease = answer.unwrap()
        return self._lease
