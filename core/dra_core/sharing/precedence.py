"""Which opaque configuration holds for which allocated device.

Rules (resource.k8s.io/v1, AllocationResult.devices.config): entries come from classes and from the claim; the claim's
win over the classes', of equals the later wins, and a whole entry replaces another (nothing is merged). An entry names
requests, or none for all; the name of a main request covers all its subrequests.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from dra_core.refusal import Fault, Refusal, Refusals
from dra_core.snapshot.json_value import Json
from dra_core.snapshot.resource_claim import DeviceAllocationConfiguration, ResourceClaim


class ConfigurationEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters meant for our driver.

    Attributes:
        parameters: As written.
        requests: What they are for; none: everything.
        path: Where they were written, for error messages.
        fault: Who wrote them: the claim's user, or the class's administrator.
    """

    parameters: Json
    requests: tuple[str, ...]
    path: str
    fault: Fault


class Entries(msgspec.Struct, frozen=True):
    """Our driver's entries, the weakest first, and what is wrong with the list itself."""

    entries: tuple[ConfigurationEntry, ...]
    refusals: Refusals


def entries_for(driver_name: str, claim: ResourceClaim) -> Entries:
    """The driver's entries of an allocated claim, classes' before the claim's; other drivers' are left out."""
    allocation = claim.status.allocation
    found = enumerate(allocation.devices.config) if allocation else ()
    entries: list[ConfigurationEntry] = []
    refusals: list[Refusal] = []
    for position, each in sorted(found, key=lambda pair: pair[1].source == "FromClaim"):
        path, fault = _origin(claim, position, each)
        if each.opaque is None:
            refusals.append(
                Refusal(
                    code="ConfigurationNotOpaque",
                    fault=fault,
                    path=path,
                    seen="the configuration is of a kind that this driver does not know",
                    hint="use opaque parameters",
                )
            )
        elif each.opaque.driver == driver_name:
            entries.append(
                ConfigurationEntry(
                    parameters=each.opaque.parameters,
                    requests=each.requests,
                    path=f"{path}.opaque.parameters",
                    fault=fault,
                )
            )
    return Entries(tuple(entries), tuple(refusals))


def entry_for(entries: Sequence[ConfigurationEntry], request: str) -> ConfigurationEntry | None:
    """The entry that holds for a result's request (``name`` or ``name/subrequest``); None: the default does."""
    return next((entry for entry in reversed(entries) if covers(entry.requests, request)), None)


def covers(requests: Iterable[str], request: str) -> bool:
    """Whether configuration for ``requests`` (none: all) holds for a result's request."""
    named = tuple(requests)
    return not named or request in named or request.partition("/")[0] in named


def _origin(claim: ResourceClaim, position: int, entry: DeviceAllocationConfiguration) -> tuple[str, Fault]:
    """Where an entry was written, and by whom: users know the spec they wrote, not the allocation made from it."""
    if entry.source == "FromClaim":
        for i, written in enumerate(claim.spec.devices.config):
            if written.opaque == entry.opaque and written.requests == entry.requests:
                return f"spec.devices.config[{i}]", Fault.USER
    fault = Fault.USER if entry.source == "FromClaim" else Fault.ADMINISTRATOR
    return f"status.allocation.devices.config[{position}]", fault
