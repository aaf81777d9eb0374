"""Where a set of pods would go, and what they would get: in order, or all or none.

plan = plan_pods(cluster, wanted_pods(snapshot), policy="scheduler")
plan.placed       # each with its node and its claims' allocations
plan.pending      # each with the reason
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import msgspec

from dra_core.planning.cluster import Cluster
from dra_core.planning.cluster_snapshot import ClusterSnapshot
from dra_core.planning.explain import API_VERSION, explain_pod, gates
from dra_core.planning.ledger import Ledger, Placed
from dra_core.planning.not_modelled import of_all
from dra_core.planning.pod_claims import reserved
from dra_core.planning.pod_kinds import asked
from dra_core.planning.policies import Policy
from dra_core.planning.waiting import Wanted
from dra_core.refusal import Refusals
from dra_core.snapshot.codec import encode
from dra_core.snapshot.json_value import JsonObject
from dra_core.snapshot.pod import Pod

MOST_REASONS = 10  # kinds of pending pods that are explained in full


class Pending(msgspec.Struct, frozen=True, rename="camel"):
    """A pod that stays without a node, and why."""

    pod: Pod
    origin: str
    reason: str


class Plan(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The outcome; ``drakit.dev/v1alpha1`` of its JSON.

    Attributes:
        policy: How nodes were chosen.
        all_or_nothing: Whether one pod that fits nowhere keeps all back.
        placed: In the order of placing.
        pending: In the order given.
        remarks: What decides about these pods and is not looked at (``NotModelled``).
    """

    api_version: str = API_VERSION
    kind: str = "Plan"
    policy: str
    all_or_nothing: bool
    placed: tuple[Placed, ...]
    pending: tuple[Pending, ...]
    remarks: Refusals = ()


def counted_share_ids() -> Callable[[], str]:
    """Share ids that a plan can be compared by: UUIDs that count."""
    numbers = itertools.count(1)
    return lambda: f"00000000-0000-4000-8000-{next(numbers):012x}"


def plan_pods(
    cluster: Cluster,
    pods: Sequence[Wanted],
    *,
    policy: Policy = "scheduler",
    all_or_nothing: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Plan:
    """Place pods one after the other; pods of a PodGroup all or none.

    Args:
        cluster: What there is.
        pods: In the order in which they are placed.
        policy: How nodes are chosen.
        all_or_nothing: Place none if one does not fit.
        progress: Called with the number of pods that were looked at.
    """
    ledger = Ledger(cluster, policy, counted_share_ids())
    placed: list[Placed] = []
    refused: list[Wanted] = []
    looked_at = 0
    for group in _gangs(pods):
        held_up = any(_passed_over(cluster, item.pod) for item in group)
        found = () if held_up else ledger.place_together(group)
        looked_at += len(group)
        if progress is not None:
            progress(looked_at)
        placed += found
        refused += group if not found else ()
    after = cluster.having(snapshot_after(cluster.snapshot, placed))
    pending = list(_pending(after, refused))
    if all_or_nothing and refused:
        kept = f"kept back, because {len(refused)} of {len(pods)} pods fit nowhere"
        held = {(item.pod.metadata.namespace, item.pod.metadata.name) for item in placed}
        pending += [
            Pending(item.pod, item.origin.text, kept)
            for item in pods
            if (item.pod.metadata.namespace, item.pod.metadata.name) in held
        ]
        placed = []
    return Plan(
        policy=policy,
        all_or_nothing=all_or_nothing,
        placed=tuple(placed),
        pending=tuple(pending),
        remarks=of_all(
            cluster,
            ((item.pod, fits) for items, fits in ((placed, True), (refused, False)) for item in items),
            as_scheduler=policy == "scheduler",
        ),
    )


def _passed_over(cluster: Cluster, pod: Pod) -> bool:
    """Whether kube-scheduler does not look at the pod: it waits for a gate, or has a node and claims that wait."""
    return bool(gates(pod)) or (bool(pod.spec.node_name) and bool(cluster.claims.of_pod(pod).open))


def _gangs(pods: Sequence[Wanted]) -> Iterator[list[Wanted]]:
    """Pods of one PodGroup together, at the place of the first; every other pod alone."""
    groups: dict[tuple[str, str], list[Wanted]] = {}
    order: list[list[Wanted]] = []
    for item in pods:
        membership = item.pod.spec.scheduling_group
        name = membership.pod_group_name if membership is not None else None
        if not name:
            order.append([item])
            continue
        key = (item.pod.metadata.namespace, name)
        if key not in groups:
            groups[key] = []
            order.append(groups[key])
        groups[key].append(item)
    return iter(order)


def _pending(after: Cluster, refused: Sequence[Wanted]) -> Iterator[Pending]:
    """Why pods stay without a node, as it looks when all others are placed; pods that ask the same share the reason."""
    reasons: dict[bytes, str] = {}
    for item in refused:
        pod = item.pod
        key = asked(pod, after.claims_of(pod).claims)
        if key not in reasons:
            if len(reasons) >= MOST_REASONS:
                reasons[key] = "fits nowhere"
            else:
                explanation = explain_pod(after, pod)
                name = f"{pod.metadata.namespace}/{pod.metadata.name} "
                reason = explanation.headline.removeprefix(name)
                together = "its PodGroup does not fit as a whole; alone it "
                reasons[key] = f"{together}{reason}" if explanation.verdict == "Fits" else reason
                if gates(pod):
                    reasons[key] = gates(pod)[0].sentence
        yield Pending(pod, item.origin.text, reasons[key])


def plan_as_json(plan: Plan) -> JsonObject:
    """The plan as JSON, with every object whole: records leave out what is at its default, kinds included."""
    value: JsonObject = msgspec.json.decode(msgspec.json.encode(plan))
    placed = [
        {
            **msgspec.json.decode(msgspec.json.encode(item)),
            "pod": encode(item.pod),
            "claims": list(map(encode, item.claims)),
        }
        for item in plan.placed
    ]
    pending = [{**msgspec.json.decode(msgspec.json.encode(item)), "pod": encode(item.pod)} for item in plan.pending]
    return {**value, "placed": placed, "pending": pending}


def snapshot_after(snapshot: ClusterSnapshot, placed: Sequence[Placed]) -> ClusterSnapshot:
    """The snapshot when everything is placed: pods on their nodes, claims with their devices and reservations."""
    if not placed:
        return snapshot
    pods = {(pod.metadata.namespace, pod.metadata.name): pod for pod in snapshot.pods}
    claims = {(claim.metadata.namespace, claim.metadata.name): claim for claim in snapshot.claims}
    for item in placed:
        place = (item.pod.metadata.namespace, item.pod.metadata.name)
        spec = msgspec.structs.replace(item.pod.spec, node_name=item.node)
        pods[place] = msgspec.structs.replace(item.pod, spec=spec)
        namespace = item.pod.metadata.namespace
        claims |= {(namespace, claim.metadata.name): claim for claim in item.claims}
        for reservation in item.reservations:
            name = namespace, reservation.claim
            claims[name] = reserved(claims[name], reservation.consumer)
    return msgspec.structs.replace(snapshot, pods=tuple(pods.values()), claims=tuple(claims.values()))
