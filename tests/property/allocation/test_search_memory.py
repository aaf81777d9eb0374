"""Remembering dead ends changes how long a search takes, and nothing else."""

from __future__ import annotations

import pytest
from dra_core.allocation import search
from dra_core.allocation.allocate import Unallocated
from dra_core.allocation.question import read_question
from dra_core.snapshot.json_value import Json
from hypothesis import HealthCheck, given, settings

from tests.integration.oracle.questions import JsonDict, examples, questions
from tests.property.allocation.test_result_laws import answer, read


@settings(max_examples=examples(30), deadline=None, suppress_health_check=list(HealthCheck))
@given(generated=questions())
def test_the_answer_is_that_of_the_whole_walk(generated: JsonDict) -> None:
    question = read(generated)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "REMEMBERING_FROM", -1)
        remembering = answer(question, budget=5_000)
        patch.setattr(search, "REMEMBERING_FROM", 10**9)
        walking = answer(question, budget=5_000)
    assert remembering == walking or (isinstance(walking, Unallocated) and bool(walking.gave_up))


def test_a_hopeless_search_ends_soon() -> None:
    """Five pairs out of nine devices: many ways to fail, and few states."""
    devices: list[Json] = [{"name": f"d{i}"} for i in range(9)]
    request: Json = {"deviceClassName": "c", "allocationMode": "ExactCount", "count": 2}
    requests: list[Json] = [{"name": f"r{i}", "exactly": request} for i in range(5)]
    question = read_question(
        {
            "name": "hopeless",
            "features": {},
            "node": {"metadata": {"name": "n"}},
            "deviceClasses": [{"metadata": {"name": "c"}, "spec": {}}],
            "resourceSlices": [
                {
                    "metadata": {"name": "s"},
                    "spec": {
                        "driver": "d",
                        "nodeName": "n",
                        "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1},
                        "devices": devices,
                    },
                }
            ],
            "allocated": {},
            "claims": [{"metadata": {"name": "claim"}, "spec": {"devices": {"requests": requests}}}],
        }
    ).unwrap()
    assert answer(question) == Unallocated()
