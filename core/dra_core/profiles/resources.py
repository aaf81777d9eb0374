"""What a driver has to offer: pools of devices, before they are cut into ResourceSlices."""

from __future__ import annotations

import msgspec

from dra_core.snapshot.device import CounterSet, Device
from dra_core.snapshot.node_selector import NodeSelector


class DevicePool(msgspec.Struct, frozen=True, kw_only=True):
    """Devices that are managed together, in the order in which they are to be preferred.

    Attributes:
        name: Unique per driver in the cluster; node-local drivers use the node's name.
        devices: Device names are unique in the pool.
        counter_sets: What ``devices[].consumes_counters`` draw from.
        all_nodes: The devices can be used from every node (network-attached).
        node_selector: The nodes that can use the devices, exactly one term. With neither, only the driver's own node.
    """

    name: str
    devices: tuple[Device, ...] = ()
    counter_sets: tuple[CounterSet, ...] = ()
    all_nodes: bool = False
    node_selector: NodeSelector | None = None

    @property
    def node_local(self) -> bool:
        """Whether only the driver's own node can use the devices."""
        return not self.all_nodes and self.node_selector is None
