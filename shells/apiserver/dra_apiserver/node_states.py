"""NodeAllocationStates on the API server."""

from __future__ import annotations

from dra_core.nodestate.publishing import ChangeNodeState, CreateNodeState, DeleteNodeState, NodeStateEffect

from dra_apiserver.client import Answer, ApiServer
from dra_apiserver.resource import NODE_STATES


def write_node_state(server: ApiServer, node_name: str, namespace: str, effect: NodeStateEffect) -> Answer:
    """Carry out a write of a node's state, which is named like the node; what it is now."""
    match effect:
        case CreateNodeState(object=made):
            return server.create(NODE_STATES, made)
        case ChangeNodeState(patch=patch):
            return server.merge(NODE_STATES, node_name, patch, namespace)
        case DeleteNodeState(uid=uid):
            return server.delete(NODE_STATES, node_name, namespace, uid=uid)
