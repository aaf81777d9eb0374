"""The allocator answers as kube-scheduler's library does: results, errors and "does not fit"."""

from __future__ import annotations

from pathlib import Path

import pytest
from dra_core.allocation.cel_language import CelLanguage
from dra_core.snapshot.json_value import Json, JsonObject, object_at, text_at
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.oracle.agreement import Oracle, comparable, gave_up, is_stable, ours, possible, read_lines
from tests.integration.oracle.mutations import Mutations
from tests.integration.oracle.questions import JsonDict, examples, questions
from tests.integration.oracle.table import cases

HERE = Path(__file__).parent
RECORDED = read_lines(HERE / "recorded.jsonl")
REGRESSIONS = read_lines(HERE / "regressions.jsonl")
TABLE = {text_at(answer, "name"): answer for answer in read_lines(HERE / "table.jsonl")}
LANGUAGE = CelLanguage()
MUTATIONS = Mutations([*cases(), *(dict(object_at(case, "question")) for case in (*REGRESSIONS, *RECORDED))])


def _name(case: JsonObject) -> str:
    return text_at(case, "question", "name")


@pytest.mark.parametrize("case", [*REGRESSIONS, *RECORDED], ids=_name)
def test_agrees_with_what_the_oracle_once_said(case: dict[str, Json]) -> None:
    mine = ours(object_at(case, "question"), LANGUAGE)
    assert comparable(mine) in possible(object_at(case, "answer"))


@pytest.mark.parametrize("question", list(cases()), ids=lambda question: str(question["name"]))
def test_agrees_case_by_case(question: JsonDict) -> None:
    assert comparable(ours(question, LANGUAGE)) in possible(TABLE[str(question["name"])])


def _agrees(oracle: Oracle, question: JsonDict) -> None:
    mine = ours(question, LANGUAGE)
    if gave_up(mine):
        return  # nothing is claimed, so nothing can be wrong
    agrees, theirs = oracle.agrees(question, mine)
    assert agrees, f"drakit: {mine}\noracle: {theirs}"


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(question=questions())
def test_agrees_with_the_oracle_on_generated_questions(oracle: Oracle, question: JsonDict) -> None:
    _agrees(oracle, question)


@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
@given(number=st.integers(0, 2**32))
def test_agrees_with_the_oracle_on_mutants(oracle: Oracle, number: int) -> None:
    _agrees(oracle, MUTATIONS.one(number))


@pytest.mark.slow
@pytest.mark.timeout(4 * 3600)
@settings(max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(question=questions())
def test_agrees_with_the_oracle_on_many_generated_questions(oracle: Oracle, question: JsonDict) -> None:
    _agrees(oracle, question)


@pytest.mark.slow
@pytest.mark.timeout(4 * 3600)
@settings(max_examples=40_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(number=st.integers(0, 2**32))
def test_agrees_with_the_oracle_on_many_mutants(oracle: Oracle, number: int) -> None:
    _agrees(oracle, MUTATIONS.one(number))


def test_the_oracle_still_says_so(oracle: Oracle) -> None:
    """A recorded answer that the library no longer gives is found out."""
    for case in REGRESSIONS:
        question = object_at(case, "question")
        assert comparable(ours(question, LANGUAGE)) in possible(
            oracle.ask(question, 50 if is_stable(question) else 1)
        ), _name(case)
