"""Expressions that cannot be compiled: the scheduler's words, at the scheduler's place."""

from __future__ import annotations

import pytest
from dra_core.cel.environment import COST_LIMIT, EXPRESSION_LENGTH, Environment
from dra_core.cel.expression import Fault, compile_condition

from tests.unit.cel.sample import DRIVER, GPU, asked, compiled, refused


@pytest.mark.parametrize(
    ("expression", "column", "text"),
    [
        (
            "device.driver ==",
            17,
            "Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null',"
            " NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}",
        ),
        ("nothing.here == 1", 1, "undeclared reference to 'nothing' (in container '')"),
        ("device.nothing == 1", 7, "undefined field 'nothing'"),
        (
            "device['driver'] == 'a'", 7,
            "found no matching overload for '_[_]' applied to '(kubernetes.DRADevice, string)'",
        ),
        ("device.driver == 1", 15, "found no matching overload for '_==_' applied to '(string, int)'"),
        ("device.driver.startsWith(1)", 25, "found no matching overload for 'startsWith' applied to 'string.(int)'"),
        (
            "sets.contains([1], ['a'])", 14,
            "found no matching overload for 'sets.contains' applied to '(list(int), list(string))'",
        ),
        ("[1, 'a'] == [1]", 5, "expected type 'int' but found 'string'"),
        ("{'a': 1, 'b': 'c'} == {}", 15, "expected type 'int' but found 'string'"),
        ("device.driver.matches('[')", 23, "invalid matches argument"),
        ("duration('1 hour') > duration('1s')", 10, "invalid duration argument"),
        (
            "'%d'.format(['a']) == ''", 14,
            "error during formatting: decimal clause can only be used on integers, was given string",
        ),
        ("'%d'.format([]) == ''", 12, "index 0 out of range"),
        ("has(1)", 5, "invalid argument to has() macro"),
    ],
)  # fmt: skip
def test_is_refused_at_a_place(expression: str, column: int, text: str) -> None:
    dots = "." * (column - 1)
    assert refused(expression) == f"compilation failed: ERROR: <input>:1:{column}: {text}\n | {expression}\n | {dots}^"


def test_all_faults_are_told_in_their_order() -> None:
    assert refused("[1].exists(x)").count("ERROR: <input>") == 2
    assert refused("b.c ||\n  a") == (
        "compilation failed: ERROR: <input>:1:1: undeclared reference to 'b' (in container '')\n | b.c ||\n | ^\n"
        "ERROR: <input>:2:3: undeclared reference to 'a' (in container '')\n |   a\n | ..^"
    )


def test_constants_that_cannot_be_converted_are_refused_beforehand() -> None:
    assert refused("int('x') == 1") == "program instantiation failed: type conversion error from 'string' to 'int'"
    assert refused("'a'.find('(') == ''") == (
        "program instantiation failed: error parsing regexp: missing closing ): `(`"
    )


def test_an_evaluation_ends_at_the_cost_limit() -> None:
    dear = "lists.range(1000).all(i, lists.range(1000).all(j, i + j >= 0))"
    assert asked(dear) == "operation cancelled: actual cost limit exceeded"
    assert asked(f"({dear}) || true") == "operation cancelled: actual cost limit exceeded", "nothing absorbs it"
    assert asked("lists.range(1000).all(i, i >= 0)") is True


def test_cost_is_counted_where_it_is_asked_for() -> None:
    found = compiled("device.attributes['gpu.example.com'].model == 'A100'", counted=True).evaluate(DRIVER, GPU)
    assert not isinstance(found, Fault)
    assert found.cost == 5, "device, three fields, one comparison"


def test_patterns_take_no_exponential_time() -> None:
    text = "a" * 60
    assert asked(f"'{text}!'.matches('^(a+)+$')") is False


def test_the_limits_are_those_of_the_api() -> None:
    assert (EXPRESSION_LENGTH, COST_LIMIT) == (10_240, 1_000_000)


def test_a_deep_expression_is_a_failure_and_no_crash() -> None:
    deep = compile_condition("!" * 199 + "true", Environment())
    assert deep is not None
    nested = compile_condition("(" * 300 + "true" + ")" * 300, Environment())
    assert isinstance(nested, Fault)
