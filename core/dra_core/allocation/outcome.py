"""From chosen devices to AllocationResults, as the scheduler writes them: configuration, tolerations, node selector."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dra_core.allocation.features import Features, Variant
from dra_core.allocation.in_flight import Chosen
from dra_core.allocation.requests import ReadClaim, Request
from dra_core.allocation.search import Solution
from dra_core.snapshot.node import Node
from dra_core.snapshot.node_selector import NodeSelector, NodeSelectorRequirement, NodeSelectorTerm
from dra_core.snapshot.resource_claim import (
    AllocationResult,
    DeviceAllocationConfiguration,
    DeviceAllocationResult,
    DeviceRequestAllocationResult,
)


def results_of(
    solution: Solution, claims: Sequence[ReadClaim], node: Node, features: Features, share_ids: Callable[[], str]
) -> tuple[AllocationResult, ...] | str:
    """One result per claim; a text if a slice's node selector cannot be merged."""
    results: list[AllocationResult] = []
    for claim, chosen, alternatives in zip(claims, solution.chosen, solution.alternatives, strict=True):
        selector = _node_selector(chosen, node.metadata.name, features.variant)
        if isinstance(selector, str):
            return f"create NodeSelector for claim {claim.record.metadata.name}: {selector}"
        results.append(
            AllocationResult(
                devices=DeviceAllocationResult(
                    results=tuple(_result(item, claim, features, share_ids) for item in chosen),
                    config=_configuration(claim, alternatives),
                ),
                node_selector=selector,
            )
        )
    return tuple(results)


def _result(
    chosen: Chosen, claim: ReadClaim, features: Features, share_ids: Callable[[], str]
) -> DeviceRequestAllocationResult:
    device, request = chosen.candidate.device, chosen.request
    conditions = features.device_binding_and_status
    skips = chosen.candidate.slice.record.spec.skip_node_operations
    return DeviceRequestAllocationResult(
        request=request.full_name,
        driver=device.id[0],
        pool=device.id[1],
        device=device.id[2],
        admin_access=True if request.admin else None,
        tolerations=_first_of_its_name(claim, request).tolerations,
        binding_conditions=device.record.binding_conditions if conditions else (),
        binding_failure_conditions=device.record.binding_failure_conditions if conditions else (),
        share_id=share_ids() if chosen.consumed is not None else None,
        consumed_capacity={name: str(amount) for name, amount in (chosen.consumed or {}).items()},
        skip_node_operations=skips if features.variant is Variant.EXPERIMENTAL else (),
    )


def _first_of_its_name(claim: ReadClaim, request: Request) -> Request:
    """The scheduler finds a result's request by its name, which the API server keeps unique."""
    return next(item for items in claim.requests for item in items if item.full_name == request.full_name)


def _configuration(claim: ReadClaim, alternatives: Sequence[int]) -> tuple[DeviceAllocationConfiguration, ...]:
    """Each class's configuration once, with the requests that use the class; then the claim's that are of use.

    What applies to all requests names none.
    """
    taken = [items[index] for items, index in zip(claim.requests, alternatives, strict=True)]
    using: dict[str, list[Request]] = {}
    for request in taken:
        if request.device_class is not None:
            using.setdefault(request.device_class.metadata.name, []).append(request)
    configuration: list[DeviceAllocationConfiguration] = []
    for requests in using.values():
        device_class = requests[0].device_class
        for item in device_class.spec.config if device_class is not None else ():
            names = tuple(request.full_name for request in requests)
            configuration.append(
                DeviceAllocationConfiguration(
                    source="FromClass", requests=_unless_all(names, claim, taken), opaque=item.opaque
                )
            )
    for wanted in claim.record.spec.devices.config:
        if not wanted.requests or any(_named(wanted.requests, request) for request in taken):
            configuration.append(
                DeviceAllocationConfiguration(
                    source="FromClaim", requests=_unless_all(wanted.requests, claim, taken), opaque=wanted.opaque
                )
            )
    return tuple(configuration)


def _named(names: Sequence[str], request: Request) -> bool:
    """By the request's (or list's) name, or that of the alternative that was taken."""
    return (request.parent or request.name) in names or (bool(request.parent) and request.full_name in names)


def _unless_all(names: tuple[str, ...], claim: ReadClaim, taken: Sequence[Request]) -> tuple[str, ...]:
    applies_to_all = len(claim.requests) == len(taken) and all(_named(names, request) for request in taken)
    return () if applies_to_all else names


def _node_selector(chosen: Sequence[Chosen], node_name: str, variant: Variant) -> NodeSelector | None | str:
    """Where the devices can be used: on this node only, on nodes that all slices select, or (None) everywhere."""
    fields: list[NodeSelectorRequirement] = []
    expressions: list[NodeSelectorRequirement] = []
    for item in chosen:
        spec, device = item.candidate.slice.record.spec, item.candidate.device.record
        per_device = spec.per_device_node_selection
        name = device.node_name if per_device else spec.node_name
        selector = device.node_selector if per_device else spec.node_selector
        pinned = variant is not Variant.STABLE and bool(device.binds_to_node)
        if name is not None or pinned:
            # The stable variant writes the slice's or device's name, which may be "" beside ``allNodes``.
            written = name if variant is Variant.STABLE and name is not None else node_name
            only = NodeSelectorRequirement(key="metadata.name", operator="In", values=(written,))
            return NodeSelector(node_selector_terms=(NodeSelectorTerm(match_fields=(only,)),))
        terms = selector.node_selector_terms if selector is not None else ()
        if len(terms) > 1:
            return f"unsupported ResourceSlice.NodeSelector with {len(terms)} terms"
        for term in terms:
            _merge(term.match_fields, fields)
            _merge(term.match_expressions, expressions)
    if not fields and not expressions:
        return None
    merged = NodeSelectorTerm(match_expressions=tuple(expressions), match_fields=tuple(fields))
    return NodeSelector(node_selector_terms=(merged,))


def _merge(added: Sequence[NodeSelectorRequirement], into: list[NodeSelectorRequirement]) -> None:
    for requirement in added:
        known = any(
            other.key == requirement.key
            and other.operator == requirement.operator
            and set(other.values) == set(requirement.values)
            for other in into
        )
        if not known:
            into.append(requirement)
