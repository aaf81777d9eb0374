"""explain and the allocator never disagree, and whatever explain suggests makes the pod fit."""

from __future__ import annotations

import msgspec
from dra_core.allocation.allocate import Allocation, Wrong, allocate
from dra_core.allocation.cel_language import CelLanguage
from dra_core.allocation.selectors import Questions
from dra_core.planning import Cluster, ClusterSnapshot, apply_changes, explain_pod
from dra_core.planning.evaluation import resource_refusal
from dra_core.planning.node_rules import static_refusal
from dra_core.snapshot.pod import Pod
from hypothesis import given
from hypothesis import strategies as st

from tests.property.planning.clusters import snapshots, wanting_pod

LANGUAGE = CelLanguage()
PODS = st.builds(
    wanting_pod,
    st.just("wants"),
    st.sampled_from(["1", "1", "2", "5"]),
    st.sampled_from([None, None, None, {"zone": "a"}]),
)


def allocatable_nodes(snapshot: ClusterSnapshot, pod: Pod) -> set[str]:
    """The truth: the allocator asked on each node by itself."""
    cluster = Cluster(snapshot, LANGUAGE)
    questions = Questions(LANGUAGE)
    claims = [item.claim for item in cluster.claims_of(pod).open]
    found: set[str] = set()
    for node in cluster.nodes:
        used = cluster.used.get(node.metadata.name, {})
        wanted = cluster.node_requests(pod)
        if static_refusal(pod.spec, node) or resource_refusal(wanted, cluster.offers(node), used):
            continue
        answer = allocate(
            cluster.inventory, cluster.allocated, node, claims, cluster.classes, questions, share_ids=lambda: "id"
        )
        if isinstance(answer, Wrong) and not answer.node_only:
            return set()
        if isinstance(answer, Allocation):
            found.add(node.metadata.name)
    return found


@given(snapshots(), PODS)
def test_explain_says_that_a_pod_fits_exactly_where_the_allocator_does(snapshot: ClusterSnapshot, pod: Pod) -> None:
    explanation = explain_pod(Cluster(snapshot, LANGUAGE), pod)
    assert set(explanation.fitting) == allocatable_nodes(snapshot, pod)
    assert explanation.verdict == ("Fits" if explanation.fitting else "DoesNotFit")


@given(snapshots(), PODS)
def test_every_suggestion_makes_the_pod_fit_where_it_says(snapshot: ClusterSnapshot, pod: Pod) -> None:
    explanation = explain_pod(Cluster(snapshot, LANGUAGE), pod)
    for suggestion in explanation.suggestions:
        changed, changed_pod = apply_changes(snapshot, pod, suggestion.changes)
        assert set(suggestion.nodes) == allocatable_nodes(changed, changed_pod) != set()


@given(snapshots(), PODS)
def test_every_node_is_in_exactly_one_group(snapshot: ClusterSnapshot, pod: Pod) -> None:
    explanation = explain_pod(Cluster(snapshot, LANGUAGE), pod)
    named = [name for group in explanation.groups for name in group.nodes]
    assert sorted(named) == sorted(node.metadata.name for node in snapshot.nodes)
    assert explanation.headline
    assert msgspec.json.encode(explanation)
