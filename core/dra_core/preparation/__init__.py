"""A claim's life on a node: prepare, unprepare, restore, and the checkpoint that remembers.

Each function takes the checkpoint as read and what the shell saw, and returns effects in order. The shell carries them
out one by one and stops at the first that fails; after a crash behind any of them the next call puts things right.
"""

from dra_core.preparation.checkpoint import checkpoint_text, read_checkpoint
from dra_core.preparation.claim_read import ClaimFound, ClaimMissing, ClaimRead, ClaimUnreadable
from dra_core.preparation.decision import ClaimReference, Preparation, Restoration, Unpreparation
from dra_core.preparation.driver_on_node import DriverOnNode
from dra_core.preparation.effects import (
    Effect,
    EffectFailure,
    RemoveCdiSpec,
    SaveCheckpoint,
    SetAsideCheckpoint,
    WriteCdiSpec,
)
from dra_core.preparation.node_report import prepared_devices, report_prepared
from dra_core.preparation.prepare import prepare
from dra_core.preparation.restore import restore
from dra_core.preparation.state import (
    Checkpoint,
    DamagedCheckpoint,
    NewerCheckpoint,
    PreparedClaim,
    PreparedClaims,
    PreparedDevice,
)
from dra_core.preparation.unprepare import unprepare

__all__ = [
    "Checkpoint",
    "ClaimFound",
    "ClaimMissing",
    "ClaimRead",
    "ClaimReference",
    "ClaimUnreadable",
    "DamagedCheckpoint",
    "DriverOnNode",
    "Effect",
    "EffectFailure",
    "NewerCheckpoint",
    "Preparation",
    "PreparedClaim",
    "PreparedClaims",
    "PreparedDevice",
    "RemoveCdiSpec",
    "Restoration",
    "SaveCheckpoint",
    "SetAsideCheckpoint",
    "Unpreparation",
    "WriteCdiSpec",
    "checkpoint_text",
    "prepare",
    "prepared_devices",
    "read_checkpoint",
    "report_prepared",
    "restore",
    "unprepare",
]
