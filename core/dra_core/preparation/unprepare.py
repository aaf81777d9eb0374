"""NodeUnprepareResources, decided."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from dra_core.preparation.decision import ClaimReference, Unpreparation
from dra_core.preparation.driver_on_node import DriverOnNode
from dra_core.preparation.state import Checkpoint


def unprepare(
    driver: DriverOnNode,
    checkpoint: Checkpoint,
    cdi_files: Collection[str],
    requests: Sequence[ClaimReference],
) -> Unpreparation:
    """Forget claims, by UID alone: they may be gone from the API server. An unknown UID is a success."""
    raise NotImplementedError
