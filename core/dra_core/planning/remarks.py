"""What is wrong in the cluster beside the pod, where it bears on the pod: pools, drivers, claims that are stuck."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dra_core.allocation.allocated import PoolId
from dra_core.planning.cluster import Cluster
from dra_core.planning.evaluation import Evaluation
from dra_core.planning.words import in_a_line
from dra_core.refusal import Fault, Refusal, Refusals
from dra_core.snapshot.resource_claim import ResourceClaim

MOST_REMARKS = 10  # of one code; the rest is counted


def remarks_on(evaluation: Evaluation) -> Refusals:
    """Remarks on what the nodes that were asked for devices have to do with."""
    cluster = evaluation.cluster
    remarks = [*_limited(pool_troubles(cluster)), *_limited(stuck_claims(cluster)), *_missing_drivers(evaluation)]
    return tuple(remarks)


def pool_troubles(cluster: Cluster) -> Iterator[Refusal]:
    """Pools of which devices cannot be allocated at present."""
    seen: set[PoolId] = set()
    for node in cluster.nodes:
        for pool in cluster.inventory.for_node(node).pools:
            if pool.id in seen or not (pool.incomplete or pool.invalid_reason):
                continue
            seen.add(pool.id)
            if pool.invalid_reason:
                yield Refusal(
                    code="PoolInvalid",
                    fault=Fault.DRIVER,
                    path=f"pool {pool.name}",
                    seen=f"its slices contradict each other: {pool.invalid_reason}",
                    hint="none of its devices can be allocated until the driver publishes it anew",
                )
                continue
            slices = [item.record.spec.pool for item in cluster.inventory.pools[pool.id]]
            newest = max(item.generation for item in slices)
            there = [item for item in slices if item.generation == newest]
            yield Refusal(
                code="PoolIncomplete",
                fault=Fault.DRIVER,
                path=f"pool {pool.name}",
                seen=f"{len(there)} of {there[0].resource_slice_count} slices of generation {newest} are published",
                hint="none of its devices can be allocated until all are; is the driver being updated, or stuck?",
            )


def stuck_claims(cluster: Cluster) -> Iterator[Refusal]:
    """Claims that hold devices and should not: being deleted, or reserved only for pods that are gone."""
    pods = {pod.metadata.uid for pod in cluster.snapshot.pods if pod.metadata.uid}
    for claim in cluster.snapshot.claims:
        if claim.status.allocation is None:
            continue
        name = f"{claim.metadata.namespace}/{claim.metadata.name}"
        if claim.metadata.deletion_timestamp is not None:
            yield Refusal(
                code="ClaimStuckInDeletion",
                fault=Fault.ENVIRONMENT,
                path=f"claim {name}",
                seen=f"it is being deleted since {claim.metadata.deletion_timestamp} and holds {_devices(claim)}; "
                f"finalizers: {', '.join(claim.metadata.finalizers) or 'none'}; {_reserved(claim)}",
                hint="its devices are free once the pods that use it are gone and the node has unprepared it",
            )
            continue
        consumers = [item for item in claim.status.reserved_for if item.resource == "pods"]
        if pods and consumers and len(consumers) == len(claim.status.reserved_for):
            gone = [item.name for item in consumers if item.uid and item.uid not in pods]
            if len(gone) == len(consumers):
                yield Refusal(
                    code="ClaimReservedForNobody",
                    fault=Fault.ENVIRONMENT,
                    path=f"claim {name}",
                    seen=f"it holds {_devices(claim)} for pods that do not exist: {', '.join(gone[:3])}",
                    hint="is kube-controller-manager running? It takes reservations of pods that are gone back",
                )


def _devices(claim: ResourceClaim) -> str:
    allocation = claim.status.allocation
    results = allocation.devices.results if allocation is not None else ()
    names = [f"{item.pool}/{item.device}" for item in results]
    return f"{', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''}" or "no device"


def _reserved(claim: ResourceClaim) -> str:
    names = [item.name for item in claim.status.reserved_for]
    return f"reserved for {', '.join(names[:3])}" if names else "reserved for nobody"


def _missing_drivers(evaluation: Evaluation) -> Iterator[Refusal]:
    """Nodes that the pod could go to, and where no driver publishes anything."""
    if evaluation.fitting:
        return  # there are enough nodes with devices; the others are not the pod's concern
    inventory = evaluation.cluster.inventory
    asked = [node for node in evaluation.asked if evaluation.open_on(node)]
    bare = [node.metadata.name for node in asked if not inventory.for_node(node).pools]
    if bare:
        names = in_a_line(bare)
        yield Refusal(
            code="NoDevicesOnNode",
            fault=Fault.ADMINISTRATOR,
            path=_nodes(bare),
            seen="no driver publishes devices there" + ("" if len(bare) == 1 else f": {names}"),
            hint="if they have devices, is the driver's DaemonSet running on them?",
        )

    for driver, elsewhere in sorted(_drivers_of_classes(evaluation).items()):
        without = [
            node.metadata.name
            for node in asked
            if (pools := inventory.for_node(node).pools) and not any(pool.id[0] == driver for pool in pools)
        ]
        if without:
            names = in_a_line(without)
            yield Refusal(
                code="DriverMissingOnNode",
                fault=Fault.ADMINISTRATOR,
                path=_nodes(without),
                seen=f"driver {driver} publishes no devices there{'' if len(without) == 1 else f' ({names})'}, but "
                f"{elsewhere} pool{'' if elsewhere == 1 else 's'} elsewhere",
                hint="if they have its devices, is the driver's DaemonSet running on them?",
            )


def _nodes(names: Sequence[str]) -> str:
    """Where it is so: the node, or how many of them."""
    return f"node {names[0]}" if len(names) == 1 else f"{len(names)} nodes"


def _drivers_of_classes(evaluation: Evaluation) -> dict[str, int]:
    """The drivers whose devices the requested classes select, with how many pools each has."""
    cluster = evaluation.cluster
    names = {
        part.device_class_name
        for claim in evaluation.open_claims
        for request in claim.spec.devices.requests
        for part in (request.exactly, *request.first_available)
        if part is not None
    }
    selectors = [
        [item.cel.expression for item in cluster.classes[name].spec.selectors if item.cel is not None]
        for name in names
        if name in cluster.classes
    ]
    asked = [texts for texts in selectors if texts and not any(map(cluster.questions.selector, texts))]
    found: dict[str, int] = {}
    for pool, slices in cluster.inventory.pools.items():
        device = next((device for part in slices for device in part.devices), None)
        if device is not None and any(
            all(cluster.questions.ask(text, device) is True for text in texts) for texts in asked
        ):
            found[pool[0]] = found.get(pool[0], 0) + 1
    return found


def _limited(remarks: Iterator[Refusal]) -> list[Refusal]:
    found = list(remarks)
    if len(found) <= MOST_REMARKS:
        return found
    rest = Refusal(
        code=found[0].code, fault=found[0].fault, seen=f"{len(found) - MOST_REMARKS} more like these were found"
    )
    return [*found[:MOST_REMARKS], rest]
