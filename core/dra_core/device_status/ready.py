"""Which devices a pod waits for (binding conditions, KEP-5007), and that they are ready.

A real driver differs in one thing: it prepares the device first, e.g. attaches it to the node, and reports the failure
condition when that is impossible.
"""

from __future__ import annotations

from dra_core.device_status.report import DeviceReport, report
from dra_core.snapshot.json_value import JsonObject, list_at, text_at


def ready(driver_name: str, claim: JsonObject) -> tuple[DeviceReport, ...]:
    """A report for each allocated device of the driver that has binding conditions: all of them hold."""
    return tuple(
        DeviceReport(
            pool=text_at(result, "pool"),
            device=text_at(result, "device"),
            share_id=text_at(result, "shareID") or None,
            conditions={str(each): ("True", "Ready", "the device is ready") for each in conditions},
        )
        for result in list_at(claim, "status", "allocation", "devices", "results")
        if text_at(result, "driver") == driver_name and (conditions := list_at(result, "bindingConditions"))
    )


def readiness(driver_name: str, claim: JsonObject, now: str) -> JsonObject | None:
    """The patch of the claim's status that lets its pod go on (``report``); None: nothing is waited for."""
    return report(driver_name, claim, ready(driver_name, claim), now)
