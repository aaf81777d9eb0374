"""What a plugin asks of an API server of Kubernetes 1.30: claims, and the node's NodeAllocationState."""

from __future__ import annotations

from collections.abc import Sequence

from dra_apiserver import NODES, Answer, ApiFailure, ApiServer, Resource
from dra_apiserver.resource import RESOURCE_API
from dra_core.nodestate import in_modern_words
from dra_core.nodestate.publishing import (
    ChangeNodeState,
    CreateNodeState,
    DeleteNodeState,
    NodePublication,
    NodeStateEffect,
    publish_node_state,
)
from dra_core.preparation import ClaimFound, ClaimMissing, ClaimRead, ClaimUnreadable
from dra_core.profiles import DevicePool
from dra_core.refusal import Refusals, sentences
from dra_core.sharing.gpu_config import GpuConfig
from dra_core.snapshot.classic_claim import ClassicClaim
from dra_core.snapshot.classic_node_state import NodeAllocationState
from dra_core.snapshot.codec import decode_reporting
from dra_core.snapshot.first_use import make_ready
from dra_core.snapshot.json_value import JsonObject, text_at
from dra_core.snapshot.resource_claim import ResourceClaim
from returns.result import Failure

from dra_kubeletplugin.cluster import ClusterError

make_ready(ClassicClaim, NodeAllocationState, ResourceClaim, GpuConfig)

CLAIMS = Resource(group=RESOURCE_API, version="v1alpha2", plural="resourceclaims", namespaced=True)
NODE_STATES = Resource(
    group="nas.gpu.resource.example.com", version="v1alpha1", plural="nodeallocationstates", namespaced=True
)


class ClassicCluster:
    """The API server; threads may share it."""

    def __init__(
        self, server: ApiServer, driver_name: str, node_name: str, namespace: str, pools: Sequence[DevicePool]
    ) -> None:
        self._server = server
        self._driver_name = driver_name
        self._node_name = node_name
        self._namespace = namespace
        self._pools = pools

    def read_claim(self, namespace: str, name: str) -> ClaimRead:
        """A claim with what the node's state says that it has. Never raises."""
        answer = self._server.get(CLAIMS, name, namespace)
        if isinstance(answer, Failure):
            failed: ApiFailure = answer.failure()
            return ClaimMissing() if failed.not_found else ClaimUnreadable(failed.sentence)
        state = self._server.get(NODE_STATES, self._node_name, self._namespace)
        if isinstance(state, Failure):
            failed = state.failure()
            return ClaimUnreadable(failed.sentence)
        claim_read = decode_reporting(ClassicClaim, answer.unwrap())
        state_read = decode_reporting(NodeAllocationState, state.unwrap())
        if isinstance(claim_read, Failure) or isinstance(state_read, Failure):
            read = claim_read if isinstance(claim_read, Failure) else state_read
            wrong: Refusals = read.failure()
            return ClaimUnreadable(sentences(wrong))
        found = in_modern_words(self._driver_name, state_read.unwrap().record, claim_read.unwrap().record, self._pools)
        if isinstance(found, Failure):
            wrong = found.failure()
            return ClaimUnreadable(sentences(wrong))
        return ClaimFound(found.unwrap())

    def node_uid(self) -> str:
        """The Node's UID. Raises ClusterError."""
        return text_at(_wanted(self._server.get(NODES, self._node_name)), "metadata", "uid")

    def publish(self, publication: NodePublication) -> bool:
        """One step towards a NodeAllocationState that tells this; whether it does. Raises ClusterError."""
        answer = self._server.get(NODE_STATES, publication.node_name, publication.namespace)
        found: JsonObject | None = None
        if isinstance(answer, Failure):
            failed: ApiFailure = answer.failure()
            if not failed.not_found:
                raise ClusterError(failed.sentence)
        else:
            found = answer.unwrap()
        effect = publish_node_state(publication, found)
        if effect is None:
            return True
        written = self._carry_out(effect, publication)
        if isinstance(written, Failure):
            failed = written.failure()
            if not (failed.conflict or failed.not_found):
                raise ClusterError(failed.sentence)
        return False

    def _carry_out(self, effect: NodeStateEffect, publication: NodePublication) -> Answer:
        name, namespace = publication.node_name, publication.namespace
        match effect:
            case CreateNodeState(object=made):
                return self._server.create(NODE_STATES, made)
            case ChangeNodeState(patch=patch):
                return self._server.merge(NODE_STATES, name, patch, namespace)
            case DeleteNodeState(uid=uid):
                return self._server.delete(NODE_STATES, name, namespace, uid=uid)


def _wanted(answer: Answer) -> JsonObject:
    if isinstance(answer, Failure):
        failed: ApiFailure = answer.failure()
        raise ClusterError(failed.sentence)
    return answer.unwrap()
