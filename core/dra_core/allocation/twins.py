"""Devices that are as good as each other for some claims.

Where one of them led nowhere, another leads nowhere either: exchange the two in whatever the other would lead to. Only
searches that take long ask for this; asking costs a look at every device with every request.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from dra_core.allocation.attributes import applies, values_of
from dra_core.allocation.in_flight import Fatal, InFlight
from dra_core.allocation.pools import Candidate
from dra_core.allocation.requests import ReadClaim


def twins(candidates: Sequence[Candidate], claims: Sequence[ReadClaim], state: InFlight) -> tuple[int, ...]:
    """A number by place; equal for devices that no rule tells apart."""
    numbers: dict[Hashable, int] = {}
    return tuple(numbers.setdefault(_looks(candidate, claims, state), len(numbers)) for candidate in candidates)


def _looks(candidate: Candidate, claims: Sequence[ReadClaim], state: InFlight) -> Hashable:
    """All that rules look at; the place itself where an expression fails, which names the device."""
    device = candidate.device
    seen: list[Hashable] = [
        # Equal capacities and consumptions of one inventory are one object; counters are the pool's.
        id(device.capacity) if device.capacity else 0,
        (id(device.consumes), device.pool) if device.consumes else 0,
        device.blocking,
        device.multiple,
        candidate.slice.record.spec.skip_node_operations,
        state.held(device),
    ]
    for claim in claims:
        for request in (request for alternatives in claim.requests for request in alternatives):
            selectable = state.selectable(request, candidate)
            if isinstance(selectable, Fatal):
                return candidate.place
            seen.append(selectable)
            for constraint in claim.constraints if selectable else ():
                if applies(constraint, request):
                    if request.all_devices:
                        return candidate.place  # a constraint in the way is an error, unless a device before is in use
                    name = constraint.match_attribute or constraint.distinct_attribute or ""
                    attribute = state.attribute(request, device, name)
                    if isinstance(attribute, Fatal):
                        return candidate.place
                    lists = state.features.list_type_attributes
                    seen.append(attribute and values_of(attribute, lists))
                    seen.append(attribute is None)
    return tuple(seen)
