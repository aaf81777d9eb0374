"""Device profiles: what a driver's author writes, and the mock hardware that comes with drakit."""

from dra_core.profiles.gpu import GpuProfile
from dra_core.profiles.health import DeviceHealth, Health, health_of
from dra_core.profiles.profile import AssignedDevice, Configure, Profile
from dra_core.profiles.resources import DevicePool

__all__ = [
    "AssignedDevice",
    "Configure",
    "DeviceHealth",
    "DevicePool",
    "GpuProfile",
    "Health",
    "Profile",
    "health_of",
]
