"""The work of modern DRA: what is where is shown, and, if that is asked for, devices are reported ready."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from dra_apiserver import ApiServer, Follower, Selection
from dra_core.nodestate import ModernCluster, all_nodes
from dra_core.snapshot.generation import ServedApi
from dra_logs import Log

from dra_controller.following import Following
from dra_controller.metrics import Metrics
from dra_controller.modern.known_cluster import KnownCluster
from dra_controller.modern.mirroring import Mirroring
from dra_controller.modern.objects import followed
from dra_controller.modern.readying import ClaimName, Readying
from dra_controller.settings import Settings
from dra_controller.work import Work
from dra_controller.work_queue import WorkQueue
from dra_controller.workers import Workers

Subject: TypeAlias = tuple[str] | ClaimName
"""A node, or a claim that waits."""


def modern_work(
    settings: Settings, driver_name: str, api: ServedApi, server: ApiServer, metrics: Metrics, log: Log
) -> Work:
    """All that a controller does that mirrors."""
    queue: WorkQueue[Subject] = WorkQueue()

    def add(node_names: Iterable[str], claims: Iterable[ClaimName]) -> None:
        queue.add_all((name,) for name in node_names)
        queue.add_all(claims)

    nothing = ModernCluster(
        driver_name=driver_name, namespace=settings.namespace, reports_readiness=settings.binding_conditions
    )
    known = KnownCluster(nothing, add)
    selections = {
        "ResourceSlice": Selection(fields=f"spec.driver={driver_name}"),
        "NodeAllocationState": Selection(namespace=settings.namespace),
    }
    kinds = followed(api.version)
    followings = [
        Following(kind, Follower(server, resource, selections.get(kind, Selection())), known, metrics, log)
        for kind, resource in kinds.items()
    ]
    states = Mirroring(known, server, settings.namespace, metrics, log)
    claims = Readying(kinds["ResourceClaim"], lambda: known.now, server, metrics, log)

    def look(subject: Subject) -> bool:
        return claims.look(subject) if len(subject) == 2 else states.look(subject[0])

    def look_at_everything() -> None:
        everything = known.now
        add(all_nodes(everything), everything.waiting)

    workers = Workers(settings.workers, queue, look, _kind, metrics, log)
    return Work(followings, workers, look_at_everything, settings.resync_seconds, log)


def _kind(subject: Subject) -> str:
    return "ResourceClaim" if len(subject) == 2 else "NodeAllocationState"
