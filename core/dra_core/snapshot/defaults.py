"""What the API server fills in when it creates a claim or template (resource/v1 defaults.go), for files."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from dra_core.snapshot.resource_claim import (
    DeviceRequest,
    DeviceSubRequest,
    DeviceToleration,
    ExactDeviceRequest,
    ResourceClaimSpec,
)

_Item = TypeVar("_Item", ExactDeviceRequest, DeviceSubRequest)


def with_defaults(spec: ResourceClaimSpec) -> ResourceClaimSpec:
    """Allocation mode ExactCount, count 1, toleration operator Equal; the same object if nothing was left out."""
    requests = tuple(_request(request) for request in spec.devices.requests)
    if all(new is old for new, old in zip(requests, spec.devices.requests, strict=True)):
        return spec
    return msgspec.structs.replace(spec, devices=msgspec.structs.replace(spec.devices, requests=requests))


def _request(request: DeviceRequest) -> DeviceRequest:
    exactly = None if request.exactly is None else _item(request.exactly)
    alternatives = tuple(_item(item) for item in request.first_available)
    same = exactly is request.exactly and all(
        new is old for new, old in zip(alternatives, request.first_available, strict=True)
    )
    return request if same else msgspec.structs.replace(request, exactly=exactly, first_available=alternatives)


def _item(item: _Item) -> _Item:
    mode = item.allocation_mode or "ExactCount"
    count = 1 if mode == "ExactCount" and item.count is None else item.count
    tolerations = tuple(_toleration(toleration) for toleration in item.tolerations)
    same = all(new is old for new, old in zip(tolerations, item.tolerations, strict=True))
    if mode == item.allocation_mode and count == item.count and same:
        return item
    return msgspec.structs.replace(item, allocation_mode=mode, count=count, tolerations=tolerations)


def _toleration(toleration: DeviceToleration) -> DeviceToleration:
    return toleration if toleration.operator else msgspec.structs.replace(toleration, operator="Equal")
