"""A planner answers for every node what asking that node alone answers, and knows what is taken."""

from __future__ import annotations

import msgspec
from dra_core.allocation.allocate import Allocation, Wrong, allocate
from dra_core.allocation.cel_language import CelLanguage
from dra_core.allocation.inventory import Inventory
from dra_core.allocation.planner import Planner
from dra_core.allocation.search import Solution
from dra_core.allocation.selectors import Questions
from dra_core.snapshot.metadata import ObjectMeta
from hypothesis import HealthCheck, given, settings

from tests.integration.oracle.questions import JsonDict, examples, questions
from tests.property.allocation.test_result_laws import QUESTIONS, read


@settings(max_examples=examples(30), deadline=None, suppress_health_check=list(HealthCheck))
@given(generated=questions())
def test_a_planner_answers_as_each_node_does(generated: JsonDict) -> None:
    question = read(generated)
    inventory = Inventory(question.slices, question.features)
    other = msgspec.structs.replace(question.node, metadata=ObjectMeta(name="node-2", labels={"zone": "west"}))
    nodes = (question.node, other)
    planner = Planner(inventory, nodes, question.classes, QUESTIONS, question.allocated, budget=5_000)
    allocated = question.allocated
    for _ in range(2):
        answers = planner.everywhere(question.claims)
        for node, number, said in zip(nodes, range(2), answers, strict=True):
            alone = allocate(
                inventory, allocated, node, question.claims, question.classes, Questions(CelLanguage()),
                share_ids=lambda: "share", budget=5_000,
            )  # fmt: skip
            if isinstance(said, Solution):
                placement = planner.placement(number, said)
                results = planner.results(placement, question.claims, lambda: "share")
                assert results == (alone.results if isinstance(alone, Allocation) else getattr(alone, "text", None))
            else:
                assert not isinstance(alone, Allocation)
                assert isinstance(said, Wrong) == isinstance(alone, Wrong)
        first = planner.first_fit(question.claims)
        if first is None or isinstance(first, Wrong):
            return
        results = planner.results(first, question.claims, lambda: "share")
        if isinstance(results, str):
            return
        planner.take(first)
        given_away = [
            msgspec.structs.replace(claim, status=msgspec.structs.replace(claim.status, allocation=result))
            for claim, result in zip(question.claims, results, strict=True)
        ]
        allocated = allocated.with_claims(given_away)
