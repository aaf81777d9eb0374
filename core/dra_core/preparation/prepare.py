"""NodePrepareResources, decided."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from dra_core.preparation.claim_read import ClaimRead
from dra_core.preparation.decision import ClaimReference, Preparation
from dra_core.preparation.driver_on_node import DriverOnNode
from dra_core.preparation.state import Checkpoint


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
    raise NotImplementedError
