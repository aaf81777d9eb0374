"""CDI specs: the files' content, with the oldest version that has all that is used.

A runtime refuses a spec of a version that it does not know, so the version is the smallest that will do.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from dra_core.cdi.container_edits import CdiRecord, ContainerEdits
from dra_core.cdi.identity import COMMON_DEVICE


class CdiDevice(CdiRecord, frozen=True, kw_only=True):
    """A device that a runtime can be asked for by name."""

    name: str
    container_edits: ContainerEdits = msgspec.field(default=ContainerEdits())


class CdiSpec(CdiRecord, frozen=True, kw_only=True):
    """A CDI file. ``kind`` is ``<vendor>/<class>``."""

    cdi_version: str
    kind: str
    devices: tuple[CdiDevice, ...] = ()
    container_edits: ContainerEdits = msgspec.field(default=ContainerEdits())


def claim_spec(kind_name: str, devices: Iterable[CdiDevice]) -> CdiSpec:
    """The spec of a claim's devices, each of which must change something (``faults_of_spec`` says if not)."""
    listed = tuple(devices)
    return CdiSpec(cdi_version=version_needed(kind_name, listed), kind=kind_name, devices=listed)


def common_spec(kind_name: str, driver_name: str, node_name: str) -> CdiSpec:
    """The spec of the device that every answer lists first: where the container runs, and on whose devices."""
    edits = ContainerEdits(env=(f"KUBERNETES_NODE_NAME={node_name}", f"DRA_RESOURCE_DRIVER_NAME={driver_name}"))
    device = CdiDevice(name=COMMON_DEVICE, container_edits=edits)
    return CdiSpec(cdi_version=version_needed(kind_name, (device,)), kind=kind_name, devices=(device,))


def spec_text(spec: CdiSpec) -> str:
    """The file's content: JSON, the same text for the same spec."""
    return msgspec.json.format(msgspec.json.encode(spec), indent=2).decode() + "\n"


def version_needed(kind_name: str, devices: tuple[CdiDevice, ...]) -> str:
    """The oldest CDI version that knows all that is used (CDI SPEC.md, list of released versions)."""
    class_name = kind_name.rpartition("/")[2]
    edits = [device.container_edits for device in devices]
    needs = {
        "0.7.0": any(each.additional_gids for each in edits),
        "0.6.0": "." in class_name,
        "0.5.0": any(not device.name[:1].isalpha() for device in devices)
        or any(node.host_path for each in edits for node in each.device_nodes),
        "0.4.0": any(mount.type for each in edits for mount in each.mounts),
    }
    return next((version for version, needed in needs.items() if needed), "0.3.0")
