"""Names in CDI: ``<vendor>/<class>=<device>`` (CDI specification; naming as Kubernetes' example driver has it)."""

from __future__ import annotations

COMMON_DEVICE = "common"
"""The device that carries what all devices of a driver on a node have in common."""


def vendor(driver_name: str) -> str:
    """``k8s.<driver>``, so that it meets no CDI file that the vendor's own tools wrote."""
    return f"k8s.{driver_name}"


def kind(driver_name: str, profile_name: str) -> str:
    """``k8s.<driver>/<profile>``, e.g. ``k8s.gpu.example.com/gpu``."""
    return f"{vendor(driver_name)}/{profile_name}"


def device_name(claim_uid: str, device: str, share_id: str | None) -> str:
    """``<claim UID>-<device>[-<share ID>]``: unique over all claims and shares of the node."""
    return f"{claim_uid}-{device}" if share_id is None else f"{claim_uid}-{device}-{share_id}"


def metadata_device_name(claim_uid: str, request: str) -> str:
    """``<claim UID>_<request>``: the device that brings a request's metadata file; no hardware is named so."""
    return f"{claim_uid}_{request}"


def device_id(kind_name: str, name: str) -> str:
    """The fully qualified name by which a runtime finds the device."""
    return f"{kind_name}={name}"
