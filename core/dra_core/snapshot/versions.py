"""The served versions of resource.k8s.io (v1, v1beta2, v1beta1, v1alpha3) and the way of each to v1.

v1beta2 has the shape of v1. v1beta1 writes a device's content below ``basic`` and a plain request without ``exactly``
(KEP-4381, the conversion functions of k8s.io/api/resource/v1beta1). v1alpha3 is left only for DeviceTaintRules, which
lost the selectors by class and by CEL on the way to v1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from dra_core.snapshot.json_value import Json, JsonObject, object_at

GROUP = "resource.k8s.io"
V1 = f"{GROUP}/v1"
SERVED: Mapping[str, tuple[str, ...]] = {
    "ResourceSlice": ("v1", "v1beta2", "v1beta1"),
    "ResourceClaim": ("v1", "v1beta2", "v1beta1"),
    "ResourceClaimTemplate": ("v1", "v1beta2", "v1beta1"),
    "DeviceClass": ("v1", "v1beta2", "v1beta1"),
    "DeviceTaintRule": ("v1", "v1beta2", "v1alpha3"),
}
"""Kind → the versions that can be read."""

_Convert: TypeAlias = Callable[[JsonObject], JsonObject]
_NOT_EXACTLY = ("name", "firstAvailable")  # what v1beta1 has beside the fields that v1 puts into ``exactly``


def to_v1(value: JsonObject) -> JsonObject:
    """An object of a served version in the shape of v1; values of unexpected types stay, for the codec to refuse."""
    version = str(value.get("apiVersion", "")).rpartition("/")[2]
    converted: dict[str, Json] = {**value, "apiVersion": V1}
    if version != "v1beta1":
        return converted
    spec = object_at(value, "spec")
    match value.get("kind"):
        case "ResourceSlice" if "devices" in spec:
            converted["spec"] = {**spec, "devices": _each(spec["devices"], _device)}
        case "ResourceClaim" if spec:
            converted["spec"] = _claim_spec(spec)
        case "ResourceClaimTemplate" if isinstance(spec.get("spec"), Mapping):
            converted["spec"] = {**spec, "spec": _claim_spec(object_at(spec, "spec"))}
        case _:
            pass
    return converted


def path_in(version: str, kind: str, path: str) -> str:
    """A field path of v1 as the file of that version writes it."""
    if version != "v1beta1":
        return path
    if kind == "ResourceSlice":
        return re.sub(r"^(spec\.devices\[\d+\])\.(?!name\b)", r"\1.basic.", path)
    return re.sub(r"(devices\.requests\[\d+\])\.exactly\b", r"\1", path)


def _each(items: Json, convert: _Convert) -> Json:
    if not isinstance(items, list | tuple):
        return items
    return [convert(item) if isinstance(item, Mapping) else item for item in items]


def _device(device: JsonObject) -> JsonObject:
    basic = device.get("basic")
    if not isinstance(basic, Mapping):
        return device
    return {**{key: item for key, item in device.items() if key != "basic"}, **basic}


def _claim_spec(spec: JsonObject) -> JsonObject:
    devices = object_at(spec, "devices")
    if "requests" not in devices:
        return spec
    return {**spec, "devices": {**devices, "requests": _each(devices["requests"], _request)}}


def _request(request: JsonObject) -> JsonObject:
    if request.get("firstAvailable"):
        return request
    exactly = {key: item for key, item in request.items() if key not in _NOT_EXACTLY}
    return {**{key: item for key, item in request.items() if key in _NOT_EXACTLY}, "exactly": exactly}
