"""From an allocation to prepared devices: free, known, configured, and with container edits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyrsistent import PMap
from returns.result import Failure, Result, Success

from dra_core.cdi.container_edits import ContainerEdits
from dra_core.cdi.identity import COMMON_DEVICE, device_id, device_name, kind
from dra_core.cdi.validation import faults_of_spec
from dra_core.preparation.cdi_files import spec_of
from dra_core.preparation.decision import ClaimReference
from dra_core.preparation.device_metadata import POD_CLAIM_NAME, metadata_of, with_metadata_ids
from dra_core.preparation.driver_on_node import DriverOnNode
from dra_core.preparation.own_allocation import OwnAllocation
from dra_core.preparation.state import PreparedClaim, PreparedDevice
from dra_core.profiles.configuration import read_entry
from dra_core.profiles.profile import AssignedDevice, Configure
from dra_core.refusal import Fault, Refusal, Refusals
from dra_core.sharing.precedence import Entries, entries_for, entry_for
from dra_core.snapshot.device import Device
from dra_core.snapshot.resource_claim import DeviceRequestAllocationResult


def same_devices(prepared: Sequence[PreparedDevice], results: Sequence[DeviceRequestAllocationResult]) -> bool:
    """Whether an allocation is the one that was prepared."""
    before = {(each.request_names, each.pool, each.device, each.share_id, each.admin_access) for each in prepared}
    now = {
        ((base_name(each.request),), each.pool, each.device, each.share_id, bool(each.admin_access)) for each in results
    }
    return before == now


def base_name(request: str) -> str:
    """The main request's name: the kubelet knows no subrequests and compares exactly."""
    return request.partition("/")[0]


def as_prepared(
    driver: DriverOnNode, prepared: PMap[str, PreparedClaim], request: ClaimReference, allocation: OwnAllocation
) -> Result[PreparedClaim, Refusals]:
    """The claim with its devices, or everything that is wrong with them and with their configuration."""
    here = {(pool.name, device.name): device for pool in driver.pools for device in pool.devices}
    entries = entries_for(driver.driver_name, allocation.claim)
    configurations = {entry.path: read_entry(driver.profile, entry) for entry in entries.entries}
    refusals = [
        *_predecessors(prepared, request),
        *_unknown_devices(driver, here, allocation),
        *_held_devices(prepared, request, allocation),
        *_configuration_refusals(entries, configurations),
    ]
    if refusals:
        return Failure(tuple(refusals))
    any_admin_access = any(result.admin_access for result in allocation.results)
    devices: list[PreparedDevice] = []
    for result in allocation.results:
        entry = entry_for(entries.entries, result.request)
        configure = configurations[entry.path].unwrap() if entry else driver.profile.default_configuration()
        edits = configure(_assigned(here[result.pool, result.device], result))
        if isinstance(edits, Failure):
            wrong: Refusals = edits.failure()
            refusals += [each.below(entry.path) if entry else each for each in wrong]
        else:
            device = here[result.pool, result.device]
            devices.append(_prepared_device(driver, request.uid, device, result, edits.unwrap(), any_admin_access))
    if refusals:
        return Failure(tuple(refusals))
    granted = PreparedClaim(
        namespace=request.namespace,
        name=request.name,
        pod_claim_name=allocation.claim.metadata.annotations.get(POD_CLAIM_NAME, "") if driver.device_metadata else "",
        devices=with_metadata_ids(driver, request.uid, devices),
    )
    invalid = faults_of_spec(spec_of(driver, request.uid, granted))
    return Failure(invalid) if invalid else Success(granted)


def _assigned(device: Device, result: DeviceRequestAllocationResult) -> AssignedDevice:
    return AssignedDevice(
        device=device,
        pool=result.pool,
        request=base_name(result.request),
        share_id=result.share_id,
        admin_access=bool(result.admin_access),
        consumed_capacity=result.consumed_capacity,
    )


