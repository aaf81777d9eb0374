"""What to put right at start: the CDI directory may be empty (reboot), stale (crash) or foreign to the checkpoint."""

from __future__ import annotations

from collections.abc import Mapping

from dra_core.preparation.decision import Restoration
from dra_core.preparation.driver_on_node import DriverOnNode
from dra_core.preparation.state import Checkpoint


def restore(driver: DriverOnNode, checkpoint: Checkpoint, cdi_files: Mapping[str, str | None]) -> Restoration:
    """Bring the CDI directory in line with the checkpoint.

    Args:
        driver: Which driver, where, with which devices.
        checkpoint: As read from disk.
        cdi_files: Content of the files in the CDI directory by name, None where unreadable; others' files may be left
            out (ours begin with ``cdi.file_names.file_prefix``).
    """
    raise NotImplementedError
