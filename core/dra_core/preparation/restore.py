"""What to put right at start: the CDI directory may be empty (reboot), stale (crash) or foreign to the checkpoint."""

from __future__ import annotations

from collections.abc import Mapping

from dra_core.cdi.file_names import file_prefix
from dra_core.preparation.cdi_files import claim_files, common_file, uid_in
from dra_core.preparation.checkpoint_trouble import begun_afresh, damage, too_new
from dra_core.preparation.decision import Restoration
from dra_core.preparation.driver_on_node import DriverOnNode
from dra_core.preparation.effects import Effect, RemoveCdiSpec, WriteCdiSpec
from dra_core.preparation.state import Checkpoint, DamagedCheckpoint, NewerCheckpoint, PreparedClaims


def restore(driver: DriverOnNode, checkpoint: Checkpoint, cdi_files: Mapping[str, str | None]) -> Restoration:
    """Bring the CDI directory in line with the checkpoint.

    Args:
        driver: Which driver, where, with which devices.
        checkpoint: As read from disk.
        cdi_files: Content of the files in the CDI directory by name, None where unreadable; others' files may be left
            out (ours begin with ``cdi.file_names.file_prefix``).
    """
    match checkpoint:
        case PreparedClaims():
            return _aligned(driver, checkpoint, cdi_files)
        case DamagedCheckpoint():
            after, effects = begun_afresh(driver, checkpoint, cdi_files)
            common = _differing((common_file(driver),), cdi_files)
            notes = (damage(driver, checkpoint, cdi_files),)
            return Restoration(checkpoint=after, effects=(*effects, *common), notes=notes)
        case NewerCheckpoint():
            common = _differing((common_file(driver),), cdi_files)
            return Restoration(checkpoint=checkpoint, effects=common, notes=(too_new(checkpoint),))


def _aligned(driver: DriverOnNode, checkpoint: PreparedClaims, cdi_files: Mapping[str, str | None]) -> Restoration:
    """Files of unknown claims go, those of known claims come (back).

    Claims of format 1 keep the file that they have: what it should hold is not known.
    """
    wanted = [common_file(driver)]
    for uid, claim in sorted(checkpoint.claims.items()):
        wanted += claim_files(driver, uid, claim) if claim.devices else ()
    known_by_uid_only = {uid for uid, claim in checkpoint.claims.items() if not claim.devices}
    kept = {file.file_name for file in wanted}
    kept |= {name for name in cdi_files if uid_in(driver, name) in known_by_uid_only}
    prefix = file_prefix(driver.driver_name, driver.profile.name)
    stale = [name for name in sorted(cdi_files) if name.startswith(prefix) and name not in kept]
    # Stale files first: two files with a device of the same name hide it from the runtime (CDI conflict rule).
    effects: tuple[Effect, ...] = (*map(RemoveCdiSpec, stale), *_differing(wanted, cdi_files))
    return Restoration(checkpoint=checkpoint, effects=effects, notes=())


def _differing(
    wanted: tuple[WriteCdiSpec, ...] | list[WriteCdiSpec], cdi_files: Mapping[str, str | None]
) -> tuple[WriteCdiSpec, ...]:
    return tuple(file for file in wanted if cdi_files.get(file.file_name) != file.text)
