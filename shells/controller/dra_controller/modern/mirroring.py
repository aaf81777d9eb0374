"""Each node's NodeAllocationState says what ResourceSlices and claims say."""

from __future__ import annotations

from dra_apiserver import NODE_STATES, Answer, ApiFailure, ApiServer
from dra_core.nodestate import mirror
from dra_core.nodestate.publishing import ChangeNodeState, CreateNodeState, DeleteNodeState, NodeStateEffect
from dra_logs import Log
from returns.result import Failure

from dra_controller.metrics import Metrics
from dra_controller.modern.known_cluster import KnownCluster

KIND = "NodeAllocationState"


class Mirroring:
    """Looks at a node by its name."""

    def __init__(self, known: KnownCluster, server: ApiServer, namespace: str, metrics: Metrics, log: Log) -> None:
        self._known = known
        self._server = server
        self._namespace = namespace
        self._metrics = metrics
        self._log = log

    def look(self, node_name: str) -> bool:
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
                return self._server.merge(NODE_STATES, node_name, patch, self._namespace)
            case DeleteNodeState(uid=uid):
                return self._server.delete(NODE_STATES, node_name, self._namespace, uid=uid)
