"""Which devices a pod waits for (binding conditions, KEP-5007), and that they are ready.

A real driver differs in one thing: it prepares the device first, e.g. attaches it to the node, and reports the failure
condition when that is impossible.
"""

from __future__ import annotations

from dra_core.device_status.report import DeviceReport
from dra_core.snapshot.resource_claim import ResourceClaim


def ready(driver_name: str, claim: ResourceClaim) -> tuple[DeviceReport, ...]:
    """A report for each allocated device of the driver that has binding conditions: all of them hold."""
    allocation = claim.status.allocation
    return tuple(
        DeviceReport(
            pool=result.pool,
            device=result.device,
            share_id=result.share_id,
            conditions=dict.fromkeys(result.binding_conditions, ("True", "Ready", "the device is ready")),
        )
        for result in (() if allocation is None else allocation.devices.results)
        if result.driver == driver_name and result.binding_conditions
    )
