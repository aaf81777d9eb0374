"""The work of classic DRA: claims are allocated, taken back, cleaned up behind."""

from __future__ import annotations

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
from dra_controller.work import Work
from dra_controller.work_queue import WorkQueue
from dra_controller.workers import Workers


def classic_work(settings: Settings, driver_name: str, server: ApiServer, metrics: Metrics, log: Log) -> Work:
    """All that a controller does that allocates."""
    queue: WorkQueue[Subject] = WorkQueue()

    def concern(who: Concerned) -> None:
        looking.concern(who)

    known = KnownCluster(driver_name, concern)
    out = CarryingOut(server, driver_name, settings.namespace, settings.identity, log)
    looking = Looking(server, known, out, queue, metrics, log)
    cleaning_up = CleaningUp(server, settings.namespace, known, out, metrics, log)
    learning = Learning(server, known, log)
    selections = {"NodeAllocationState": Selection(namespace=settings.namespace)}
    followings = [
        Following(kind, Follower(server, resource, selections.get(kind, Selection())), learning, metrics, log)
        for kind, resource in WATCHED.items()
    ]

    def look_at_everything() -> None:
        """What a controller before this one has left is cleaned up beside the work; nothing waits for it."""
        cleaning_up.once()
        cluster = known.now
        queue.add_all(("ResourceClaim", name) for name in names_of(cluster, "ResourceClaim"))
        queue.add_all(("PodSchedulingContext", name) for name in names_of(cluster, "PodSchedulingContext"))

    workers = Workers(settings.workers, queue, looking.look, _kind, metrics, log)
    return Work(followings, workers, look_at_everything, settings.resync_seconds, log)


def _kind(subject: Subject) -> str:
    return subject[0]
