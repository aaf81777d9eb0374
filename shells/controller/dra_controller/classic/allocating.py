"""The work of classic DRA: claims are allocated, taken back, cleaned up behind."""

from __future__ import annotations

import threading

from dra_apiserver import ApiServer, Follower, Selection
from dra_core.negotiation import Concerned, Subject, names_of
from dra_logs import Log

from dra_controller.classic.carrying_out import CarryingOut
from dra_controller.classic.cleaning_up import CleaningUp
from dra_controller.classic.known_cluster import KnownCluster
from dra_controller.classic.learning import Learning
from dra_controller.classic.looking import Looking
from dra_controller.classic.objects import WATCHED
from dra_controller.following import Following
from dra_controller.metrics import Metrics
from dra_controller.settings import Settings
from dra_controller.work_queue import WorkQueue
from dra_controller.workers import Workers


class Allocating:
    """All threads of a controller that leads."""

    def __init__(self, settings: Settings, driver_name: str, server: ApiServer, metrics: Metrics, log: Log) -> None:
        self._settings = settings
        self._log = log
        self._stopped = threading.Event()
        self._queue: WorkQueue[Subject] = WorkQueue()
        self._known = KnownCluster(driver_name, self._concern)
        out = CarryingOut(server, driver_name, settings.namespace, settings.identity, log)
        self._looking = Looking(server, self._known, out, self._queue, metrics, log)
        self._cleaning_up = CleaningUp(server, settings.namespace, self._known, out, metrics, log)
        learning = Learning(server, self._known, log)
        own = Selection(namespace=settings.namespace)
        self._followings = [
            Following(
                kind,
                Follower(server, resource, own if kind == "NodeAllocationState" else Selection()),
                learning,
                metrics,
                log,
            )
            for kind, resource in WATCHED.items()
        ]
        self._workers = Workers(settings.workers, self._looking.work)

    def start(self) -> None:
        """Follow, and work as soon as everything was seen once."""
        for following in self._followings:
            threading.Thread(target=following.run, daemon=True, name="following").start()
        threading.Thread(target=self._begin, daemon=True, name="beginning").start()

    def stop(self) -> None:
        """End everything; writes in progress are ended first."""
        self._stopped.set()
        self._queue.stop()
        for following in self._followings:
            following.stop()
        self._workers.wait()

    def trouble(self) -> str:
        """Why it does not work; "" if it does, or has not begun."""
        return "" if self._stopped.is_set() else self._workers.trouble()

    def not_ready(self) -> str:
        """Why no claim is allocated just now."""
        return self.trouble() or ("" if self._workers.started else "it has not seen everything yet")

    def _concern(self, who: Concerned) -> None:
        self._looking.concern(who)

    def _begin(self) -> None:
        """What a controller before this one has left is cleaned up beside the work; nothing waits for it."""
        if not self._known.wait_until_listed(WATCHED, self._stopped):
            return
        self._workers.start()
        self._log.info("working", workers=self._settings.workers)
        while True:
            self._cleaning_up.once()
            self._look_at_everything()
            if self._stopped.wait(self._settings.resync_seconds):
                return

    def _look_at_everything(self) -> None:
        cluster = self._known.now
        self._queue.add_all(("ResourceClaim", name) for name in names_of(cluster, "ResourceClaim"))
        self._queue.add_all(("PodSchedulingContext", name) for name in names_of(cluster, "PodSchedulingContext"))
