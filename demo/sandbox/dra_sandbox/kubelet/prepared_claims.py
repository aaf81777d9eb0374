"""Which claims are prepared on a node, for which pods, with which devices; and the checkpoint of it.

A claim is written down before its drivers are called, so that a kubelet that stops in between knows what to give back.
That it was *prepared* is not written down: after a restart Prepare is called again, and answers the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TypeAlias

import msgspec
from dra_core.snapshot.first_use import make_ready
from dra_core.snapshot.json_value import JsonObject, at, list_at, object_at, text_at
from returns.result import Failure, Result, Success

from dra_sandbox.world.objects import Place, being_deleted, controller_uid, name_of, namespace_of, objects_at, uid_of

EXTENDED = "(extended resources)"
PREPARE, UNPREPARE, ANY = "NodePrepareResources", "NodeUnprepareResources", "*"  # resource/v1 skipNodeOperations


class PreparedDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device as the driver answered."""

    request_names: tuple[str, ...] = ()
    pool: str = ""
    device: str = ""
    cdi_ids: tuple[str, ...] = ()
    share_id: str = ""


class DriverPart(msgspec.Struct, frozen=True, kw_only=True):
    """One driver's share of a claim.

    Attributes:
        devices: As the driver answered.
        skip: Operations that need no call.
        handle: What the driver's controller left for the plugin; classic claims have it.
    """

    devices: tuple[PreparedDevice, ...] = ()
    skip: frozenset[str] = frozenset()
    handle: str = ""


class HeldClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A claim that pods of this node use."""

    uid: str
    namespace: str
    name: str
    pods: frozenset[str]
    drivers: Mapping[str, DriverPart]


Held: TypeAlias = Mapping[str, HeldClaim]
"""Held claims by UID."""


class _Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    format: int
    claims: tuple[HeldClaim, ...]
    checksum: str = ""


make_ready(_Checkpoint)


def entries_of(pod: JsonObject) -> Mapping[str, str]:
    """The pod's claims: its own name for each → the claim's name, "" while a generated one does not exist.

    An entry whose template needs no claim is recorded without a name in the status, and left out here. The claim that
    the scheduler made for extended resources has an entry that no pod can name.
    """
    generated = {text_at(item, "name"): item for item in objects_at(pod, "status", "resourceClaimStatuses")}
    entries: dict[str, str] = {}
    for entry in objects_at(pod, "spec", "resourceClaims"):
        name, source = text_at(entry, "name"), source_of(entry)
        if text_at(source, "resourceClaimName"):
            entries[name] = text_at(source, "resourceClaimName")
        elif name not in generated:
            entries[name] = ""
        elif text_at(generated[name], "resourceClaimName"):
            entries[name] = text_at(generated[name], "resourceClaimName")
    extended = text_at(pod, "status", "extendedResourceClaimStatus", "resourceClaimName")
    return {**entries, EXTENDED: extended} if extended else entries


def source_of(entry: JsonObject) -> JsonObject:
    """Where an entry of spec.resourceClaims names claim or template: in itself, until Kubernetes 1.30 in ``source``."""
    return object_at(entry, "source") or entry


def check(
    pod: JsonObject, claims: Mapping[str, JsonObject | None], held: Held, registered: frozenset[str]
) -> Result[tuple[HeldClaim, ...], str]:
    """Everything that has to hold before the first driver is called, so that an error costs no half-done work.

    Args:
        pod: The pod.
        claims: Its claims by name, as just read; None for one that does not exist.
        held: What is held on this node.
        registered: Drivers with a plugin here.
    """
    wanted: list[HeldClaim] = []
    namespace = namespace_of(pod)
    unused, own = _unused_entries(pod), _own_entries(pod)
    for entry, name in entries_of(pod).items():
        if entry in unused:
            continue
        if not name:
            return Failure(f"pod claim {entry}: the ResourceClaim has not been created from its template yet")
        claim = claims.get(name)
        if claim is None:
            return Failure(f"fetch ResourceClaim {namespace}/{name} referenced by pod claim {entry}: not found")
        if entry in own and controller_uid(claim) != uid_of(pod):
            return Failure(f"ResourceClaim {namespace}/{name} was not created for the pod (it does not own the claim)")
        problem = _unusable(pod, claim, held, registered)
        if problem:
            return Failure(f"ResourceClaim {namespace}/{name}: {problem}")
        wanted.append(_as_held(pod, claim))
    return Success(tuple(wanted))


def _unused_entries(pod: JsonObject) -> frozenset[str]:
    """Entries that no container uses: for these no driver is called in Kubernetes 1.30, later ones do call it."""
    containers = (*objects_at(pod, "spec", "initContainers"), *objects_at(pod, "spec", "containers"))
    used = {entry for container in containers for entry, _ in _named_by(pod, container)}
    classic = {text_at(item, "name") for item in objects_at(pod, "spec", "resourceClaims") if "source" in item}
    return frozenset(classic - used)


def _own_entries(pod: JsonObject) -> frozenset[str]:
    """Entries whose claims are made from templates, for this pod alone."""
    entries = objects_at(pod, "spec", "resourceClaims")
    return frozenset(text_at(item, "name") for item in entries if text_at(source_of(item), "resourceClaimTemplateName"))


def _unusable(pod: JsonObject, claim: JsonObject, held: Held, registered: frozenset[str]) -> str:
    uid = uid_of(claim)
    old = next((item for item in held.values() if _place(item) == (namespace_of(claim), name_of(claim))), None)
    if old is not None and old.uid != uid:
        return f"old ResourceClaim with same name {old.name} and different UID {old.uid} still exists"
    if not at(claim, "status", "allocation"):
        return "not allocated"
    if being_deleted(pod):
        return "the pod is being deleted"
    consumers = objects_at(claim, "status", "reservedFor")
    if not any(text_at(item, "uid") == uid_of(pod) for item in consumers):
        return f"not reserved for pod {name_of(pod)} ({uid_of(pod)})"
    for driver, part in _parts(claim).items():
        if driver not in registered and not _skips(part, PREPARE):
            return f"DRA driver {driver} is not registered"
    return ""


def _place(claim: HeldClaim) -> Place:
    return claim.namespace, claim.name


def _as_held(pod: JsonObject, claim: JsonObject) -> HeldClaim:
    return HeldClaim(
        uid=uid_of(claim),
        namespace=namespace_of(claim),
        name=name_of(claim),
        pods=frozenset({uid_of(pod)}),
        drivers=_parts(claim),
    )


def _parts(claim: JsonObject) -> Mapping[str, DriverPart]:
    """Drivers of the allocation; an operation is skipped if all of the driver's devices say so."""
    if text_at(claim, "status", "driverName"):
        return _classic_parts(claim)
    skips: dict[str, frozenset[str]] = {}
    for result in objects_at(claim, "status", "allocation", "devices", "results"):
        names = frozenset(str(item) for item in list_at(result, "skipNodeOperations"))
        names |= {PREPARE, UNPREPARE} if ANY in names else set()
        driver = text_at(result, "driver")
        skips[driver] = skips[driver] & names if driver in skips else names
    return {driver: DriverPart(skip=names) for driver, names in skips.items()}


def _classic_parts(claim: JsonObject) -> Mapping[str, DriverPart]:
    """One driver for each resource handle; without any, the claim's own driver (resource.k8s.io/v1alpha2)."""
    own = text_at(claim, "status", "driverName")
    handles = objects_at(claim, "status", "allocation", "resourceHandles")
    return {text_at(item, "driverName") or own: DriverPart(handle=text_at(item, "data")) for item in handles or ({},)}


def _skips(part: DriverPart, operation: str) -> bool:
    return operation in part.skip


def hold(held: Held, wanted: tuple[HeldClaim, ...]) -> Held:
    """With the pod's claims written down; devices that are known already stay."""
    result = dict(held)
    for claim in wanted:
        known = result.get(claim.uid)
        if known is None:
            result[claim.uid] = claim
        else:
            drivers = {**claim.drivers, **known.drivers}
            result[claim.uid] = msgspec.structs.replace(known, pods=known.pods | claim.pods, drivers=drivers)
    return result


def calls(claims: tuple[HeldClaim, ...], operation: str) -> Mapping[str, tuple[HeldClaim, ...]]:
    """Which driver is called with which claims: one call per driver with all of them."""
    by_driver: dict[str, list[HeldClaim]] = {}
    for claim in claims:
        for driver, part in claim.drivers.items():
            if not _skips(part, operation):
                by_driver.setdefault(driver, []).append(claim)
    return {driver: tuple(items) for driver, items in by_driver.items()}


