"""Claims of classic DRA, to be prepared: the claim says who, the node's NodeAllocationState what."""

from __future__ import annotations

from collections.abc import Sequence

from dra_apiserver import CLASSIC_CLAIMS, NODE_STATES, ApiFailure, ApiServer
from dra_core.nodestate import in_modern_words
from dra_core.preparation import ClaimFound, ClaimMissing, ClaimRead, ClaimUnreadable
from dra_core.profiles import DevicePool
from dra_core.refusal import Refusals, sentences
from dra_core.sharing.gpu_config import GpuConfig
from dra_core.snapshot.classic_claim import ClassicClaim
from dra_core.snapshot.classic_node_state import NodeAllocationState
from dra_core.snapshot.codec import decode_reporting
from dra_core.snapshot.first_use import make_ready
from dra_core.snapshot.resource_claim import ResourceClaim
from returns.result import Failure

make_ready(ClassicClaim, NodeAllocationState, ResourceClaim, GpuConfig)


class ClassicClaims:
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
        answer = self._server.get(CLASSIC_CLAIMS, name, namespace)
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
