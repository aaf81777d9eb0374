"""What of the checkpoint the node's NodeAllocationState tells, on clusters of resource.k8s.io/v1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dra_core.nodestate import PoolAndDevice, prepared_claims_patch
from dra_core.nodestate.publishing import ChangeNodeState, NodeStateEffect, new_node_state
from dra_core.preparation.driver_on_node import DriverOnNode
from dra_core.preparation.state import Checkpoint, PreparedClaims
from dra_core.snapshot.json_value import JsonObject, object_at


def prepared_devices(checkpoint: Checkpoint) -> Mapping[str, tuple[PoolAndDevice, ...]] | None:
    """The devices of each prepared claim by UID, each once; None: the checkpoint does not tell."""
    if not isinstance(checkpoint, PreparedClaims):
        return None
    return {
        uid: tuple(dict.fromkeys((device.pool, device.device) for device in claim.devices))
        for uid, claim in checkpoint.claims.items()
    }


def report_prepared(
    driver: DriverOnNode,
    node_uid: str,
    namespace: str,
    prepared: Mapping[str, Sequence[PoolAndDevice]],
    found: JsonObject | None,
) -> NodeStateEffect | None:
    """The write that makes the state tell what is prepared; None: it does. Everything else in it is others'.

    Args:
        driver: Whose claims, on which node.
        node_uid: Of the Node, to which a state that is made belongs.
        namespace: The driver's.
        prepared: The devices of each prepared claim by UID.
        found: The node's state, as it was read; None: there is none.
    """
    patch = prepared_claims_patch(found or {}, prepared)
    if found is not None:
        return None if patch is None else ChangeNodeState(patch)
    return new_node_state(driver.node_name, node_uid, namespace, object_at(patch, "spec"))
