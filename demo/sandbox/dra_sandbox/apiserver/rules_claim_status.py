"""The status of a ResourceClaim: allocation, reservations and what drivers report of devices (resource.k8s.io/v1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dra_core.refusal import Refusal
from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, object_at, text_at

from dra_sandbox.apiserver import faults
from dra_sandbox.apiserver.device_names import (
    driver_name_faults,
    duplicate_faults,
    pool_name_faults,
    required_label_faults,
    share_id_faults,
    size_faults,
)
from dra_sandbox.apiserver.device_taints import toleration_faults
from dra_sandbox.apiserver.resources import Resource
from dra_sandbox.apiserver.rules_claims import (
    CONFIGS,
    check_claim,
    raw_object_faults,
    reference_faults,
    references_faults,
    request_names,
)
from dra_sandbox.apiserver.rules_conditions import condition_faults
from dra_sandbox.world.objects import being_deleted, objects_at

RESULTS = 32  # AllocationResultsMaxSize
RESERVED_FOR = 256  # ResourceClaimReservedForMaxSize
BINDING_CONDITIONS = 4  # BindingConditionsMaxSize, BindingFailureConditionsMaxSize
DEVICE_CONDITIONS = 8  # AllocatedDeviceStatusMaxConditions
DATA_LENGTH = 10 * 1024  # AllocatedDeviceStatusDataMaxLength
ADDRESSES = 16  # NetworkDeviceDataMaxIPs
INTERFACE_NAME_LENGTH = 256  # NetworkDeviceDataInterfaceNameMaxLength
HARDWARE_ADDRESS_LENGTH = 128  # NetworkDeviceDataHardwareAddressMaxLength
_SOURCES = ("FromClaim", "FromClass")

DeviceKey = tuple[str, str, str, str]


def check_claim_with_status(resource: Resource, value: JsonObject, old: JsonObject | None) -> Iterator[Refusal]:
    """The specification, and the status where it changed."""
    yield from check_claim(resource, value, old)
    if old is not None and value.get("status") != old.get("status"):
        yield from _status_faults(value, object_at(value, "status"), object_at(old, "status"))


def _status_faults(claim: JsonObject, status: JsonObject, before: JsonObject) -> Iterator[Refusal]:
    allocation = status.get("allocation")
    yield from _reservation_faults(claim, status, before)
    yield from _device_faults(status)
    if allocation is None:
        return
    if before.get("allocation") is not None:
        if allocation != before["allocation"]:
            yield faults.invalid("status.allocation", allocation, "field is immutable")
        return
    known = request_names(object_at(claim, "spec", "devices"))
    results = objects_at(allocation, "devices", "results")
    yield from size_faults("status.allocation.devices.results", results, RESULTS)
    for i, result in enumerate(results[:RESULTS]):
        yield from _result_faults(f"status.allocation.devices.results[{i}]", result, known)
    configs = objects_at(allocation, "devices", "config")
    yield from size_faults("status.allocation.devices.config", configs, 2 * CONFIGS)
    for i, config in enumerate(configs[: 2 * CONFIGS]):
        path = f"status.allocation.devices.config[{i}]"
        source = text_at(config, "source")
        if not source:
            yield faults.required(f"{path}.source")
        elif source not in _SOURCES:
            yield faults.not_supported(f"{path}.source", source, _SOURCES)
        yield from references_faults(f"{path}.requests", list_at(config, "requests"), known)
        if not isinstance(config.get("opaque"), Mapping):
            yield faults.required(f"{path}.opaque")


def _reservation_faults(claim: JsonObject, status: JsonObject, before: JsonObject) -> Iterator[Refusal]:
    path = "status.reservedFor"
    reserved = objects_at(status, "reservedFor")
    yield from size_faults(path, reserved, RESERVED_FOR)
    for i, consumer in enumerate(reserved):
        for key in ("resource", "name", "uid"):
            if not text_at(consumer, key):
                yield faults.required(f"{path}[{i}].{key}")
    yield from duplicate_faults(path, [text_at(consumer, "uid") for consumer in reserved])
    if not reserved:
        return
    if status.get("allocation") is None:
        yield faults.forbidden(path, "may not be specified when `allocated` is not set")
    elif being_deleted(claim) and any(one not in objects_at(before, "reservedFor") for one in reserved):
        yield faults.forbidden(
            path, "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set"
        )


def _result_faults(path: str, result: JsonObject, known: Mapping[str, frozenset[str]]) -> Iterator[Refusal]:
    yield from reference_faults(f"{path}.request", text_at(result, "request"), known)
    yield from driver_name_faults(f"{path}.driver", text_at(result, "driver"))
    yield from pool_name_faults(f"{path}.pool", text_at(result, "pool"))
    yield from required_label_faults(f"{path}.device", text_at(result, "device"))
    yield from binding_faults(path, result)
    for i, toleration in enumerate(objects_at(result, "tolerations")):
        yield from toleration_faults(f"{path}.tolerations[{i}]", toleration)
    if result.get("shareID") is not None:
        yield from share_id_faults(f"{path}.shareID", text_at(result, "shareID"))


def binding_faults(path: str, device: JsonObject) -> Iterator[Refusal]:
    """BindingConditions and bindingFailureConditions: both or none, and no condition in both."""
    wanted, failures = list_at(device, "bindingConditions"), list_at(device, "bindingFailureConditions")
    yield from size_faults(f"{path}.bindingConditions", wanted, BINDING_CONDITIONS)
    yield from size_faults(f"{path}.bindingFailureConditions", failures, BINDING_CONDITIONS)
    yield from duplicate_faults(f"{path}.bindingConditions", wanted)
    yield from duplicate_faults(f"{path}.bindingFailureConditions", failures)
    if wanted and not failures:
        yield faults.invalid(
            f"{path}.bindingFailureConditions", [], "bindingFailureConditions are required to use bindingConditions"
        )
    if failures and not wanted:
        yield faults.invalid(
            f"{path}.bindingConditions", [], "bindingConditions are required to use bindingFailureConditions"
        )
    for i, condition in enumerate(failures):
        if condition in wanted:
            yield faults.invalid(
                f"{path}.bindingFailureConditions[{i}]",
                condition,
                "bindingFailureConditions must not overlap with bindingConditions",
            )


def _device_faults(status: JsonObject) -> Iterator[Refusal]:
    allocated = {_key(result) for result in objects_at(status, "allocation", "devices", "results")}
    devices = objects_at(status, "devices")
    keys: list[Json] = []
    for i, device in enumerate(devices):
        path, key = f"status.devices[{i}]", _key(device)
        shown = "/".join(part for part in key if part)
        keys.append(shown)
        yield from driver_name_faults(f"{path}.driver", text_at(device, "driver"))
        yield from pool_name_faults(f"{path}.pool", text_at(device, "pool"))
        yield from required_label_faults(f"{path}.device", text_at(device, "device"))
        if device.get("shareID") is not None:
            yield from share_id_faults(f"{path}.shareID", text_at(device, "shareID"))
        if key not in allocated:
            yield faults.invalid(path, shown, "must be an allocated device in the claim")
        conditions = objects_at(device, "conditions")
        yield from size_faults(f"{path}.conditions", conditions, DEVICE_CONDITIONS)
        yield from condition_faults(f"{path}.conditions", conditions)
        if device.get("data") is not None:
            yield from raw_object_faults(f"{path}.data", device["data"], DATA_LENGTH)
        yield from _network_faults(f"{path}.networkData", object_at(device, "networkData"))
    yield from duplicate_faults("status.devices", keys)


def _network_faults(path: str, network: JsonObject) -> Iterator[Refusal]:
    if len(text_at(network, "interfaceName")) > INTERFACE_NAME_LENGTH:
        yield faults.too_long(f"{path}.interfaceName", INTERFACE_NAME_LENGTH)
    if len(text_at(network, "hardwareAddress")) > HARDWARE_ADDRESS_LENGTH:
        yield faults.too_long(f"{path}.hardwareAddress", HARDWARE_ADDRESS_LENGTH)
    addresses = list_at(network, "ips")
    yield from size_faults(f"{path}.ips", addresses, ADDRESSES)
    yield from duplicate_faults(f"{path}.ips", addresses)
    for i, address in enumerate(addresses):
        if not _is_interface_address(str(address)):
            yield faults.invalid(
                f"{path}.ips[{i}]",
                address,
                'must be a valid address in CIDR form, (e.g. "10.9.8.7/24" or "2001:db8::1/64")',
            )


def _is_interface_address(text: str) -> bool:
    import ipaddress

    try:
        found = ipaddress.ip_interface(text)
    except ValueError:
        return False
    return "/" in text and str(found) == text


def _key(device: JsonObject) -> DeviceKey:
    share = at(device, "shareID")
    return text_at(device, "driver"), text_at(device, "pool"), text_at(device, "device"), str(share or "")
