"""Objects as people write them, read as Go reads Kubernetes objects: null is as good as absent, amounts may be numbers.

``kubectl get`` prints every quantity as a text; a hand-written file says ``cpu: 1`` or ``value: 40`` as well. Only what
Go's decoder accepts is accepted: a number where an API field is a plain text stays a fault.
"""

from __future__ import annotations

from collections.abc import Mapping

from dra_core.snapshot.json_value import Json

_AMOUNT_MAPS = ("requests", "limits", "allocatable", "overhead", "consumedCapacity")  # name → quantity
_VALUE_MAPS = ("capacity", "counters")  # name → {value, requestPolicy}
_OPAQUE = ("parameters", "data")  # belong to drivers: passed on as they are


def as_go_reads(value: Json) -> Json:
    """The same value without nulls, and with quantities as texts."""
    if isinstance(value, Mapping):
        return {key: _field(key, item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [as_go_reads(item) for item in value]
    return value


def _field(key: str, item: Json) -> Json:
    if key in _OPAQUE:
        return item
    if key in _AMOUNT_MAPS and isinstance(item, Mapping):
        return {name: amount(value) for name, value in item.items() if value is not None}
    if key in _VALUE_MAPS and isinstance(item, Mapping):
        read = {name: _with_value(value) for name, value in item.items() if value is not None}
        # CapacityRequirements is {requests: {name: quantity}} under the same key as a device's capacity.
        requests = item.get("requests")
        if isinstance(requests, Mapping) and "value" not in requests:
            read["requests"] = {name: amount(value) for name, value in requests.items() if value is not None}
        return read
    return as_go_reads(item)


def _with_value(item: Json) -> Json:
    """A DeviceCapacity or a Counter; in a node's or a volume's capacity, a plain amount."""
    if not isinstance(item, Mapping):
        return amount(item)
    return {key: _policy(key, value) for key, value in item.items() if value is not None}


def _policy(key: str, item: Json) -> Json:
    if key in ("value", "default", "min", "max", "step"):
        return amount(item)
    if key == "validValues" and isinstance(item, list | tuple):
        return [amount(value) for value in item]
    if isinstance(item, Mapping):
        return {name: _policy(name, value) for name, value in item.items() if value is not None}
    return item


def amount(item: Json) -> Json:
    """A quantity that was written as a number, as a text; anything else as it is."""
    if isinstance(item, bool):
        return item
    if isinstance(item, int):
        return str(item)
    if isinstance(item, float):
        # A YAML number such as .inf is no amount; it stays, and is refused as what it is.
        whole = item == item and abs(item) < 2**63 and item == int(item)
        return f"{item:.0f}" if whole else (str(item) if abs(item) < 2**63 else item)
    return item.strip() if isinstance(item, str) else as_go_reads(item)
