"""The NodeAllocationState of the plugin's node, on the API server."""

from __future__ import annotations

from dra_apiserver import NODE_STATES, ApiFailure, ApiServer
from dra_apiserver.node_states import write_node_state
from dra_core.nodestate.publishing import CreateNodeState, NodeStateEffect
from dra_core.snapshot.json_value import JsonObject
from returns.result import Failure

from dra_kubeletplugin.cluster import ClusterError, node_uid, wanted_if_there


class NodeStates:
    """Reads and writes it; the object's name is the node's."""

    def __init__(self, server: ApiServer, node_name: str, namespace: str) -> None:
        self._server = server
        self._node_name = node_name
        self._namespace = namespace

    def node_uid(self) -> str:
        """The Node's UID. Raises ClusterError."""
        return node_uid(self._server, self._node_name)

    def found(self) -> JsonObject | None:
        """The object; None: there is none. Raises ClusterError."""
        return wanted_if_there(self._server.get(NODE_STATES, self._node_name, self._namespace))

    def served(self) -> bool:
        """Whether the API server knows such objects. Raises ClusterError."""
        versions = self._server.served_versions(NODE_STATES.group)
        if isinstance(versions, Failure):
            failed: ApiFailure = versions.failure()
            raise ClusterError(failed.sentence)
        return NODE_STATES.version in versions.unwrap()

    def carry_out(self, effect: NodeStateEffect) -> None:
        """Write. Nothing is written if the object is not as it was read any more. Raises ClusterError."""
        answer = write_node_state(self._server, self._node_name, self._namespace, effect)
        if isinstance(answer, Failure):
            failed: ApiFailure = answer.failure()
            gone = failed.not_found and not isinstance(effect, CreateNodeState)
            if not (failed.conflict or gone):
                raise ClusterError(failed.sentence)