def _prepared_device(
    driver: DriverOnNode,
    uid: str,
    device: Device,
    result: DeviceRequestAllocationResult,
    edits: ContainerEdits,
    any_admin_access: bool,
) -> PreparedDevice:
    kind_name = kind(driver.driver_name, driver.profile.name)
    environment_key = driver.profile.environment_key(result.device)
    of_the_claim = ContainerEdits(
        env=(
            f"{environment_key}_RESOURCE_CLAIM={uid}",
            # Claim-wide: true if any device of the claim is accessed by an administrator.
            f"DRA_ADMIN_ACCESS={'true' if any_admin_access else 'false'}",
        )
    )
    return PreparedDevice(
        request_names=(base_name(result.request),),
        pool=result.pool,
        device=result.device,
        share_id=result.share_id,
        admin_access=bool(result.admin_access),
        # The device's own first: the kubelet calls the device by its first id where it reports health (resourceID).
        cdi_device_ids=(
            device_id(kind_name, device_name(uid, result.device, result.share_id)),
            device_id(kind_name, COMMON_DEVICE),
        ),
        edits=edits.followed_by(of_the_claim),
        metadata=metadata_of(driver, device, result.request),
    )


def _predecessors(prepared: PMap[str, PreparedClaim], request: ClaimReference) -> Refusals:
    """A claim of the same name that is still prepared: the kubelet has yet to end its pods (Kubernetes 1.34+)."""
    return tuple(
        Refusal(
            code="OldClaimStillPrepared",
            fault=Fault.USER,
            seen=(
                f"an old ResourceClaim {request.namespace}/{request.name} with UID {uid} is still prepared, "
                f"the new one has UID {request.uid}"
            ),
            hint="wait until the pods of the old claim have ended",
        )
        for uid, claim in sorted(prepared.items())
        if uid != request.uid and (claim.namespace, claim.name) == (request.namespace, request.name)
    )


def _unknown_devices(
    driver: DriverOnNode, here: Mapping[tuple[str, str], Device], allocation: OwnAllocation
) -> list[Refusal]:
    return [
        Refusal(
            code="UnknownDevice",
            fault=Fault.DRIVER,
            path=f"status.allocation.devices.results[{position}]",
            seen=f"device {result.device} of pool {result.pool} is not on node {driver.node_name} (any more)",
            hint="delete the pod and the claim, so that another device is allocated",
        )
        for position, result in allocation.numbered_results
        if (result.pool, result.device) not in here
    ]


def _held_devices(
    prepared: PMap[str, PreparedClaim], request: ClaimReference, allocation: OwnAllocation
) -> list[Refusal]:
    return [
        Refusal(
            code="DeviceHeld",
            fault=Fault.ENVIRONMENT,
            path=f"status.allocation.devices.results[{position}]",
            seen=(
                f"device {result.device} of pool {result.pool} is still prepared for ResourceClaim "
                f"{claim.namespace}/{claim.name} (UID {uid})"
            ),
            hint="wait until the pods of that claim have ended; the kubelet tries again",
        )
        for position, result in allocation.numbered_results
        for uid, claim in sorted(prepared.items())
        if uid != request.uid and any(_conflict(held, result) for held in claim.devices)
    ]


def _conflict(held: PreparedDevice, wanted: DeviceRequestAllocationResult) -> bool:
    """One device, two claims: only with admin access, or as different shares."""
    if (held.pool, held.device) != (wanted.pool, wanted.device) or held.admin_access or wanted.admin_access:
        return False
    return held.share_id is None or wanted.share_id is None or held.share_id == wanted.share_id


def _configuration_refusals(
    entries: Entries, configurations: Mapping[str, Result[Configure, Refusals]]
) -> list[Refusal]:
    """Every fault of every entry, also of one that another entry overrides: it was meant to hold."""
    refusals = list(entries.refusals)
    for entry in entries.entries:
        read = configurations[entry.path]
        if isinstance(read, Failure):
            wrong: Refusals = read.failure()
            refusals += wrong
    return refusals
