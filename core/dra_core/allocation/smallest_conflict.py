"""The smallest set of requests and constraints that cannot be met together."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dra_core.allocation.allocate import Allocation, Unallocated, allocate_read
from dra_core.allocation.allocated import Allocated
from dra_core.allocation.inventory import Inventory
from dra_core.allocation.requests import ReadClaim
from dra_core.allocation.selectors import Questions
from dra_core.snapshot.node import Node


class Conflict(msgspec.Struct, frozen=True, rename="camel"):
    """What cannot be met together; without any one of them the rest could.

    Attributes:
        requests: ``claim: request``.
        constraints: ``claim: constraint #i (matchAttribute name)``.
        certain: Whether the search came to an end; otherwise the set may not be the smallest.
    """

    requests: tuple[str, ...]
    constraints: tuple[str, ...]
    certain: bool

    @property
    def sentence(self) -> str:
        """The same for people."""
        parts = ", ".join((*self.requests, *self.constraints))
        doubt = "" if self.certain else " (the search for a smaller set was given up)"
        if len(self.requests) == 1 and not self.constraints:
            return f"request {parts} finds no combination of devices{doubt}"
        return f"each can be met alone, but not together: {parts}{doubt}"


class _Parts(msgspec.Struct, frozen=True):
    """Which requests and constraints of the claims are kept, by claim and number."""

    requests: tuple[tuple[int, int], ...]
    constraints: tuple[tuple[int, int], ...]


def smallest_conflict(
    inventory: Inventory,
    allocated: Allocated,
    node: Node,
    claims: Sequence[ReadClaim],
    questions: Questions,
    budget: int,
) -> Conflict | None:
    """Leave out one thing after the other for as long as the rest still cannot be met."""
    parts = _Parts(
        tuple((i, number) for i, claim in enumerate(claims) for number in range(len(claim.requests))),
        tuple((i, number) for i, claim in enumerate(claims) for number in range(len(claim.constraints))),
    )
    certain = True
    share = max(1, budget // (len(parts.requests) + len(parts.constraints) + 1))
    for kind in ("constraints", "requests"):
        for item in parts.constraints if kind == "constraints" else parts.requests:
            fewer = _without(parts, kind, item)
            answer = allocate_read(inventory, allocated, node, _kept(claims, fewer), questions, lambda: "", share)
            if isinstance(answer, Unallocated) and answer.gave_up:
                certain = False
            elif not isinstance(answer, Allocation):
                parts = fewer
    if not parts.requests:
        return None
    return Conflict(
        tuple(
            f"{claims[i].label}: {claims[i].record.spec.devices.requests[number].name}" for i, number in parts.requests
        ),
        tuple(f"{claims[i].label}: {_constraint(claims[i], number)}" for i, number in parts.constraints),
        certain,
    )


def _without(parts: _Parts, kind: str, item: tuple[int, int]) -> _Parts:
    if kind == "constraints":
        return _Parts(parts.requests, tuple(other for other in parts.constraints if other != item))
    return _Parts(tuple(other for other in parts.requests if other != item), parts.constraints)


def _kept(claims: Sequence[ReadClaim], parts: _Parts) -> tuple[ReadClaim, ...]:
    return tuple(
        msgspec.structs.replace(
            claim,
            requests=tuple(item for number, item in enumerate(claim.requests) if (i, number) in parts.requests),
            listed=tuple(item for number, item in enumerate(claim.listed) if (i, number) in parts.requests),
            errors=tuple(item for number, item in enumerate(claim.errors) if (i, number) in parts.requests),
            constraints=tuple(
                item for number, item in enumerate(claim.constraints) if (i, number) in parts.constraints
            ),
        )
        for i, claim in enumerate(claims)
    )


def _constraint(claim: ReadClaim, number: int) -> str:
    constraint = claim.constraints[number]
    kind = "matchAttribute" if constraint.match_attribute is not None else "distinctAttribute"
    return f"constraint #{number} ({kind} {constraint.match_attribute or constraint.distinct_attribute})"
