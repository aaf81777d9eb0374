"""The CDI files of prepared claims, and which files of the directory are whose."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from dra_core.cdi.file_names import claim_file_name, claim_uid_of, common_file_name
from dra_core.cdi.identity import device_name, kind
from dra_core.cdi.spec import CdiDevice, CdiSpec, claim_spec, common_spec, spec_text
from dra_core.preparation.device_metadata import metadata_devices, metadata_files
from dra_core.preparation.driver_on_node import DriverOnNode
from dra_core.preparation.effects import RemoveCdiSpec, WriteCdiSpec
from dra_core.preparation.state import PreparedClaim


def spec_of(driver: DriverOnNode, uid: str, claim: PreparedClaim) -> CdiSpec:
    """The spec of a prepared claim: the same from the same checkpoint, whatever was configured since."""
    devices = [
        CdiDevice(name=device_name(uid, device.device, device.share_id), container_edits=device.edits)
        for device in claim.devices
    ]
    return claim_spec(kind(driver.driver_name, driver.profile.name), (*devices, *metadata_devices(driver, uid, claim)))


def claim_files(driver: DriverOnNode, uid: str, claim: PreparedClaim) -> tuple[WriteCdiSpec, ...]:
    """Writes the files of a prepared claim: what its CDI file refers to comes first."""
    name = claim_file_name(driver.driver_name, driver.profile.name, uid)
    cdi_file = WriteCdiSpec(file_name=name, text=spec_text(spec_of(driver, uid, claim)))
    return (*metadata_files(driver, uid, claim), cdi_file)


def common_file(driver: DriverOnNode) -> WriteCdiSpec:
    """Writes the file with the common device."""
    profile = driver.profile.name
    spec = common_spec(kind(driver.driver_name, profile), driver.driver_name, driver.node_name)
    return WriteCdiSpec(file_name=common_file_name(driver.driver_name, profile), text=spec_text(spec))


def uid_in(driver: DriverOnNode, file_name: str) -> str | None:
    """The claim that a file belongs to; None if it is no claim's file of this driver."""
    return claim_uid_of(driver.driver_name, driver.profile.name, file_name)


def removals(driver: DriverOnNode, cdi_files: Iterable[str], uids: Collection[str]) -> tuple[RemoveCdiSpec, ...]:
    """Removes the files of claims that are there."""
    return tuple(RemoveCdiSpec(name) for name in sorted(cdi_files) if uid_in(driver, name) in uids)
