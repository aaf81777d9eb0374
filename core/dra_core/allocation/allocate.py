"""Allocate claims on a node: the answer of kube-scheduler 1.37 (k8s.io/dynamic-resource-allocation v0.37.2).

A function of the snapshot alone. Fresh share ids are the only thing that comes from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from dra_core.allocation.allocated import Allocated
from dra_core.allocation.in_flight import Fatal, InFlight
from dra_core.allocation.inventory import Inventory
from dra_core.allocation.outcome import results_of
from dra_core.allocation.pools import Candidate, NodePools
from dra_core.allocation.requests import MOST_RESULTS, ReadClaim, Request, read_claims
from dra_core.allocation.search import GaveUp, Search, Sized
from dra_core.allocation.selectors import Questions
from dra_core.snapshot.device_class import DeviceClass
from dra_core.snapshot.node import Node
from dra_core.snapshot.resource_claim import AllocationResult, ResourceClaim

STEPS = 200_000  # 10 to 30 s; the scheduler gives a node 10 s (DRASchedulerFilterTimeout)
INVALID_POOLS = "invalid resource pools were encountered"


class Allocation(msgspec.Struct, frozen=True):
    """What the claims get, in their order."""

    results: tuple[AllocationResult, ...]


class Unallocated(msgspec.Struct, frozen=True):
    """The claims do not fit on the node; or, if ``gave_up`` says so, nobody knows whether they would."""

    gave_up: str = ""


class Wrong(msgspec.Struct, frozen=True):
    """An error, in the scheduler's words.

    Attributes:
        text: What the scheduler reports.
        node_only: Other nodes may do; otherwise the whole attempt to place the pod ends.
    """

    text: str
    node_only: bool = False


Answer: TypeAlias = Allocation | Unallocated | Wrong


def never() -> bool:
    """Nobody cancels."""
    return False


def allocate(
    inventory: Inventory,
    allocated: Allocated,
    node: Node,
    claims: Sequence[ResourceClaim],
    classes: Mapping[str, DeviceClass],
    questions: Questions,
    *,
    share_ids: Callable[[], str],
    budget: int = STEPS,
    cancelled: Callable[[], bool] = never,
) -> Answer:
    """What the claims get on the node, all of them or none.

    Args:
        inventory: The devices of the cluster.
        allocated: What is in use.
        node: Where the claims are to be used.
        claims: Those without an allocation, in the pod's order.
        classes: DeviceClasses by name.
        questions: What CEL answered so far.
        share_ids: Gives a fresh share id (a lower-case UUID) at each call.
        budget: After how many steps to give up.
        cancelled: Asked now and then whether to give up.
    """
    read = read_claims(claims, classes, inventory.features, questions)
    return allocate_read(inventory, allocated, node, read, questions, share_ids, budget, cancelled)


def allocate_read(
    inventory: Inventory,
    allocated: Allocated,
    node: Node,
    claims: Sequence[ReadClaim],
    questions: Questions,
    share_ids: Callable[[], str],
    budget: int = STEPS,
    cancelled: Callable[[], bool] = never,
) -> Answer:
    """The same for claims that were read before."""
    pools = inventory.for_node(node)
    if pools.error:
        return Wrong(pools.error)
    features = inventory.features
    state = InFlight(node, features, allocated, claims, questions)
    plan = plan_of(claims, pools, state)
    if isinstance(plan, Fatal):
        return Wrong(plan.text)
    found = Search(plan, claims, pools.candidates, state, budget, cancelled).run()
    if isinstance(found, Fatal):
        return Wrong(found.text)
    if isinstance(found, GaveUp):
        return Unallocated("cancelled" if found.cancelled else f"gave up after {found.steps} steps")
    if found is None:
        if any(pool.invalid_reason for pool in pools.pools):
            return Wrong(INVALID_POOLS, node_only=True)
        return Unallocated()
    results = results_of(found, claims, node, features, share_ids)
    return Wrong(results) if isinstance(results, str) else Allocation(results)


def plan_of(claims: Sequence[ReadClaim], pools: NodePools, state: InFlight) -> list[list[list[Sized]]] | Fatal:
    """How many devices each request needs here, or what is wrong with a request, in the scheduler's order."""
    plan: list[list[list[Sized]]] = []
    for claim in claims:
        least = 0
        requests: list[list[Sized]] = []
        for number, alternatives in enumerate(claim.requests):
            if claim.errors[number]:
                return Fatal(claim.errors[number])
            sized: list[Sized] = []
            for request in alternatives:
                item = _sized(request, claim, pools, state)
                if isinstance(item, Fatal):
                    return item
                sized.append(item)
            count = min(item.count for item in sized)
            if count > MOST_RESULTS - least:
                name = claim.record.spec.devices.requests[number].name
                return Fatal(
                    f"claim {claim.label}, request {name}: adding {count} devices exceeds the claim limit of"
                    f" {MOST_RESULTS}, with {least} already accounted for"
                )
            least += count
            requests.append(sized)
        if claim.constraint_error:
            return Fatal(claim.constraint_error)
        plan.append(requests)
    return plan


def _sized(request: Request, claim: ReadClaim, pools: NodePools, state: InFlight) -> Sized | Fatal:
    if request.error:
        return Fatal(request.error)
    if not request.all_devices:
        return Sized(request, request.count)
    wanted: list[Candidate] = []
    by_pool: dict[int, list[Candidate]] = {}
    for candidate in pools.candidates:
        by_pool.setdefault(id(candidate.pool), []).append(candidate)
    for pool in pools.pools:
        if pool.incomplete or pool.invalid_reason:
            what = "being updated" if pool.incomplete else "invalid"
            return Fatal(
                f"claim {claim.label}, request {request.name}: asks for all devices, but resource pool {pool.name} is"
                f" currently {what}"
            )
        for candidate in by_pool.get(id(pool), ()):
            selectable = state.selectable(request, candidate)
            if isinstance(selectable, Fatal):
                return selectable
            if not selectable:
                continue
            short = state.short_of(request, candidate.device, alone=True)
            if isinstance(short, Fatal):
                return short
            if short is None:
                wanted.append(candidate)
    return Sized(request, len(wanted), tuple(wanted))
