"""NodeUnprepareResources, decided.

Files go first, the checkpoint last: after a crash in between, the claim is still known, and the kubelet asks again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

import msgspec
from pyrsistent import PMap

from dra_core.preparation.cdi_files import removals, uid_in
from dra_core.preparation.checkpoint import checkpoint_text
from dra_core.preparation.checkpoint_trouble import begun_afresh, too_new
from dra_core.preparation.decision import ClaimReference, Unpreparation
from dra_core.preparation.driver_on_node import DriverOnNode
from dra_core.preparation.effects import Effect, SaveCheckpoint
from dra_core.preparation.state import Checkpoint, DamagedCheckpoint, NewerCheckpoint, PreparedClaims

Claim = TypeVar("Claim")


def unprepare(
    driver: DriverOnNode,
    checkpoint: Checkpoint,
    cdi_files: Collection[str],
    requests: Sequence[ClaimReference],
) -> Unpreparation:
    """Forget claims, by UID alone: they may be gone from the API server. An unknown UID is a success."""
    uids = {request.uid for request in requests}
    after: Checkpoint
    save: tuple[Effect, ...]
    match checkpoint:
        case PreparedClaims(claims=prepared):
            after = PreparedClaims(_without(prepared, uids))
            save = (SaveCheckpoint(checkpoint_text(after)),) if after != checkpoint else ()
        case NewerCheckpoint(claims=others):
            if others is None:
                refusals = (too_new(checkpoint),)
                return Unpreparation(checkpoint=checkpoint, effects=(), answers=dict.fromkeys(uids, refusals))
            rest = msgspec.structs.replace(checkpoint, claims=_without(others, uids))
            after, save = rest, (SaveCheckpoint(checkpoint_text(rest)),) if rest != checkpoint else ()
        case DamagedCheckpoint():
            remaining = [name for name in cdi_files if uid_in(driver, name) not in uids]
            after, save = begun_afresh(driver, checkpoint, remaining)
    effects = (*removals(driver, cdi_files, uids), *save)
    return Unpreparation(checkpoint=after, effects=effects, answers=dict.fromkeys(uids, ()))


def _without(claims: PMap[str, Claim], uids: Iterable[str]) -> PMap[str, Claim]:
    for uid in uids:
        claims = claims.discard(uid)
    return claims
