"""No JSON value, however odd, is more than a question or a refusal."""

from __future__ import annotations

from dra_core.allocation.question import answer_question, read_question, reasons_of, unreadable, written
from dra_core.refusal import Refusal
from dra_core.snapshot.json_value import Json
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from returns.result import Failure

from tests.integration.oracle.questions import JsonDict, examples, questions
from tests.property.allocation.test_result_laws import QUESTIONS

ODD: st.SearchStrategy[Json] = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5)
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=5), inner, max_size=2)),
    max_leaves=3,
)


def answered(value: Json) -> None:
    read = read_question(value)
    if isinstance(read, Failure):
        faults = read.failure()
        assert faults
        assert all(isinstance(fault, Refusal) for fault in faults)
        assert unreadable("x", faults)["success"] is False
        return
    question = read.unwrap()
    inventory, answer = answer_question(question, QUESTIONS, lambda: "share", 2_000)
    written(question.name, answer, reasons_of(question, inventory, answer, QUESTIONS, 2_000))


@settings(max_examples=examples(30), deadline=None, suppress_health_check=list(HealthCheck))
@given(generated=questions(), odd=ODD, data=st.data())
def test_a_question_with_something_odd_inside_is_answered_or_refused(
    generated: JsonDict, odd: Json, data: st.DataObject
) -> None:
    for _ in range(5):
        answered(_replaced(generated, odd, data))


@given(value=ODD)
def test_any_value_is_answered_or_refused(value: Json) -> None:
    answered(value)


def _replaced(value: Json, odd: Json, data: st.DataObject) -> Json:
    """The same with one part replaced somewhere."""
    if isinstance(value, dict) and value and data.draw(st.integers(0, 5)):
        key = data.draw(st.sampled_from(sorted(value)))
        return {**value, key: _replaced(value[key], odd, data)}
    if isinstance(value, list) and value and data.draw(st.integers(0, 5)):
        index = data.draw(st.integers(0, len(value) - 1))
        return [*value[:index], _replaced(value[index], odd, data), *value[index + 1 :]]
    return odd
