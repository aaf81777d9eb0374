"""Each node's NodeAllocationState says what ResourceSlices and claims say."""

from __future__ import annotations

from dra_apiserver import ApiServer
from dra_apiserver.node_states import write_node_state
from dra_core.nodestate import mirror
from dra_logs import Log

from dra_controller.metrics import Metrics
from dra_controller.modern.known_cluster import KnownCluster
from dra_controller.outcome import failure_of

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
        answer = write_node_state(self._server, node_name, self._namespace, effect)
        event = "a state could not be written; trying again"
        if failure_of(answer, KIND, self._metrics, self._log, event, node=node_name) is not None:
            return False
        self._log.info("written", effect=type(effect).__name__, node=node_name)
        return True
