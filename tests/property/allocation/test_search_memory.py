"""Remembering dead ends changes how long a search takes, and nothing else."""

from __future__ import annotations

import pytest
from dra_core.allocation import search
from dra_core.allocation.allocate import Unallocated
from dra_core.allocation.question import read_question
from dra_core.snapshot.json_value import Json
from hypothesis import HealthCheck, given, settings

from tests.integration.oracle.questions import FEATURES, JsonDict, examples, questions
from tests.integration.oracle.table.building import (
    MODEL,
    claim,
    counters,
    device,
    distinct,
    memory,
    part,
    sets,
    shared,
    takes,
    want,
)
from tests.integration.oracle.table.building import question as table_question
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


def _alike(count: int, kinds: int) -> list[JsonDict]:
    return [device(f"d{i}", attributes={"model": {"string": f"m{i % kinds}"}}) for i in range(count)]


def _drawing(count: int) -> list[JsonDict]:
    return [device(f"d{i}", consumesCounters=[takes("set", units=str(3 + i % 5))]) for i in range(count)]


HOPELESS = {
    "11-models-for-12": table_question([part(_alike(64, 11))], claim(want(count=12), constraints=[distinct(MODEL)])),
    "33-of-32-in-three-claims": table_question(
        [part(_alike(32, 32))], *(claim(want(count=11), name=f"claim-{i}") for i in range(3))
    ),
    "too-few-units": table_question(
        [part(_drawing(60), count=2), part(name="t", count=2, sharedCounters=sets(set=counters(units="50")))],
        claim(want(count=17)),
    ),
    "shares-of-one-size": table_question(
        [part([device(f"d{i}", **shared("10Gi")) for i in range(8)])],
        claim(*(want(f"r{i}", capacity=memory("6Gi")) for i in range(8)), want("more", capacity=memory("5Gi"))),
    ),
}


@pytest.mark.parametrize("case", HOPELESS.values(), ids=HOPELESS)
def test_devices_that_are_alike_are_tried_once(case: JsonDict) -> None:
    question = read({**case, "name": "hopeless", "features": dict.fromkeys(FEATURES, True)})
    assert answer(question, budget=20_000) == Unallocated()
