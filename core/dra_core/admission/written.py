"""Where claims, templates and classes hold opaque parameters: at the same place in all versions of resource.k8s.io."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from returns.result import Failure, Result, Success

from dra_core.refusal import Fault, Refusal, Refusals
from dra_core.sharing.precedence import ConfigurationEntry
from dra_core.snapshot.codec import describe
from dra_core.snapshot.json_value import Json


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a kind holds its configuration, and who writes it."""

    kind: str
    path: tuple[str, ...]
    fault: Fault

    @property
    def field(self) -> str:
        """The path as people write it."""
        return ".".join(self.path)


PLACES: Mapping[str, Place] = {
    "resourceclaims": Place(kind="ResourceClaim", path=("spec", "devices", "config"), fault=Fault.USER),
    "resourceclaimtemplates": Place(
        kind="ResourceClaimTemplate", path=("spec", "spec", "devices", "config"), fault=Fault.USER
    ),
    "deviceclasses": Place(kind="DeviceClass", path=("spec", "config"), fault=Fault.ADMINISTRATOR),
}
"""By resource."""


class Written(msgspec.Struct, frozen=True):
    """A configuration for our driver, and its position in the object's list."""

    position: int
    entry: ConfigurationEntry


def written_for(driver_name: str, place: Place, value: Json) -> Result[tuple[Written, ...], Refusals]:
    """Our driver's configurations in an object, in their order; or what is not as the API declares it.

    Entries of other drivers, and of another kind than opaque, are none of ours.
    """
    for depth, key in enumerate(place.path):
        if not isinstance(value, Mapping):
            return Failure((_wrong(place, ".".join(place.path[:depth]), "an object", value),))
        value = value.get(key)
        if value is None:  # left out, or null, which is the same to the API server
            return Success(())
    if not isinstance(value, Sequence) or isinstance(value, str):
        return Failure((_wrong(place, place.field, "a list", value),))
    faults: list[Refusal] = []
    found: list[Written] = []
    for position, item in enumerate(value):
        path = f"{place.field}[{position}]"
        if not isinstance(item, Mapping):
            faults.append(_wrong(place, path, "an object", item))
            continue
        opaque = item.get("opaque")
        if opaque is None:
            continue
        if not isinstance(opaque, Mapping):
            faults.append(_wrong(place, f"{path}.opaque", "an object", opaque))
        elif not isinstance(opaque.get("driver"), str):
            faults.append(_wrong(place, f"{path}.opaque.driver", "a text", opaque.get("driver")))
        elif opaque["driver"] == driver_name:
            entry = ConfigurationEntry(
                parameters=opaque.get("parameters"),
                requests=(),  # what they are for makes no difference to whether they can be read
                path=f"{path}.opaque.parameters",
                fault=place.fault,
            )
            found.append(Written(position, entry))
    return Failure(tuple(faults)) if faults else Success(tuple(found))


def _wrong(place: Place, path: str, expected: str, value: Json) -> Refusal:
    seen = f"expected {expected}, found {describe(value)}"
    return Refusal(code="WrongType", fault=place.fault, path=path, seen=seen, hint="compare it with the API reference")
