"""What would make a pod fit, each tried before it is said.

Candidates come from what refused: selectors, classes, taints, counts, capacities, constraints, claims of others, and
filters of nodes. Each is applied to the snapshot and every node is asked anew; only what then fits is suggested. If
nothing alone helps, pairs are tried.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from dra_core.allocation.allocated import Allocated
from dra_core.allocation.planner import Planner
from dra_core.allocation.pools import Candidate
from dra_core.allocation.requests import Condition, Request, read_claims
from dra_core.allocation.search import Solution
from dra_core.allocation.taints import preventing
from dra_core.planning.changes import (
    Change,
    DropClassSelector,
    DropConstraint,
    DropNodeSelector,
    DropPodAffinity,
    DropSelector,
    DropTopologySpread,
    EndPod,
    LowerCapacity,
    LowerCount,
    ReleaseClaim,
    TolerateNodeTaint,
    TolerateTaint,
    Uncordon,
    UseClass,
    apply_changes,
)
from dra_core.planning.evaluation import Evaluation, evaluate
from dra_core.planning.neighbours import required_terms, spread_constraints
from dra_core.planning.node_groups import NodeGroup
from dra_core.planning.node_rules import taint_in_words
from dra_core.planning.pod_claims import PodClaim, Reference, close_name
from dra_core.snapshot.node import Node, NodeTaint
from dra_core.snapshot.quantity import Quantity, canonical

MOST_TRIES = 24  # evaluations of the whole cluster for one explanation
MOST_PAIRS = 15
MOST_SUGGESTIONS = 8
STEPS_PER_TRY = 200_000
MOST_HOLDERS = 3  # pods that stand in the way by port or anti-affinity
MOST_RELEASES = 8  # claims of others in one suggestion
NODES_FOR_RELEASE = 3  # nodes for which it is looked how few claims would have to go


_NAMED = re.compile(r"""(?:attributes|capacity)\s*\[[^\]]*\](?:\s*\.\s*|\s*\[\s*["'])(\w+)""")  # after the domain


class Suggestion(msgspec.Struct, frozen=True, rename="camel"):
    """Something that makes the pod fit.

    Attributes:
        text: What to do, and how many nodes fit then.
        changes: The same as changes to the snapshot.
        nodes: The nodes that fit then.
    """

    text: str
    changes: tuple[Change, ...]
    nodes: tuple[str, ...]


class _Idea(msgspec.Struct, frozen=True):
    """A change that may help; ``words`` say it as an advice."""

    words: str
    change: Change


def suggestions_for(evaluation: Evaluation, groups: tuple[NodeGroup, ...]) -> tuple[Suggestion, ...]:
    """What would make a pod fit that fits nowhere: what changes the least first."""
    if evaluation.claims.faults or evaluation.fitting:
        return ()
    ideas = list(_unique(itertools.chain(_spec_ideas(evaluation, groups), _node_ideas(evaluation))))
    found: list[Suggestion] = []
    tries = 0
    done: set[tuple[str, str]] = set()  # of counts and capacities, the first that fits is the best
    for idea in ideas:
        series = _series(idea.change)
        if series in done:
            continue
        if tries >= MOST_TRIES or len(found) >= MOST_SUGGESTIONS:
            break
        tries += 1
        suggestion = _tried(evaluation, (idea,))
        if suggestion is not None:
            found.append(suggestion)
            if series is not None:
                done.add(series)
    found += _releases(evaluation)
    if not found:
        for pair in itertools.islice(itertools.combinations(ideas, 2), MOST_PAIRS):
            suggestion = _tried(evaluation, pair)
            if suggestion is not None:
                found.append(suggestion)
                break
    return tuple(found[:MOST_SUGGESTIONS])


def _tried(evaluation: Evaluation, ideas: Iterable[_Idea]) -> Suggestion | None:
    ideas = tuple(ideas)
    changes = tuple(idea.change for idea in ideas)
    snapshot, pod = apply_changes(evaluation.cluster.snapshot, evaluation.pod, changes)
    after = evaluate(evaluation.cluster.having(snapshot), pod, budget=STEPS_PER_TRY)
    names = tuple(node.metadata.name for node in after.fitting)
    if not names:
        return None
    return Suggestion(f"{' and '.join(idea.words for idea in ideas)}: {_fit(names)}", changes, names)


def _fit(names: tuple[str, ...]) -> str:
    return f"{names[0]} fits" if len(names) == 1 else f"{len(names)} nodes fit"


def _series(change: Change) -> tuple[str, str] | None:
    if isinstance(change, LowerCount):
        return change.request, ""
    return (change.request, change.name) if isinstance(change, LowerCapacity) else None


def _unique(ideas: Iterable[_Idea]) -> Iterator[_Idea]:
    seen: set[Change] = set()
    for idea in ideas:
        if idea.change not in seen:
            seen.add(idea.change)
            yield idea


def _places(item: PodClaim) -> tuple[Reference, ...]:
    """The claim, if it exists, and the template that makes its like."""
    claim = Reference("ResourceClaim", item.claim.metadata.namespace, item.claim.metadata.name)
    return tuple(dict.fromkeys((item.written, *((claim,) if item.exists else ()))))


def _spec_ideas(evaluation: Evaluation, groups: tuple[NodeGroup, ...]) -> Iterator[_Idea]:
    cluster = evaluation.cluster
    editable = [item for item in evaluation.claims.open if item.written.kind != "Pod"]
    read = read_claims([item.claim for item in editable], cluster.classes, cluster.features, cluster.questions)
    # Nodes with the same error may lack different devices: only one of them has been looked at.
    troubled = (
        set()
        if any(group.rule == "Error" for group in groups)
        else {
            (account.claim, account.request)
            for group in groups
            for account in (group.account.requests if group.account is not None else ())
        }
    )
    for item, claim in zip(editable, read, strict=True):
        places = _places(item)
        for alternatives in claim.requests:
            for request in alternatives:
                if troubled and (claim.label, request.full_name) not in troubled:
                    continue
                yield from _request_ideas(evaluation, places, request)
        for index, constraint in enumerate(claim.constraints):
            name = constraint.match_attribute or constraint.distinct_attribute
            kind = "matchAttribute" if constraint.match_attribute else "distinctAttribute"
            yield _Idea(f"drop the constraint {kind} {name}", DropConstraint(places=places, index=index))


def _request_ideas(evaluation: Evaluation, places: tuple[Reference, ...], request: Request) -> Iterator[_Idea]:
    name = request.full_name
    yield from _class_ideas(evaluation, places, request)
    own = [condition for condition in request.conditions if not condition.of_class]
    for index, condition in enumerate(own):
        words = f"drop the selector {_topic(condition.expression, own)} of request {name}"
        yield _Idea(words, DropSelector(places=places, request=name, index=index))
    for key, value, effect in _blocking_taints(evaluation, request):
        words = f"tolerate {taint_in_words(NodeTaint(key=key, value=value, effect=effect))} in request {name}"
        yield _Idea(words, TolerateTaint(places=places, requests=(name,), key=key, value=value, effect=effect))
    for count in range(request.count - 1, 0, -1):
        words = f"ask for {count} instead of {request.count} devices in request {name}"
        yield _Idea(words, LowerCount(places=places, request=name, count=count))
    for capacity, asked in (request.capacity or {}).items():
        for amount in _amounts_left(evaluation, capacity, asked):
            words = f"ask for {capacity} {amount} instead of {asked} in request {name}"
            yield _Idea(words, LowerCapacity(places=places, request=name, name=capacity, value=amount))
    if request.device_class is not None:
        for index, condition in enumerate(item for item in request.conditions if item.of_class):
            class_name = request.device_class.metadata.name
            words = f"drop the selector {shortened(condition.expression)} of class {class_name}"
            yield _Idea(words, DropClassSelector(device_class=class_name, index=index))


def _class_ideas(evaluation: Evaluation, places: tuple[Reference, ...], request: Request) -> Iterator[_Idea]:
    """Another class where the one that is named does not exist."""
    if request.device_class is not None:
        return
    classes = evaluation.cluster.classes
    named = asked_class(evaluation, request)
    close = close_name(named, classes)
    others = [name for name in classes if name != close]
    for other in ((close,) if close else ()) + (tuple(others) if len(others) <= 3 else ()):
        words = f"use class {other} instead of {named} in request {request.full_name}"
        yield _Idea(words, UseClass(places=places, request=request.full_name, device_class=other))


def asked_class(evaluation: Evaluation, request: Request) -> str:
    """The name of the class that a request asks for, whether it exists or not."""
    claim = evaluation.open_claims[request.claim] if request.claim < len(evaluation.open_claims) else None
    for item in claim.spec.devices.requests if claim is not None else ():
        for part in (item.exactly, *item.first_available):
            name = f"{item.name}/{getattr(part, 'name', '')}" if item.first_available else item.name
            if part is not None and name == request.full_name:
                return part.device_class_name
    return ""


def _candidates(evaluation: Evaluation) -> Iterator[Candidate]:
    for node in evaluation.asked:
        yield from evaluation.cluster.inventory.for_node(node).candidates


def _blocking_taints(evaluation: Evaluation, request: Request) -> list[tuple[str, str, str]]:
    """Taints that keep the request away from devices, the most frequent first."""
    counts: dict[tuple[str, str, str], int] = {}
    if evaluation.cluster.features.device_taints:
        for candidate in _candidates(evaluation):
            taint = preventing(candidate.device, request.tolerations) if candidate.device.blocking else None
            if taint is not None:
                key = (taint.key, taint.value, taint.effect)
                counts[key] = counts.get(key, 0) + 1
    return sorted(counts, key=lambda key: -counts[key])[:4]


def _amounts_left(evaluation: Evaluation, name: str, asked: Quantity) -> list[str]:
    """Amounts of the capacity that devices have left and that are less than what is asked for; the largest first."""
    consumed = evaluation.cluster.allocated.consumed
    left: set[int] = set()
    for candidate in _candidates(evaluation):
        device = candidate.device
        capacity = device.capacity.get(name) or device.capacity.get(f"{device.id[0]}/{name}")
        if capacity is None:
            continue
        used = consumed.get(device.id, {})
        left.add(capacity.value.nanos - used.get(name, 0))
        if capacity.policy is not None and capacity.policy.valid_values:
            left |= {value.nanos for value in capacity.policy.valid_values}
    below = sorted((amount for amount in left if 0 < amount < asked.nanos), reverse=True)
    return [canonical(amount, asked.format) for amount in below[:4]]


def _node_ideas(evaluation: Evaluation) -> Iterator[_Idea]:
    """What would open further nodes."""
    rules: dict[str, int] = {}
    taints: dict[NodeTaint, int] = {}
    for _, refusal in evaluation.refused:
        rules[refusal.rule] = rules.get(refusal.rule, 0) + 1
        if refusal.taint is not None:
            taints[refusal.taint] = taints.get(refusal.taint, 0) + 1
    for taint in sorted(taints, key=lambda item: -taints[item])[:4]:
        words = f"let the pod tolerate the node taint {taint_in_words(taint)}"
        yield _Idea(words, TolerateNodeTaint(key=taint.key, value=taint.value, effect=taint.effect))
    if "NodeSelector" in rules:
        for key, value in evaluation.pod.spec.node_selector.items():
            yield _Idea(f"drop the nodeSelector {key}={value}", DropNodeSelector(key=key))
        affinity = evaluation.pod.spec.affinity
        if affinity is not None and affinity.node_affinity is not None:
            yield _Idea("drop the node affinity", DropNodeSelector(key=""))
    yield from _ideas_about_others(evaluation, rules)
    cordoned = [node for node, refusal in evaluation.refused if refusal.rule == "Cordon"]
    for node in cordoned[:3]:
        yield _Idea(f"uncordon {node.metadata.name}", Uncordon(node=node.metadata.name))


def _ideas_about_others(evaluation: Evaluation, rules: Mapping[str, int]) -> Iterator[_Idea]:
    """What would help where other pods keep the pod away."""
    pod = evaluation.pod
    for index, constraint in enumerate(pod.spec.topology_spread_constraints):
        if "TopologySpread" in rules and constraint in spread_constraints(pod):
            words = f"drop the topology spread constraint over {constraint.topology_key}"
            yield _Idea(words, DropTopologySpread(index=index))
    for rule, anti, what in (("PodAffinity", False, "affinity to"), ("PodAntiAffinity", True, "anti-affinity to")):
        for index, term in enumerate(required_terms(pod, anti=anti) if rule in rules else ()):
            words = f"drop the required {what} pods in the same {term.topology_key}"
            yield _Idea(words, DropPodAffinity(anti=anti, index=index))
    holders = dict.fromkeys(refusal.holder for _, refusal in evaluation.refused if refusal.holder)
    for holder in itertools.islice(holders, MOST_HOLDERS):
        namespace, _, name = holder.partition("/")
        yield _Idea(f"wait for, or end, pod {holder}", EndPod(pod=Reference("Pod", namespace, name)))


def _releases(evaluation: Evaluation) -> Iterator[Suggestion]:
    """Which claims of others would have to end, on the node where these are the fewest."""
    cluster = evaluation.cluster
    own = {(item.claim.metadata.namespace, item.claim.metadata.name) for item in evaluation.claims.claims}
    by_node: list[tuple[int, int, tuple[str, ...]]] = []
    for number, node in enumerate(evaluation.asked):
        held = dict.fromkeys(
            holder.claim
            for candidate in cluster.inventory.for_node(node).candidates
            for holder in cluster.holders.get(candidate.device.id, ())
            if not holder.result.admin_access
        )
        if held:
            by_node.append((len(held), number, tuple(held)))
    best: tuple[str, ...] | None = None
    for _, number, names in sorted(by_node)[:NODES_FOR_RELEASE]:
        others = [name for name in names if tuple(name.split("/", 1)) not in own]
        needed = _fewest(evaluation, evaluation.asked[number], others)
        if needed is not None and (best is None or len(needed) < len(best)):
            best = needed
    if best is None or len(best) > MOST_RELEASES:
        return
    holders = {holder.claim: holder for holding in cluster.holders.values() for holder in holding}
    words = ", ".join(holders[name].text for name in best)
    suggestion = _tried(evaluation, [_Idea(words, _release(name)) for name in best])
    if suggestion is not None:
        text = f"wait for, or end, {words}: {_fit(suggestion.nodes)}"
        yield msgspec.structs.replace(suggestion, text=text)


def _fewest(evaluation: Evaluation, node: Node, names: Sequence[str]) -> tuple[str, ...] | None:
    """A set of the claims without which the pod fits on the node, none of it dispensable; None if there is none."""
    if len(names) > 4 * MOST_RELEASES or not _fits_without(evaluation, node, names):
        return None
    needed = list(names)
    for name in names:
        fewer = [item for item in needed if item != name]
        if fewer and _fits_without(evaluation, node, fewer):
            needed = fewer
    return tuple(needed)


def _fits_without(evaluation: Evaluation, node: Node, names: Sequence[str]) -> bool:
    """Whether the node alone, with only its pools' claims less these, has the devices."""
    cluster = evaluation.cluster
    staying = dict.fromkeys(
        holder.claim
        for candidate in cluster.inventory.for_node(node).candidates
        for holder in cluster.holders.get(candidate.device.id, ())
        if holder.claim not in names
    )
    claims = (cluster.claim(*name.split("/", 1)) for name in staying)
    held = Allocated().with_claims(claim for claim in claims if claim is not None)
    planner = Planner(cluster.inventory, (node,), cluster.classes, cluster.questions, held, STEPS_PER_TRY)
    return isinstance(planner.everywhere(evaluation.open_on(node))[0], Solution)


def _release(name: str) -> ReleaseClaim:
    namespace, _, claim = name.partition("/")
    return ReleaseClaim(claim=Reference("ResourceClaim", namespace, claim))


def _topic(expression: str, conditions: Sequence[Condition]) -> str:
    """``on model`` where only this selector looks at that attribute or capacity, and at no other; else its text."""
    named = [frozenset(_NAMED.findall(condition.expression)) for condition in conditions]
    mine = frozenset(_NAMED.findall(expression))
    if len(mine) == 1 and named.count(mine) == sum(bool(names & mine) for names in named) == 1:
        return f"on {next(iter(mine))}"
    return shortened(expression)


def shortened(expression: str, most: int = 60) -> str:
    """An expression in quotes, in one line, its middle left out if it is long."""
    line = " ".join(expression.split())
    return f"'{line}'" if len(line) <= most else f"'{line[: most - 16]} … {line[-12:]}'"
