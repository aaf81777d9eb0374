"""Which driver, on which node, with which devices."""

from __future__ import annotations

import msgspec

from dra_core.profiles.profile import Profile
from dra_core.profiles.resources import DevicePool


class DriverOnNode(msgspec.Struct, frozen=True, kw_only=True):
    """What stays the same from call to call.

    Attributes:
        driver_name: As in allocation results, e.g. ``gpu.example.com``.
        node_name: The node.
        profile: What its devices are.
        pools: The devices there are now (``profile.enumerate``, less those that were lost).
        cdi_root: Path of the CDI directory on the node; mounts name it.
        device_metadata: Containers get files that describe their devices.
    """

    driver_name: str
    node_name: str
    profile: Profile
    pools: tuple[DevicePool, ...]
    cdi_root: str = "/var/run/cdi"
    device_metadata: bool = False
