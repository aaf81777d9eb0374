"""``kubectl dra`` beside the real scheduler: it names the reasons of a refusal, and predicts what is chosen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from dra_core.snapshot.json_value import Json, JsonObject, list_at, object_at, text_at

from tests.e2e.planned import (
    ATTRIBUTES,
    CLAIMS,
    DRIVER,
    MODEL_B,
    PODS,
    SPACE,
    Planned,
    claim,
    claim_spec,
    first_of,
    planning_nodes,
    pod,
    refusal_of,
)
from tests.e2e.world import World, eventually


@pytest.fixture(scope="module")
def planned(world: World) -> Iterator[Planned]:
    with planning_nodes(world) as found:
        yield found


# Name → the pod, its claim, and where in the explanation the reason must be: a rule, or a fault's code.
CATALOGUE: dict[str, tuple[JsonObject, JsonObject, str]] = {
    "no-such-class": (pod("no-such-class"), claim_spec(deviceClassName="planning.example.co"), "ClassMissing"),
    "no-such-model": (pod("no-such-model"), claim_spec(f"{ATTRIBUTES}.model == 'Z'"), "Request"),
    "failing": (pod("failing"), claim_spec(f"{ATTRIBUTES}.absent == 'x'"), "Error"),
    "too-many": (pod("too-many"), claim_spec(count=5), "Devices"),
    "too-much-capacity": (pod("too-much-capacity"), claim_spec(capacity={"requests": {"memory": "80Gi"}}), "Capacity"),
    "tainted": (
        pod("tainted", nodeSelector={"kubernetes.io/hostname": "planning-3"}),
        claim_spec(MODEL_B),
        "Taint",
    ),
    "unlike": (
        pod("unlike", nodeSelector={"kubernetes.io/hostname": "planning-2"}),
        claim_spec(count=3, constraints=[{"matchAttribute": f"{DRIVER}/model"}]),
        "Devices",
    ),
    "counters": (
        pod("counters", nodeSelector={"kubernetes.io/hostname": "planning-4"}),
        claim_spec(count=3),
        "Devices",
    ),
    "too-much-cpu": (pod("too-much-cpu", cpu="17"), claim_spec(), "Resources"),
    "wrong-selector": (pod("wrong-selector", nodeSelector={"planning": "no"}), claim_spec(), "NodeSelector"),
}


@pytest.mark.parametrize("name", CATALOGUE)
def test_explain_names_the_reason_for_which_the_real_scheduler_refuses(planned: Planned, name: str) -> None:
    value, spec, reason = CATALOGUE[name]
    try:
        planned.create(value, spec)
        refusal = refusal_of(planned.decided(name))
        assert refusal, "the scheduler placed the pod"
        explanation = planned.dra("explain", "pod", name)
        assert explanation["verdict"] == "DoesNotFit"
        told = {text_at(fault, "code") for fault in list_at(explanation, "faults")}
        for group in list_at(explanation, "groups"):
            told.add(text_at(group, "rule"))
            for account in list_at(group, "account", "requests"):
                told |= {text_at(item, "rule") for item in list_at(account, "refused")}
        assert reason in told, f"{refusal}\n{text_at(explanation, 'headline')}"
    finally:
        planned.end(name)


def test_explain_says_who_holds_what_the_real_scheduler_misses(planned: Planned) -> None:
    holding = claim_spec(f"{ATTRIBUTES}.model == 'A'", count=4)
    wanting = claim_spec(f"{ATTRIBUTES}.model == 'A'", count=3)
    try:
        planned.create(pod("holding"), holding)
        assert planned.node_of("holding") == "planning-1"
        planned.create(pod("wanting"), wanting)
        assert refusal_of(planned.decided("wanting"))
        explanation = planned.dra("explain", "pod", "wanting")
        texts = [text_at(item, "text") for item in list_at(explanation, "suggestions")]
        assert f"wait for, or end, {SPACE}/holding (pod holding): planning-1 fits" in texts
        planned.end("holding")
        eventually("the pod's turn", lambda: bool(text_at(planned.api.get(f"{PODS}/wanting"), "spec", "nodeName")))
    finally:
        planned.end("holding", "wanting")


MIXED: list[tuple[JsonObject, JsonObject]] = [
    (pod(f"mixed-{i}", cpu, memory), spec)
    for i, (cpu, memory, spec) in enumerate(
        (cpu, memory, spec)
        for cpu, memory in (("1", "1Gi"), ("500m", "4Gi"), ("2", "512Mi"), ("250m", "2Gi"), ("1", "8Gi"))
        for spec in (
            claim_spec(),
            claim_spec(MODEL_B),
            claim_spec(count=2),
            claim_spec(f"{ATTRIBUTES}.model == 'P'"),
            claim_spec(f"{ATTRIBUTES}.model == 'S'", capacity={"requests": {"memory": "5Gi"}}),
            claim_spec(MODEL_B, tolerations=[{"operator": "Exists"}]),
            claim_spec(count=2, constraints=[{"matchAttribute": f"{DRIVER}/model"}]),
            claim_spec(f"{ATTRIBUTES}.model == 'A'", allocationMode="All"),
            first_of(
                {"name": "b", "deviceClassName": DRIVER, "selectors": [{"cel": {"expression": MODEL_B}}]},
                {"name": "any", "deviceClassName": DRIVER},
            ),
            claim_spec(capacity={"requests": {"memory": "30Gi"}}),
        )
    )
]


def results_of(value: JsonObject) -> list[tuple[str, str, str]]:
    """What a claim got: request, pool, device."""
    results = list_at(value, "status", "allocation", "devices", "results")
    return [(text_at(item, "request"), text_at(item, "pool"), text_at(item, "device")) for item in results]


@pytest.mark.timeout(900, func_only=True)
def test_plan_predicts_what_the_real_scheduler_does_with_fifty_pods(planned: Planned, tmp_path: Path) -> None:
    """Given what it chose so far, the next node is among those that tie, and the devices are those there."""
    assert len(MIXED) == 50
    before, path, placed, drawn = tmp_path / "before.json", tmp_path / "pod.json", 0, 0

    def predict(value: JsonObject, spec: JsonObject) -> JsonObject:
        items: list[Json] = [claim(text_at(value, "metadata", "name"), spec), value]
        path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
        return planned.offline(
            "plan",
            "pod",
            text_at(value, "metadata", "name"),
            "-f",
            str(before),
            "-f",
            str(path),
            "-n",
            SPACE,
            "-o",
            "json",
        )

    try:
        for value, spec in MIXED:
            name = text_at(value, "metadata", "name")
            before.write_text(json.dumps(planned.dra("snapshot")))
            predicted = predict(value, spec)
            planned.create(value, spec)
            choices = list_at(predicted, "placed")
            node_name = planned.node_of(name, fits=bool(choices))
            assert bool(choices) == bool(node_name), f"{name} is on {node_name!r}; {list_at(predicted, 'pending')}"
            if not node_name:
                planned.end(name)
                continue
            placed += 1
            tied = list_at(choices[0], "tiedNodes") or [text_at(choices[0], "node")]
            assert node_name in tied, f"{name}: predicted {tied}, the scheduler chose {node_name}"
            drawn += len(tied) > 1
            selector: JsonObject = {"planning": "yes", "kubernetes.io/hostname": node_name}
            there = predict({**value, "spec": {**object_at(value, "spec"), "nodeSelector": selector}}, spec)
            made = object_at(list_at(list_at(there, "placed")[0], "claims")[0])
            assert results_of(planned.api.get(f"{CLAIMS}/{name}")) == results_of(made), name
        assert placed > 10
        assert drawn < placed  # where one node is best alone, it was the one
    finally:
        planned.end(*(text_at(value, "metadata", "name") for value, _ in MIXED))
