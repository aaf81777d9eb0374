"""What a claim that the kubelet asks for got from our driver, or why it cannot be prepared at all."""

from __future__ import annotations

import msgspec
from returns.result import Failure, Result, Success

from dra_core.preparation.claim_read import ClaimFound, ClaimMissing, ClaimRead, ClaimUnreadable
from dra_core.preparation.decision import ClaimReference
from dra_core.refusal import Fault, Refusal, Refusals
from dra_core.snapshot.codec import decode_reporting
from dra_core.snapshot.first_use import make_ready
from dra_core.snapshot.resource_claim import DeviceRequestAllocationResult, ResourceClaim

make_ready(ResourceClaim)


class OwnAllocation(msgspec.Struct, frozen=True):
    """An allocated claim and its results for our driver, of which there is at least one.

    Each result has its position in ``status.allocation.devices.results``, for error messages.
    """

    claim: ResourceClaim
    numbered_results: tuple[tuple[int, DeviceRequestAllocationResult], ...]

    @property
    def results(self) -> tuple[DeviceRequestAllocationResult, ...]:
        """Without the positions."""
        return tuple(result for _, result in self.numbered_results)


def own_allocation(driver_name: str, request: ClaimReference, read: ClaimRead) -> Result[OwnAllocation, Refusals]:
    """The claim as read, checked against what the kubelet asks for."""
    name = f"ResourceClaim {request.namespace}/{request.name}"
    match read:
        case ClaimMissing():
            return _refused("ClaimNotFound", Fault.USER, "", f"{name} does not exist", "create it, or delete the pod")
        case ClaimUnreadable(why=why):
            hint = "look at the API server and at the driver's permissions; the kubelet tries again"
            return _refused("ClaimNotReadable", Fault.ENVIRONMENT, "", f"{name} could not be read: {why}", hint)
        case ClaimFound(claim=value):
            decoded = decode_reporting(ResourceClaim, value)  # fields of a newer API server are none of our business
            return decoded.alt(_not_understood).bind(
                lambda claim: _allocated_to(driver_name, request, name, claim.record)
            )


def _not_understood(faults: Refusals) -> Refusals:
    return tuple(msgspec.structs.replace(each, code="ClaimNotUnderstood", fault=Fault.DRIVER) for each in faults)


def _allocated_to(
    driver_name: str, request: ClaimReference, name: str, claim: ResourceClaim
) -> Result[OwnAllocation, Refusals]:
    if claim.metadata.uid != request.uid:
        seen = f"{name} has UID {claim.metadata.uid} now, the kubelet asks for {request.uid}: it was made anew"
        return _refused("ClaimUIDChanged", Fault.USER, "metadata.uid", seen, "delete the pod that used the old claim")
    if claim.status.allocation is None:
        hint = "the scheduler allocates it for a pod that uses it; a pod with spec.nodeName set passes the scheduler by"
        return _refused("ClaimNotAllocated", Fault.USER, "status.allocation", f"{name} is not allocated", hint)
    all_results = claim.status.allocation.devices.results
    results = tuple((position, each) for position, each in enumerate(all_results) if each.driver == driver_name)
    if not results:
        drivers = sorted({each.driver for each in all_results})
        seen = f"{name} got no device from {driver_name}, but from: {', '.join(drivers) or 'nobody'}"
        hint = "the kubelet should ask the other driver"
        return _refused("NoDeviceOfThisDriver", Fault.ENVIRONMENT, "status.allocation.devices.results", seen, hint)
    return Success(OwnAllocation(claim, results))


def _refused(code: str, fault: Fault, path: str, seen: str, hint: str) -> Result[OwnAllocation, Refusals]:
    return Failure((Refusal(code=code, fault=fault, path=path, seen=seen, hint=hint),))
