"""Which DRA plugins are registered with a node, and which instance of a driver is called.

Several instances of one driver may be there at a time, as during a rolling update: the newest one that is connected is
used, and when it goes, the one before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

import msgspec
from dra_core.snapshot.driver_name import LONGEST_DRIVER_NAME, SUBDOMAIN
from returns.result import Failure, Result, Success

PLUGIN_TYPE = "DRAPlugin"  # pluginregistration v1
DRA_SERVICES = ("v1.DRAPlugin", "v1beta1.DRAPlugin")
HEALTH_SERVICES = ("v1.DRAResourceHealth", "v1alpha1.DRAResourceHealth")  # the kubelet's order of preference
CLASSIC_SERVICE = "v1alpha3.Node"  # asked first; plugins that do not know it are asked in v1alpha2
VERSION = re.compile(r"v?(0|[1-9]\d*)(\.(0|[1-9]\d*))?(\.(0|[1-9]\d*))?([-+][-+.0-9A-Za-z]+)?")
HIGHEST_MAJOR = 1  # pkg/kubelet/cm/dra/plugin of 1.30
DRIVER_NAME = re.compile(SUBDOMAIN.pattern, re.IGNORECASE)


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """One registered process of a driver.

    Attributes:
        registrar: The socket in the registry directory through which it was found.
        endpoint: The socket of the DRA service.
        dra_service: One of DRA_SERVICES, or CLASSIC_SERVICE.
        health_service: One of HEALTH_SERVICES, or "".
        order: Higher is newer.
        connected: Whether its DRA socket answers.
    """

    driver: str
    registrar: str
    endpoint: str
    dra_service: str
    health_service: str = ""
    order: int = 0
    connected: bool = False


class Instances(msgspec.Struct, frozen=True):
    """All registered instances."""

    all: tuple[Instance, ...] = ()

    def registered(self, instance: Instance) -> Instances:
        """With one more; its order makes it the newest."""
        newest = max((item.order for item in self.all), default=0)
        others = tuple(item for item in self.all if item.registrar != instance.registrar)
        return Instances((*others, msgspec.structs.replace(instance, order=newest + 1)))

    def without(self, registrar: str) -> Instances:
        """After the registration socket has gone."""
        return Instances(tuple(item for item in self.all if item.registrar != registrar))

    def connection_changed(self, endpoint: str, connected: bool) -> Instances:
        """After a connection came up or broke."""
        return Instances(
            tuple(
                msgspec.structs.replace(item, connected=connected) if item.endpoint == endpoint else item
                for item in self.all
            )
        )

    def of(self, driver: str) -> tuple[Instance, ...]:
        """The driver's instances, newest first."""
        return tuple(sorted((item for item in self.all if item.driver == driver), key=lambda item: -item.order))

    def chosen(self, driver: str) -> Instance | None:
        """The newest connected instance; if none is connected, the newest, so that the call says what is wrong."""
        instances = self.of(driver)
        return next((item for item in instances if item.connected), instances[0] if instances else None)

    def drivers(self) -> frozenset[str]:
        """Names of all registered drivers."""
        return frozenset(item.driver for item in self.all)

    def serving(self) -> frozenset[str]:
        """Names of the drivers with a connected instance: those whose slices stay."""
        return frozenset(item.driver for item in self.all if item.connected)


class PluginInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a plugin answered to GetInfo."""

    type: str
    name: str
    endpoint: str
    supported_versions: tuple[str, ...]


Accept: TypeAlias = Callable[[PluginInfo, str, Instances], Result[Instance, str]]
"""From a plugin's answer, its registration socket and who is registered to an instance, or why there is none."""


def instance_from(info: PluginInfo, registrar: str, known: Instances) -> Result[Instance, str]:
    """Check a plugin's answer as the kubelet does before it accepts the registration."""
    problem = _info_problem(info, registrar)
    if problem:
        return Failure(problem)
    if not info.supported_versions:
        return Failure(f"driver {info.name}: the list of supported versions is empty; name {' or '.join(DRA_SERVICES)}")
    service = next((item for item in info.supported_versions if item in DRA_SERVICES), "")
    if not service:
        offered = ", ".join(info.supported_versions)
        return Failure(f"driver {info.name}: none of its services ({offered}) is one of {', '.join(DRA_SERVICES)}")
    endpoint = info.endpoint or registrar
    twin = next((item for item in known.all if item.endpoint == endpoint and item.registrar != registrar), None)
    if twin is not None:
        return Failure(f"driver {info.name}: endpoint {endpoint} is already registered for {twin.driver}")
    return Success(
        Instance(
            driver=info.name,
            registrar=registrar,
            endpoint=endpoint,
            dra_service=service,
            health_service=next((item for item in HEALTH_SERVICES if item in info.supported_versions), ""),
        )
    )


def classic_instance_from(info: PluginInfo, registrar: str, known: Instances) -> Result[Instance, str]:
    """The same as Kubernetes 1.30 did: versions are of registration, not of services, and one instance is all."""
    problem = _info_problem(info, registrar)
    if problem:
        return Failure(problem)
    versions = [(int(found[1]), int(found[3] or 0), int(found[5] or 0)) for found in _versions(info) if found]
    if len(versions) < max(len(info.supported_versions), 1):
        offered = ", ".join(info.supported_versions) or "none"
        return Failure(f"driver {info.name}: its versions ({offered}) are not versions such as 1.0.0")
    highest = max(versions)
    if highest[0] > HIGHEST_MAJOR:
        return Failure(f"driver {info.name}: this kubelet knows no version above {HIGHEST_MAJOR}; {highest} is offered")
    if any(item.registrar != registrar for item in known.of(info.name)):
        return Failure(f"driver {info.name} is registered already, through another socket")
    endpoint = info.endpoint or registrar
    return Success(Instance(driver=info.name, registrar=registrar, endpoint=endpoint, dra_service=CLASSIC_SERVICE))


def _versions(info: PluginInfo) -> Iterator[re.Match[str] | None]:
    return (VERSION.fullmatch(version) for version in info.supported_versions)


def _info_problem(info: PluginInfo, registrar: str) -> str:
    if info.type != PLUGIN_TYPE:
        return f"plugin type {info.type!r} at socket {registrar}: only {PLUGIN_TYPE} is handled here"
    if not info.name or len(info.name) > LONGEST_DRIVER_NAME or not DRIVER_NAME.fullmatch(info.name):
        return f"driver name {info.name!r} is not a DNS subdomain of at most {LONGEST_DRIVER_NAME} characters"
    return ""
