"""A claim of classic DRA as a claim of resource.k8s.io/v1: one way to prepare claims, for both generations.

Each GPU is the result of a request of its own, ``gpu-0``, ``gpu-1``, …, in the claim's order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from returns.result import Failure, Result, Success

from dra_core.profiles.resources import DevicePool
from dra_core.refusal import Fault, Refusal, Refusals
from dra_core.sharing.gpu_config import GPU_CONFIG_API_VERSION, GPU_CONFIG_KIND
from dra_core.snapshot.classic_claim import ClassicClaim
from dra_core.snapshot.classic_node_state import NodeAllocationState
from dra_core.snapshot.json_value import Json, JsonObject

REQUEST = "gpu-"
"""What comes before the number of a GPU in the names of requests."""


def uuids_of(pools: Sequence[DevicePool]) -> Mapping[str, tuple[str, str]]:
    """Pool and device by uuid."""
    return {
        uuid.string_value: (pool.name, device.name)
        for pool in pools
        for device in pool.devices
        if (uuid := device.attributes.get("uuid")) is not None and uuid.string_value is not None
    }


def in_modern_words(
    driver_name: str, state: NodeAllocationState, claim: ClassicClaim, pools: Sequence[DevicePool]
) -> Result[JsonObject, Refusals]:
    """The claim with its devices on the node; or why it has none that can be prepared.

    Args:
        driver_name: The driver.
        state: The node's state.
        claim: The claim, as the API server has it now.
        pools: The devices of the node.
    """
    uid, node_name = claim.metadata.uid, state.metadata.name
    entry = state.spec.allocated_claims.get(uid)
    if entry is None:
        seen = f"nothing is allocated on node {node_name} for the claim {claim.metadata.name} with UID {uid}"
        hint = "the driver's controller enters it; look whether it runs"
        return _refused("ClaimNotAllocatedHere", Fault.ENVIRONMENT, f"spec.allocatedClaims.{uid}", seen, hint)
    known = uuids_of(pools)
    unknown = [device.uuid for device in entry.gpu.devices if device.uuid not in known]
    if unknown:
        seen = f"the claim {claim.metadata.name} has devices that the node has no longer: {', '.join(unknown)}"
        hint = "end the pods that use the claim, so that it is allocated anew"
        return _refused("DeviceNotFound", Fault.ENVIRONMENT, f"spec.allocatedClaims.{uid}.gpu.devices", seen, hint)
    numbered = list(enumerate(known[device.uuid] for device in entry.gpu.devices))
    requests: list[Json] = [
        {"name": f"{REQUEST}{number}", "exactly": {"deviceClassName": claim.spec.resource_class_name}}
        for number, _ in numbered
    ]
    results: list[Json] = [
        {"request": f"{REQUEST}{number}", "driver": driver_name, "pool": pool, "device": device}
        for number, (pool, device) in numbered
    ]
    config: list[Json] = []
    if entry.gpu.sharing is not None:
        parameters: JsonObject = {
            "apiVersion": GPU_CONFIG_API_VERSION,
            "kind": GPU_CONFIG_KIND,
            "sharing": entry.gpu.sharing,
        }
        config.append({"source": "FromClaim", "opaque": {"driver": driver_name, "parameters": parameters}})
    return Success(
        {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceClaim",
            "metadata": {"namespace": claim.metadata.namespace, "name": claim.metadata.name, "uid": uid},
            "spec": {"devices": {"requests": requests}},
            "status": {"allocation": {"devices": {"results": results, "config": config}}},
        }
    )


def _refused(code: str, fault: Fault, path: str, seen: str, hint: str) -> Result[JsonObject, Refusals]:
    return Failure((Refusal(code=code, fault=fault, path=f"nodeallocationstate: {path}", seen=seen, hint=hint),))
