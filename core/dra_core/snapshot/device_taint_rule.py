"""DeviceTaintRule (resource.k8s.io/v1 in 1.37, v1beta2 in 1.36, v1alpha3 before): a taint on devices."""

from __future__ import annotations

from dra_core.snapshot.api_record import ApiRecord
from dra_core.snapshot.device import DeviceTaint
from dra_core.snapshot.json_value import JsonObject
from dra_core.snapshot.metadata import ObjectMeta


class DeviceTaintSelector(ApiRecord, frozen=True, kw_only=True):
    """Which devices; a field left out restricts nothing, an empty selector selects every device."""

    driver: str | None = None
    pool: str | None = None
    device: str | None = None


class DeviceTaintRuleSpec(ApiRecord, frozen=True, kw_only=True):
    """The taint and what it falls on."""

    device_selector: DeviceTaintSelector | None = None
    taint: DeviceTaint


class DeviceTaintRule(ApiRecord, frozen=True, kw_only=True):
    """A taint that is not written to slices; the scheduler lays it over them."""

    api_version: str = "resource.k8s.io/v1"
    kind: str = "DeviceTaintRule"
    metadata: ObjectMeta = ObjectMeta()
    spec: DeviceTaintRuleSpec
    status: JsonObject = {}
