"""What is not looked at is said where a pod uses it, and nowhere else."""

from __future__ import annotations

import pytest
from dra_core.planning import Policy, explain_pod, plan_pods, wanted_pods
from dra_core.snapshot.json_value import Json, JsonObject

from tests.unit.planning.test_features_of_clusters import cluster, node


def pod(name: str, **spec: Json) -> JsonObject:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [], **spec}}


LIKES: JsonObject = {"weight": 1, "podAffinityTerm": {"topologyKey": "zone", "labelSelector": {}}}


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({}, ""),
        ({"volumes": [{"name": "v", "emptyDir": {}}]}, ""),
        ({"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]}, "spec.volumes[0]"),
        ({"volumes": [{"name": "v", "ephemeral": {"volumeClaimTemplate": {}}}]}, "spec.volumes[0]"),
        ({"schedulerName": "volcano"}, "spec.schedulerName"),
        ({"runtimeClassName": "unknown"}, "spec.runtimeClassName"),
    ],
)
def test_explain_and_plan_say_what_they_do_not_look_at(spec: JsonObject, path: str) -> None:
    found = cluster(node("n"), pod("p", **spec))
    told = [item.path for item in explain_pod(found, found.snapshot.pods[0]).remarks if item.code == "NotModelled"]
    planned = [item.path for item in plan_pods(found, wanted_pods(found.snapshot)).remarks]
    assert told == planned == ([path] if path else [])


def test_preemption_is_told_only_where_a_pod_fits_nowhere_and_others_matter_less() -> None:
    def remarks(**spec: Json) -> list[str]:
        found = cluster(node("n"), pod("old", nodeName="n", priority=5), pod("new", **spec))
        return [item.path for item in explain_pod(found, found.snapshot.pods[1]).remarks]

    nowhere: JsonObject = {"nodeSelector": {"gone": "yes"}}
    assert remarks(priority=9, **nowhere) == ["spec.priority"]
    assert remarks(priority=5, **nowhere) == []
    assert remarks(priority=9, preemptionPolicy="Never", **nowhere) == []
    assert remarks(priority=9) == []


def test_a_plan_like_kube_schedulers_says_that_it_samples_many_nodes() -> None:
    def remarks(nodes: int, policy: Policy) -> list[str]:
        found = cluster(*(node(f"n{i}") for i in range(nodes)), pod("p"))
        return [item.seen for item in plan_pods(found, wanted_pods(found.snapshot), policy=policy).remarks]

    assert remarks(100, "scheduler") == remarks(101, "best-fit") == []
    assert "percentageOfNodesToScore" in remarks(101, "scheduler")[0]
