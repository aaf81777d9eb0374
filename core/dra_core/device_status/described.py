"""Which device a claim has got, in words: its attributes, as the driver publishes them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from dra_core.device_status.report import DeviceReport
from dra_core.snapshot.codec import encode
from dra_core.snapshot.device import Device
from dra_core.snapshot.json_value import JsonObject
from dra_core.snapshot.resource_claim import ResourceClaim

DATA_LIMIT_BYTES = 10 * 1024
"""resource.k8s.io/v1, AllocatedDeviceStatus.data."""


def described(
    driver_name: str, devices: Mapping[tuple[str, str], Device], claim: ResourceClaim
) -> tuple[DeviceReport, ...]:
    """A report with the attributes of each allocated device of the driver that is known, by pool and name."""
    allocation = claim.status.allocation
    return tuple(
        DeviceReport(pool=result.pool, device=result.device, share_id=result.share_id, data=_attributes(device))
        for result in (() if allocation is None else allocation.devices.results)
        if result.driver == driver_name and (device := devices.get((result.pool, result.device))) is not None
    )


def _attributes(device: Device) -> JsonObject:
    """As many as fit, in their order."""
    data: JsonObject = {}
    for name, value in device.attributes.items():
        more: JsonObject = {**data, name: encode(value)}
        if len(msgspec.json.encode(more)) > DATA_LIMIT_BYTES:
            break
        data = more
    return data
