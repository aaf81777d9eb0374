"""What to do about a checkpoint that cannot be used.

Damaged: which devices are in use is not known, so nothing more is prepared. But every prepared claim has its CDI file,
so once no claim's file is left (all are unprepared, or the node was rebooted, which empties the directory and ends all
containers) nothing is in use, and a fresh checkpoint takes the place of the damaged one, of which a copy is kept.

Newer: a later version of the driver is to look after it; nothing is lost meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable

from dra_core.preparation.cdi_files import uid_in
from dra_core.preparation.checkpoint import FORMAT_VERSION, checkpoint_text
from dra_core.preparation.driver_on_node import DriverOnNode
from dra_core.preparation.effects import Effect, SaveCheckpoint, SetAsideCheckpoint
from dra_core.preparation.state import Checkpoint, DamagedCheckpoint, NewerCheckpoint, PreparedClaims
from dra_core.refusal import Fault, Refusal


def claims_with_file(driver: DriverOnNode, cdi_files: Iterable[str]) -> tuple[str, ...]:
    """UIDs of the claims that have a CDI file of this driver."""
    return tuple(sorted({uid for uid in (uid_in(driver, name) for name in cdi_files) if uid is not None}))


def set_aside(checkpoint: DamagedCheckpoint) -> SetAsideCheckpoint:
    """Keeps a copy of the damaged file."""
    return SetAsideCheckpoint(suffix=f"damaged-{checkpoint.digest}")


def begun_afresh(
    driver: DriverOnNode, checkpoint: DamagedCheckpoint, cdi_files: Iterable[str]
) -> tuple[Checkpoint, tuple[Effect, ...]]:
    """A fresh checkpoint in place of the damaged one, if nothing can be in use any more; else all stays."""
    if claims_with_file(driver, cdi_files):
        return checkpoint, (set_aside(checkpoint),)
    fresh = PreparedClaims()
    return fresh, (set_aside(checkpoint), SaveCheckpoint(checkpoint_text(fresh)))


def damage(driver: DriverOnNode, checkpoint: DamagedCheckpoint, cdi_files: Iterable[str]) -> Refusal:
    """The refusal for a damaged checkpoint."""
    remaining = claims_with_file(driver, cdi_files)
    if remaining:
        hint = (
            f"nothing is prepared until these claims are unprepared, which happens when their pods end: "
            f"{', '.join(remaining)}"
        )
    else:
        hint = "no claim is left on this node: a fresh checkpoint is begun, the next try is served"
    return Refusal(
        code="CheckpointDamaged",
        fault=Fault.ENVIRONMENT,
        seen=(
            f"the driver's checkpoint cannot be used: {checkpoint.reason}; "
            f"a copy is kept beside it, ending in .damaged-{checkpoint.digest}"
        ),
        hint=hint,
    )


def too_new(checkpoint: NewerCheckpoint) -> Refusal:
    """The refusal for a checkpoint of a later format."""
    return Refusal(
        code="CheckpointNewer",
        fault=Fault.ADMINISTRATOR,
        seen=(
            f"the driver's checkpoint has format version {checkpoint.version}, this driver knows {FORMAT_VERSION} "
            f"at most; it is left as it is"
        ),
        hint="run the newer version of the driver again",
    )
