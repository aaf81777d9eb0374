"""Remembering dead ends changes how long a search takes, and nothing else."""

from __future__ import annotations

import pytest
from dra_core.allocation import search
from dra_core.allocation.allocate import Unallocated
from dra_core.allocation.question import read_question
from dra_core.snapshot.json_value import Json
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.oracle.questions import FEATURES, JsonDict, examples, questions
from tests.integration.oracle.table.building import (
    MODEL,
    claim,
    counters,
    device,
    distinct,
    every,
    first,
    match,
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
    _answers_alike(generated)


def _answers_alike(generated: JsonDict) -> None:
    question = read(generated)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "REMEMBERING_FROM", -1)
        remembering = answer(question, budget=5_000)
        patch.setattr(search, "REMEMBERING_FROM", 10**9)
        walking = answer(question, budget=5_000)
    assert remembering == walking or (isinstance(walking, Unallocated) and bool(walking.gave_up))


def _alike(count: int, kinds: int) -> list[JsonDict]:
    return [device(f"d{i}", attributes={"model": {"string": f"m{i % kinds}"}}) for i in range(count)]


SHARED: JsonDict = {"allowMultipleAllocations": True}
ADMIN: JsonDict = {"adminAccess": True}


@st.composite
def crowds(draw: st.DrawFn) -> JsonDict:
    """A few devices that are nearly alike, and several claims that want them, with admin access or all of them."""
    devices = []
    for number in range(draw(st.integers(2, 6))):
        fields: JsonDict = {"attributes": {"model": {"string": draw(st.sampled_from("xy"))}}}
        units = draw(st.sampled_from([None, "1", "2"]))
        if units is not None:
            fields["consumesCounters"] = [takes("set", units=units)]
        devices.append(device(f"d{number}", **fields, **draw(st.sampled_from([{}, {}, SHARED, shared("3")]))))
    claims = []
    for number in range(draw(st.integers(1, 3))):
        requests: list[JsonDict] = []
        for name in draw(st.sampled_from([("r0",), ("r0", "r1")])):
            admin: JsonDict = draw(st.sampled_from([{}, ADMIN]))
            one = want(name, draw(st.integers(1, 3)), **admin)
            listed = first(name, want("k0", draw(st.integers(1, 2))), want("k1", draw(st.sampled_from([2, 33]))))
            requests.append(draw(st.sampled_from([one, one, every(name, **admin), listed])))
        constraints = [kind(MODEL, *names) for kind in (match, distinct) for names in ((), ("r0",))]
        chosen = draw(st.lists(st.sampled_from(constraints), max_size=1))
        claims.append(claim(*requests, name=f"claim-{number}", constraints=chosen))
    return _drawing_from(devices, draw(st.integers(2, 9)), *claims)


def _drawing_from(devices: list[JsonDict], units: int, *claims: JsonDict) -> JsonDict:
    counting = part(name="t", count=2, sharedCounters=sets(set=counters(units=str(units))))
    question = table_question([part(devices, count=2), counting], *claims)
    return {**question, "name": "crowd", "features": dict.fromkeys(FEATURES, True)}


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(crowds())
def test_the_answer_is_that_of_the_whole_walk_where_claims_crowd(generated: JsonDict) -> None:
    _answers_alike(generated)


@pytest.mark.parametrize(
    "question",
    [
        pytest.param(
            _drawing_from(
                [device(f"d{i}", consumesCounters=[takes("set", units=units)]) for i, units in enumerate("211")],
                5,
                claim(want("r", 1, adminAccess=True), name="claim-0"),
                claim(want("r", 2, adminAccess=True), name="claim-1"),
                claim(want(), name="claim-2"),
            ),
            id="admin access charges counters for every claim",
        ),
        pytest.param(
            _drawing_from(
                [*_alike(2, 1), device("d2")], 1, claim(want("r0"), every("r1"), constraints=[distinct(MODEL)])
            ),
            id="a constraint in the way of all devices is an error, if none before it is in use",
        ),
    ],
)
def test_what_led_nowhere_is_not_taken_for_more_than_it_was(question: JsonDict) -> None:
    _answers_alike(question)


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
