"""A device to ask about, and the shortest way to ask."""

from __future__ import annotations

from dra_core.cel.environment import Environment
from dra_core.cel.expression import Evaluated, Expression, Fault, compile_condition
from dra_core.cel.values import Value
from dra_core.snapshot.device import Device, DeviceAttribute, DeviceCapacity

DRIVER = "gpu.example.com"
GPU = Device(
    name="gpu-0",
    attributes={
        "model": DeviceAttribute(string_value="A100"),
        "index": DeviceAttribute(int_value=3),
        "healthy": DeviceAttribute(bool_value=True),
        "driverVersion": DeviceAttribute(version_value="1.2.3"),
        "links": DeviceAttribute(ints_value=(1, 2, 3)),
        "pci.example.org/root": DeviceAttribute(string_value="pci0000:00"),
    },
    capacity={"memory": DeviceCapacity(value="80Gi"), "power": DeviceCapacity(value="1500m")},
)
NEWEST = Environment()


def compiled(expression: str, environment: Environment = NEWEST, *, counted: bool = False) -> Expression:
    """The condition, which must be one."""
    found = compile_condition(expression, environment, counted=counted)
    assert isinstance(found, Expression), found
    return found


def asked(expression: str, device: Device = GPU) -> bool | str:
    """Whether the device is selected, or why that cannot be said."""
    found = compiled(expression).holds(DRIVER, device)
    return found.text if isinstance(found, Fault) else found


def value(expression: str, device: Device = GPU) -> Value:
    """What an expression of any type gives; a text that begins with ``!`` for a failure."""
    found = compiled(f"dyn({expression})").evaluate(DRIVER, device)
    return found.value if isinstance(found, Evaluated) else f"!{found.text}"


def refused(expression: str, environment: Environment = NEWEST) -> str:
    """Why the text is no condition; "" if it is one."""
    found = compile_condition(expression, environment)
    return found.text if isinstance(found, Fault) else ""
