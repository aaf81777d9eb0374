"""The work of modern DRA: each node's NodeAllocationState says what ResourceSlices and claims say.

Where the driver's devices have binding conditions it also reports them ready (``readying``).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from traceback import format_exc
from typing import TypeAlias

from dra_apiserver import NODE_STATES, Answer, ApiFailure, ApiServer, Follower, Selection
from dra_core.nodestate import ModernCluster, all_nodes, mirror
from dra_core.nodestate.publishing import ChangeNodeState, CreateNodeState, DeleteNodeState, NodeStateEffect
from dra_core.snapshot.generation import ServedApi
from dra_logs import Log
from returns.result import Failure

from dra_controller.following import Following
from dra_controller.metrics import Metrics
from dra_controller.modern.known_cluster import KnownCluster
from dra_controller.modern.objects import followed
from dra_controller.modern.readying import ClaimName, Readying
from dra_controller.settings import Settings
from dra_controller.work_queue import WorkQueue
from dra_controller.workers import Workers

Subject: TypeAlias = tuple[str] | ClaimName
"""A node, or a claim that waits."""

KIND = "NodeAllocationState"


class Mirroring:
    """All threads of a controller that leads."""

    def __init__(
        self, settings: Settings, driver_name: str, api: ServedApi, server: ApiServer, metrics: Metrics, log: Log
    ) -> None:
        self._settings = settings
        self._server = server
        self._metrics = metrics
        self._log = log
        self._stopped = threading.Event()
        self._queue: WorkQueue[Subject] = WorkQueue()
        nothing = ModernCluster(
            driver_name=driver_name, namespace=settings.namespace, reports_readiness=settings.binding_conditions
        )
        self._known = KnownCluster(nothing, self._add)
        selections = {
            "ResourceSlice": Selection(fields=f"spec.driver={driver_name}"),
            KIND: Selection(namespace=settings.namespace),
        }
        self._kinds = followed(api.version)
        self._readying = Readying(self._kinds["ResourceClaim"], lambda: self._known.now, server, metrics, log)
        self._followings = [
            Following(kind, Follower(server, resource, selections.get(kind, Selection())), self._known, metrics, log)
            for kind, resource in self._kinds.items()
        ]
        self._workers = Workers(settings.workers, self._work)

    def start(self) -> None:
        """Follow, and write as soon as everything was seen once."""
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
        """Why nothing is written just now."""
        return self.trouble() or ("" if self._workers.started else "it has not seen everything yet")

    def _begin(self) -> None:
        if not self._known.wait_until_listed(self._kinds, self._stopped):
            return
        self._workers.start()
        self._log.info("working", workers=self._settings.workers)
        while True:
            everything = self._known.now
            self._add(all_nodes(everything), everything.waiting)
            if self._stopped.wait(self._settings.resync_seconds):
                return

    def _add(self, node_names: Iterable[str], claims: Iterable[ClaimName]) -> None:
        self._queue.add_all((name,) for name in node_names)
        self._queue.add_all(claims)

    def _work(self) -> None:
        while (subject := self._queue.take()) is not None:
            started = time.monotonic()
            failed = True
            try:
                failed = not self._look(subject)
            except Exception as error:  # a bug about one subject must not stop all others
                self._log.error("a bug", node=subject[0], error=repr(error), traceback=format_exc())
            finally:
                self._queue.done(subject, failed=failed)
                self._metrics.looked(KIND, failed=failed, seconds=time.monotonic() - started)

    def _look(self, subject: Subject) -> bool:
        return self._readying.look(subject) if len(subject) == 2 else self._mirror(subject[0])

    def _mirror(self, node_name: str) -> bool:
        """Whether it went well. What was written comes back by the watch, and is looked at again then."""
        effect = mirror(self._known.now, node_name)
        if effect is None:
            return True
        answer = self._carry_out(node_name, effect)
        if isinstance(answer, Failure):
            failed: ApiFailure = answer.failure()
            over = failed.conflict or failed.not_found
            self._metrics.written(KIND, "conflict" if over else "error")
            tell = self._log.debug if over else self._log.warning
            tell("a state could not be written; trying again", node=node_name, error=failed.sentence)
            return False
        self._metrics.written(KIND, "success")
        self._log.info("written", effect=type(effect).__name__, node=node_name)
        return True

    def _carry_out(self, node_name: str, effect: NodeStateEffect) -> Answer:
        match effect:
            case CreateNodeState(object=made):
                return self._server.create(NODE_STATES, made)
            case ChangeNodeState(patch=patch):
                return self._server.merge(NODE_STATES, node_name, patch, self._settings.namespace)
            case DeleteNodeState(uid=uid):
                return self._server.delete(NODE_STATES, node_name, self._settings.namespace, uid=uid)
