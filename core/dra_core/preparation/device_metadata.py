"""A file in the container that describes the devices of one request: what the scheduler saw of them, for programs.

Kubernetes' API for it is metadata.resource.k8s.io/v1beta1, kind DeviceMetadata, and with it come the paths in the
container (k8s.io/dynamic-resource-allocation v0.37, packages api/metadata and kubeletplugin): the file is mounted by a
CDI device of its own, which the first device of the request brings along. So a container that lists one request sees
no other request's file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from dra_core.cdi.container_edits import ContainerEdits, Mount
from dra_core.cdi.file_names import metadata_file_name
from dra_core.cdi.identity import device_id, kind, metadata_device_name
from dra_core.cdi.spec import CdiDevice
from dra_core.preparation.driver_on_node import DriverOnNode
from dra_core.preparation.effects import WriteCdiSpec
from dra_core.preparation.state import DeviceMetadata, PreparedClaim, PreparedDevice
from dra_core.snapshot.device import Device
from dra_core.snapshot.json_value import Json, JsonObject

API_VERSION = "metadata.resource.k8s.io/v1beta1"
CONTAINER_DIRECTORY = "/var/run/kubernetes.io/dra-device-attributes"
POD_CLAIM_NAME = "resource.kubernetes.io/pod-claim-name"
"""The annotation of a claim that was made from a template: what the pod calls it (resource.k8s.io/v1)."""


def metadata_of(driver: DriverOnNode, device: Device, request: str) -> DeviceMetadata | None:
    """What the checkpoint keeps of a device for its file; None: the driver writes none.

    Args:
        driver: Which driver, where.
        device: As published.
        request: As allocated, with the subrequest.
    """
    if not driver.device_metadata:
        return None
    attributes: dict[str, Json] = {name: msgspec.to_builtins(value) for name, value in device.attributes.items()}
    return DeviceMetadata(request=request, attributes=attributes)


def with_metadata_ids(driver: DriverOnNode, uid: str, devices: Iterable[PreparedDevice]) -> tuple[PreparedDevice, ...]:
    """The devices, of which the first of each request brings the request's file along."""
    seen: set[str] = set()
    ready: list[PreparedDevice] = []
    for device in devices:
        (request,) = device.request_names
        if device.metadata is not None and request not in seen:
            seen.add(request)
            name = metadata_device_name(uid, request)
            ids = (*device.cdi_device_ids, device_id(kind(driver.driver_name, driver.profile.name), name))
            device = msgspec.structs.replace(device, cdi_device_ids=ids)
        ready.append(device)
    return tuple(ready)


def metadata_devices(driver: DriverOnNode, uid: str, claim: PreparedClaim) -> tuple[CdiDevice, ...]:
    """The CDI devices that mount the files of a claim."""
    return tuple(
        CdiDevice(
            name=metadata_device_name(uid, request),
            container_edits=ContainerEdits(mounts=(_mount(driver, uid, claim, request),)),
        )
        for request in _by_request(claim)
    )


def metadata_files(driver: DriverOnNode, uid: str, claim: PreparedClaim) -> tuple[WriteCdiSpec, ...]:
    """Writes the files of a claim, beside its CDI file."""
    return tuple(
        WriteCdiSpec(
            file_name=metadata_file_name(driver.driver_name, driver.profile.name, uid, request),
            text=msgspec.json.format(msgspec.json.encode(_document(driver, uid, claim, devices)), indent=2).decode()
            + "\n",
        )
        for request, devices in _by_request(claim).items()
    )


def _by_request(claim: PreparedClaim) -> Mapping[str, Sequence[tuple[PreparedDevice, DeviceMetadata]]]:
    """The devices that are described, by the base name of their request."""
    found: dict[str, list[tuple[PreparedDevice, DeviceMetadata]]] = {}
    for device in claim.devices:
        if device.metadata is not None:
            found.setdefault(device.request_names[0], []).append((device, device.metadata))
    return found


def _mount(driver: DriverOnNode, uid: str, claim: PreparedClaim, request: str) -> Mount:
    source = metadata_file_name(driver.driver_name, driver.profile.name, uid, request)
    place = f"resourceclaimtemplates/{claim.pod_claim_name}" if claim.pod_claim_name else f"resourceclaims/{claim.name}"
    return Mount(
        host_path=f"{driver.cdi_root}/{source}",
        container_path=f"{CONTAINER_DIRECTORY}/{place}/{request}/{driver.driver_name}-metadata.json",
        options=("ro", "bind"),
    )


def _document(
    driver: DriverOnNode, uid: str, claim: PreparedClaim, devices: Sequence[tuple[PreparedDevice, DeviceMetadata]]
) -> JsonObject:
    """DeviceMetadata of one request. Its generation stays 1: what is told never changes."""
    described: list[Json] = [
        {
            "driver": driver.driver_name,
            "pool": device.pool,
            "name": device.device,
            **({"attributes": metadata.attributes} if metadata.attributes else {}),
        }
        for device, metadata in devices
    ]
    return {
        "apiVersion": API_VERSION,
        "kind": "DeviceMetadata",
        "metadata": {"name": claim.name, "namespace": claim.namespace, "uid": uid, "generation": 1},
        **({"podClaimName": claim.pod_claim_name} if claim.pod_claim_name else {}),
        "requests": [{"name": devices[0][1].request, "devices": described}],
    }
