"""NodePrepareResources, decided.

A claim that is prepared already is answered from the checkpoint, with the same ids, whatever was configured since. CDI
files are written first, the checkpoint once, last: after a crash in between, a file without a claim is left, which the
next try overwrites and the next start removes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from pyrsistent import PMap
from returns.result import Failure, Result, Success

from dra_core.preparation.cdi_files import claim_files, common_file, uid_in
from dra_core.preparation.checkpoint import checkpoint_text
from dra_core.preparation.checkpoint_trouble import begun_afresh, damage, too_new
from dra_core.preparation.claim_devices import as_prepared, same_devices
from dra_core.preparation.claim_read import ClaimRead, ClaimUnreadable
from dra_core.preparation.decision import ClaimReference, Preparation
from dra_core.preparation.driver_on_node import DriverOnNode
from dra_core.preparation.effects import Effect, RemoveCdiSpec, SaveCheckpoint
from dra_core.preparation.own_allocation import own_allocation
from dra_core.preparation.state import (
    Checkpoint,
    DamagedCheckpoint,
    NewerCheckpoint,
    PreparedClaim,
    PreparedClaims,
    PreparedDevice,
)
from dra_core.refusal import Refusal, Refusals


def prepare(
    driver: DriverOnNode,
    checkpoint: Checkpoint,
    cdi_files: Collection[str],
    requests: Sequence[ClaimReference],
    claims: Mapping[str, ClaimRead],
) -> Preparation:
    """Prepare each claim that can be prepared, and say of each other one why not.

    Args:
        driver: Which driver, where, with which devices.
        checkpoint: As read from disk in this call, under the lock.
        cdi_files: File names in the CDI directory now (others' files may be among them).
        requests: What the kubelet asks for.
        claims: By UID of the request, what came of reading ``namespace/name`` from the API server.
    """
    match checkpoint:
        case PreparedClaims():
            return _prepare_each(driver, checkpoint, cdi_files, requests, claims)
        case DamagedCheckpoint():
            after, effects = begun_afresh(driver, checkpoint, cdi_files)
            return _refuse_all(after, effects, requests, damage(driver, checkpoint, cdi_files))
        case NewerCheckpoint():
            return _refuse_all(checkpoint, (), requests, too_new(checkpoint))


def _refuse_all(
    checkpoint: Checkpoint, effects: tuple[Effect, ...], requests: Sequence[ClaimReference], refusal: Refusal
) -> Preparation:
    refused: Result[tuple[PreparedDevice, ...], Refusals] = Failure((refusal,))
    answers = {request.uid: refused for request in requests}
    return Preparation(checkpoint=checkpoint, effects=effects, answers=answers)


def _prepare_each(
    driver: DriverOnNode,
    checkpoint: PreparedClaims,
    cdi_files: Collection[str],
    requests: Sequence[ClaimReference],
    claims: Mapping[str, ClaimRead],
) -> Preparation:
    prepared = checkpoint.claims
    answers: dict[str, Result[tuple[PreparedDevice, ...], Refusals]] = {}
    for request in requests:
        read = claims.get(request.uid, ClaimUnreadable("it was not read"))
        outcome = _prepare_one(driver, prepared, request, read)
        answers[request.uid] = outcome.map(lambda claim: claim.devices)
        if isinstance(outcome, Success):
            prepared = prepared.set(request.uid, outcome.unwrap())
    granted = [uid for uid, answer in answers.items() if isinstance(answer, Success)]
    after = PreparedClaims(prepared)
    save = (SaveCheckpoint(checkpoint_text(after)),) if after != checkpoint else ()
    files = _file_effects(driver, checkpoint.claims, prepared, cdi_files, granted)
    return Preparation(checkpoint=after, effects=(*files, *save), answers=answers)


def _prepare_one(
    driver: DriverOnNode, prepared: PMap[str, PreparedClaim], request: ClaimReference, read: ClaimRead
) -> Result[PreparedClaim, Refusals]:
    """The claim as the checkpoint is to hold it."""
    known = prepared.get(request.uid)
    found = own_allocation(driver.driver_name, request, read)
    if known is not None and known.devices:
        # Allocated anew under the same UID: the kubelet never asked to unprepare, and nobody uses the old devices.
        moved = isinstance(found, Success) and not same_devices(known.devices, found.unwrap().results)
        if not moved:
            return Success(known)
    return found.bind(lambda allocation: as_prepared(driver, prepared, request, allocation))


def _file_effects(
    driver: DriverOnNode,
    before: PMap[str, PreparedClaim],
    after: PMap[str, PreparedClaim],
    cdi_files: Collection[str],
    granted: Sequence[str],
) -> tuple[Effect, ...]:
    """Files that are new, changed or lost; a claim's file under an older name goes first.

    Two files with a device of the same name hide it from the runtime (CDI conflict rule).
    """
    effects: list[Effect] = []
    common = common_file(driver)
    if granted and common.file_name not in cdi_files:
        effects.append(common)
    for uid in granted:
        files = claim_files(driver, uid, after[uid])
        kept = {file.file_name for file in files}
        effects += [
            RemoveCdiSpec(name) for name in sorted(cdi_files) if uid_in(driver, name) == uid and name not in kept
        ]
        effects += [file for file in files if before.get(uid) != after[uid] or file.file_name not in cdi_files]
    return tuple(effects)