def answered(held: Held, driver: str, devices: Mapping[str, tuple[PreparedDevice, ...]]) -> Held:
    """With the devices that a driver answered, by claim UID."""
    result = dict(held)
    for uid, found in devices.items():
        claim = result.get(uid)
        if claim is not None:
            part = msgspec.structs.replace(claim.drivers.get(driver, DriverPart()), devices=found)
            result[uid] = msgspec.structs.replace(claim, drivers={**claim.drivers, driver: part})
    return result


def reply_faults(asked: tuple[HeldClaim, ...], errors: Mapping[str, str], operation: str) -> str:
    """What is wrong with a driver's reply (UID → error text), "" if nothing is."""
    known = {claim.uid: claim for claim in asked}
    strange = sorted(set(errors) - set(known))
    if strange:
        return f"{operation} returned results for claims that were not asked for: {', '.join(strange)}"
    faults = []
    for uid, claim in known.items():
        if uid not in errors:
            faults.append(f"{operation} skipped claim {claim.name} ({uid})")
        elif errors[uid]:
            faults.append(f"{operation} failed for ResourceClaim {claim.name}: {errors[uid]}")
    return "; ".join(faults)


def of_pod(held: Held, pod_uid: str) -> tuple[HeldClaim, ...]:
    """The claims that are held for a pod."""
    return tuple(held[uid] for uid in sorted(held) if pod_uid in held[uid].pods)


def last_of_pod(held: Held, pod_uid: str) -> tuple[HeldClaim, ...]:
    """Those that no other pod uses: their drivers have to be called when the pod ends."""
    return tuple(claim for claim in of_pod(held, pod_uid) if claim.pods == {pod_uid})


def let_go(held: Held, pod_uid: str) -> Held:
    """Without the pod; claims that it was the last user of are gone."""
    result = {}
    for uid, claim in held.items():
        pods = claim.pods - {pod_uid}
        if pods:
            result[uid] = msgspec.structs.replace(claim, pods=pods)
    return result


def devices_of_container(
    held: Held, pod: JsonObject, container: JsonObject
) -> tuple[tuple[str, str, str, PreparedDevice], ...]:
    """(claim name in the pod, request asked for or "", driver, device) for all devices that the container sees.

    A device belongs to the container if its request is the one that the container names, or if it names none; a device
    without request names belongs to all requests.
    """
    entries = entries_of(pod)
    found = []
    for entry, request in _named_by(pod, container):
        claim = next(
            (item for item in held.values() if _place(item) == (namespace_of(pod), entries.get(entry, ""))), None
        )
        for driver, part in claim.drivers.items() if claim else ():
            for device in part.devices:
                if not request or not device.request_names or request in device.request_names:
                    found.append((entry, request, driver, device))
    return tuple(found)


def _named_by(pod: JsonObject, container: JsonObject) -> tuple[tuple[str, str], ...]:
    """Entries and requests: those that the container names, and those of its extended resources."""
    claims = (
        (text_at(item, "name"), text_at(item, "request")) for item in objects_at(container, "resources", "claims")
    )
    mappings = objects_at(pod, "status", "extendedResourceClaimStatus", "requestMappings")
    extended = (
        (EXTENDED, text_at(item, "requestName"))
        for item in mappings
        if text_at(item, "containerName") == text_at(container, "name")
    )
    return (*claims, *extended)


def encode_checkpoint(held: Held) -> bytes:
    """The checkpoint file: canonical JSON with a checksum over the claims."""
    claims = tuple(held[uid] for uid in sorted(held))
    return msgspec.json.encode(_Checkpoint(format=1, claims=claims, checksum=_checksum(claims)), order="sorted")


def decode_checkpoint(content: bytes) -> Result[Held, str]:
    """What was held, or why the file cannot be used."""
    try:
        read = msgspec.json.decode(content, type=_Checkpoint)
    except msgspec.DecodeError as error:
        return Failure(f"the checkpoint cannot be read: {error}")
    if read.checksum != _checksum(read.claims):
        return Failure("the checkpoint's checksum does not match its claims")
    return Success({claim.uid: claim for claim in read.claims})


def _checksum(claims: tuple[HeldClaim, ...]) -> str:
    return hashlib.sha256(msgspec.json.encode(claims, order="sorted")).hexdigest()
