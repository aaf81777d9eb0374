"""Mock network cards, each shared by many claims: bandwidth as consumable capacity (gate DRAConsumableCapacity).

A real driver differs in what it does with the numbers: it makes virtual functions and sets their rates, where this one
tells the container.
"""

from __future__ import annotations

from functools import partial

import msgspec
from returns.result import Result, Success

from dra_core.cdi.container_edits import ContainerEdits
from dra_core.profiles.profile import AssignedDevice, Configure
from dra_core.profiles.resources import DevicePool
from dra_core.profiles.stable_uuid import stable_uuid
from dra_core.refusal import Refusals
from dra_core.sharing.net_config import Burst, read_net_config
from dra_core.snapshot.device import (
    CapacityRequestPolicy,
    CapacityRequestPolicyRange,
    Device,
    DeviceAttribute,
    DeviceCapacity,
)
from dra_core.snapshot.json_value import Json
from dra_core.snapshot.quantity import parse, whole_value

MODEL = "LATEST-NET-MODEL"
DRIVER_VERSION = "1.0.0"
VIRTUAL_FUNCTIONS = 100

_BANDWIDTH = DeviceCapacity(
    value="100G",
    request_policy=CapacityRequestPolicy(
        default="1G", valid_range=CapacityRequestPolicyRange(min="100M", max="100G", step="1M")
    ),
)
_FUNCTIONS = DeviceCapacity(
    value=str(VIRTUAL_FUNCTIONS), request_policy=CapacityRequestPolicy(default="1", valid_values=("1",))
)


class NetProfile(msgspec.Struct, frozen=True, kw_only=True):
    """Cards ``nic-0`` to ``nic-<count - 1>`` in one pool named after the node.

    A share of a card is one of its 100 virtual functions, with 1G of bandwidth each way if nothing is asked for.
    """

    count: int = 8

    @property
    def name(self) -> str:
        """The CDI class."""
        return "net"

    @property
    def health_check_timeout_seconds(self) -> int:
        """The kubelet's own default."""
        return 30

    def enumerate(self, node_name: str) -> tuple[DevicePool, ...]:
        """The node's pool, by index."""
        devices = tuple(
            Device(
                name=f"nic-{index}",
                attributes={
                    "index": DeviceAttribute(int_value=index),
                    "uuid": DeviceAttribute(string_value=stable_uuid("net", f"{node_name}/{index}")),
                    "model": DeviceAttribute(string_value=MODEL),
                    "driverVersion": DeviceAttribute(version_value=DRIVER_VERSION),
                },
                capacity={"vfs": _FUNCTIONS, "ingressBandwidth": _BANDWIDTH, "egressBandwidth": _BANDWIDTH},
                allow_multiple_allocations=True,
            )
            for index in range(self.count)
        )
        return (DevicePool(name=node_name, devices=devices),)

    def environment_key(self, device: str) -> str:
        """``nic-3`` → ``NET_DEVICE_3``."""
        return f"NET_DEVICE_{device.removeprefix('nic-')}"

    def default_configuration(self) -> Configure:
        """No bursts."""
        return partial(self._edits, Burst())

    def read_configuration(self, parameters: Json) -> Result[Configure, Refusals]:
        """``NetConfig`` of ``net.resource.example.com/v1alpha1``."""
        return read_net_config(parameters).map(self._configure)

    def _configure(self, burst: Burst) -> Configure:
        return partial(self._edits, burst)

    def _edits(self, burst: Burst, assigned: AssignedDevice) -> Result[ContainerEdits, Refusals]:
        key = self.environment_key(assigned.device.name)
        consumed = {name.rpartition("/")[2]: amount for name, amount in assigned.consumed_capacity.items()}
        rates = {
            f"{direction}_RATE": _whole(consumed.get(f"{direction.lower()}Bandwidth", "0"))
            for direction in ("INGRESS", "EGRESS")
        }
        bursts = {"INGRESS_BURST": burst.ingress_bits, "EGRESS_BURST": burst.egress_bits}
        told = {name: value for name, value in {**rates, **bursts}.items() if value > 0}
        variables = (f"{key}={assigned.device.name}", *(f"{key}_{name}={value}" for name, value in told.items()))
        return Success(ContainerEdits(env=variables))


def _whole(amount: str) -> int:
    """Bits for a second; 0 for what is no quantity, which the API server does not let through."""
    quantity = parse(amount)
    return 0 if quantity is None else whole_value(quantity)
