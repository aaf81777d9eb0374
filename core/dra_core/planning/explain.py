"""Why a pod fits or not: one sentence that a person can act on, then everything behind it.

cluster = Cluster(snapshot, CelLanguage())
explanation = explain_pod(cluster, pod)
explanation.headline          # "team/train-0 fits on none of 12 nodes: …"
explanation.suggestions       # what makes it fit, each tried
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from dra_core.planning.claim_faults import faults_of_claim, unchecked_in_claim
from dra_core.planning.cluster import Cluster
from dra_core.planning.evaluation import Evaluation, evaluate
from dra_core.planning.node_groups import NodeGroup, node_groups, total_devices
from dra_core.planning.not_modelled import not_modelled
from dra_core.planning.remarks import remarks_on
from dra_core.planning.suggestions import Suggestion, suggestions_for
from dra_core.planning.waiting import origin_of
from dra_core.planning.words import in_a_line
from dra_core.refusal import Fault, Refusal, Refusals
from dra_core.snapshot.metadata import ObjectMeta
from dra_core.snapshot.pod import Pod, PodResourceClaim, PodSpec
from dra_core.snapshot.resource_claim import ResourceClaim

API_VERSION = "drakit.dev/v1alpha1"

Verdict = Literal["Fits", "DoesNotFit", "Undecided", "Placed"]
"""``Undecided``: a search was given up. ``Placed``: the pod has its node already."""


class Explanation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The explanation of one pod; ``drakit.dev/v1alpha1`` of its JSON.

    Attributes:
        pod: ``namespace/name``.
        origin: What makes the pod: ``Kind namespace/name``.
        verdict: Whether it fits anywhere.
        headline: One sentence to act on.
        fitting: The nodes on which it fits.
        faults: What is wrong with the pod's own objects.
        remarks: What is wrong in the cluster, where it bears on the pod; and what decides and is not looked at
            (``NotModelled``) or not checked (``NotChecked``).
        groups: What each group of equal nodes answers.
        suggestions: What would make it fit, if it does not.
    """

    api_version: str = API_VERSION
    kind: str = "Explanation"
    pod: str
    origin: str
    verdict: Verdict
    headline: str
    fitting: tuple[str, ...] = ()
    faults: Refusals = ()
    remarks: Refusals = ()
    groups: tuple[NodeGroup, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()


def explain_pod(cluster: Cluster, pod: Pod) -> Explanation:
    """Explain one pod, whether it exists or not."""
    name = f"{pod.metadata.namespace}/{pod.metadata.name}"
    origin = origin_of(pod).text
    if pod.spec.node_name or pod.finished:
        return _without_scheduler(cluster, pod) or Explanation(
            pod=name, origin=origin, verdict="Placed", headline=_placed(cluster, pod)
        )
    evaluation = evaluate(cluster, pod)
    faults = (
        *gates(pod),
        *evaluation.claims.faults,
        *(fault for item in evaluation.claims.open for fault in faults_of_claim(cluster, item)),
    )
    groups = node_groups(evaluation)
    fitting = tuple(node.metadata.name for node in evaluation.fitting)
    verdict: Verdict = "Fits" if fitting else "Undecided" if evaluation.gave_up else "DoesNotFit"
    suggestions = suggestions_for(evaluation, groups)
    remarks = (
        *remarks_on(evaluation),
        *not_modelled(cluster, pod, fits=bool(fitting)),
        *(remark for item in evaluation.claims.open for remark in unchecked_in_claim(cluster, item)),
    )
    return Explanation(
        pod=name,
        origin=origin,
        verdict=verdict,
        headline=_headline(evaluation, faults, groups, suggestions, remarks),
        fitting=fitting,
        faults=faults,
        remarks=remarks,
        groups=groups,
        suggestions=suggestions,
    )


def explain_claim(cluster: Cluster, claim: ResourceClaim) -> Explanation:
    """Explain a claim as a pod that uses nothing else."""
    metadata = claim.metadata
    name = f"{metadata.namespace}/{metadata.name}"
    if claim.status.allocation is not None:
        return Explanation(
            pod=name, origin=f"ResourceClaim {name}", verdict="Placed", headline=f"{name} has {_results(claim)}"
        )
    entry = PodResourceClaim(name=metadata.name, resource_claim_name=metadata.name)
    pod = Pod(
        metadata=ObjectMeta(name=metadata.name, namespace=metadata.namespace), spec=PodSpec(resource_claims=(entry,))
    )
    explanation = explain_pod(cluster, pod)
    return msgspec.structs.replace(explanation, origin=f"ResourceClaim {name}")


def _placed(cluster: Cluster, pod: Pod) -> str:
    name = f"{pod.metadata.namespace}/{pod.metadata.name}"
    if pod.finished:
        return f"{name} is over ({pod.status.phase}); it wants no node"
    claims = [item.claim for item in cluster.claims_of(pod).allocated]
    held = "; ".join(f"{claim.metadata.name}: {_results(claim)}" for claim in claims)
    return f"{name} is on {pod.spec.node_name}{f' and has {held}' if held else ''}"


def _results(claim: ResourceClaim) -> str:
    allocation = claim.status.allocation
    results = allocation.devices.results if allocation is not None else ()
    return ", ".join(f"{item.device} of {item.pool} for {item.request}" for item in results) or "no devices"


def _without_scheduler(cluster: Cluster, pod: Pod) -> Explanation | None:
    """A pod that was given its node by its author, and claims by nobody."""
    waiting = [] if pod.finished else [item.claim.metadata.name for item in cluster.claims.of_pod(pod).open]
    if not waiting:
        return None
    name, node = f"{pod.metadata.namespace}/{pod.metadata.name}", pod.spec.node_name
    fault = Refusal(
        code="NodeNameSet",
        fault=Fault.USER,
        path="spec.nodeName",
        seen=f"it names node {node}, so that kube-scheduler never looks at the pod and nobody allocates "
        f"claim {in_a_line(waiting)}",
        hint=f"leave it out and use nodeSelector kubernetes.io/hostname: {node}",
    )
    headline = f"{name} is on {node} and can never start: {fault.sentence}"
    return Explanation(pod=name, origin=origin_of(pod).text, verdict="DoesNotFit", headline=headline, faults=(fault,))


def gates(pod: Pod) -> tuple[Refusal, ...]:
    """What keeps the scheduler from looking at the pod at all."""
    names = [gate.name for gate in pod.spec.scheduling_gates]
    if not names:
        return ()
    return (
        Refusal(
            code="SchedulingGated",
            fault=Fault.USER,
            path="spec.schedulingGates",
            seen=f"the scheduler waits until somebody removes {', '.join(names)}",
            hint="whoever set the gate removes it",
        ),
    )


def _headline(
    evaluation: Evaluation,
    faults: Sequence[Refusal],
    groups: Sequence[NodeGroup],
    suggestions: Sequence[Suggestion],
    remarks: Sequence[Refusal],
) -> str:
    name = f"{evaluation.pod.metadata.namespace}/{evaluation.pod.metadata.name}"
    nodes = len(evaluation.asked) + len(evaluation.refused)
    fitting = [node.metadata.name for node in evaluation.fitting]
    advice = f"; {suggestions[0].text}" if suggestions else ""
    if fitting:
        beside = f"; but {faults[0].sentence}" if faults else ""
        return f"{name} fits on {len(fitting)} of {nodes} nodes: {in_a_line(fitting)}{beside}"
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        return f"{name} can go nowhere: {faults[0].sentence}{more}{advice}"
    if not nodes:
        return f"{name} can go nowhere: the snapshot has no nodes and no ResourceSlices of nodes"
    if evaluation.error:
        return f"{name} can go nowhere, an error stops it on every node: {evaluation.error}{advice}"
    bare = all(not group.account.requests[0].refused for group in groups if group.account and group.account.requests)
    speaking = ("Pool", "NoDevices", "DriverMissing") if bare else ("Pool",)
    remark = next((item for item in remarks if item.code.startswith(speaking)), None)
    hint = f"; {remark.path}: {remark.seen}" if remark is not None and not advice else ""
    return f"{name} fits on none of {nodes} node{'' if nodes == 1 else 's'}: {main_reasons(groups)}{advice}{hint}"


def main_reasons(groups: Sequence[NodeGroup]) -> str:
    """What refuses, over all nodes: devices by rule, nodes by filter."""
    parts: list[str] = []
    seen: dict[str, int] = {}
    for group in groups:
        for account in group.account.requests if group.account is not None else ():
            seen.setdefault(account.request, account.wanted)
    for request, wanted in seen.items():
        totals = total_devices(groups, request)
        counted = ", ".join(f"{count} {RULE_IN_WORDS[rule]}" for rule, count in totals.items())
        what = "all matching devices" if wanted < 0 else f"{wanted} device{'s' if wanted != 1 else ''}"
        parts.append(f"request {request} wants {what} on a node: {counted or 'there are none'}")
    conflict = next((g.account.conflict for g in groups if g.account is not None and g.account.conflict), None)
    if conflict is not None and not parts:
        parts.append(conflict.sentence)
    for group in groups:
        if group.rule not in ("Devices", "Fits") and not (group.account is not None and group.account.requests):
            count = len(group.nodes)
            parts.append(f"{count} node{'s' if count > 1 else ''}: {group.text}")
    if not parts and groups:
        parts.append(groups[0].text)
    return "; ".join(parts[:4]) + (f"; and {len(parts) - 4} more reasons" if len(parts) > 4 else "")


RULE_IN_WORDS: Mapping[str, str] = {
    "InUse": "in use",
    "BindingConditions": "with binding conditions",
    "Class": "not of the class",
    "Request": "that the request does not select",
    "Error": "on which an expression fails",
    "OtherNode": "for other nodes",
    "Capacity": "without the capacity",
    "NodeOperations": "that the node cannot use",
    "Partitions": "that are partitions",
    "CompatibilityGroups": "incompatible with what is in use",
    "Counter": "without counters left",
    "Taint": "tainted",
    "Constraint": "without the constraint's attribute",
}
