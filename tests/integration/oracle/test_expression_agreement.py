"""Expressions are compiled, refused and evaluated as by kube-scheduler's library."""

from __future__ import annotations

from pathlib import Path

import pytest
from dra_core.snapshot.json_value import Json, text_at

from tests.integration.oracle import expressions
from tests.integration.oracle.agreement import Oracle, read_lines

RECORDED = read_lines(Path(__file__).parent / "recorded_expressions.jsonl")


def _name(case: dict[str, Json]) -> str:
    return text_at(case, "expression")


@pytest.mark.parametrize("case", RECORDED, ids=_name)
def test_agrees_with_what_the_oracle_once_said(case: dict[str, Json]) -> None:
    mine = expressions.ours(str(case["expression"]), derived=case["derived"] is True)
    assert expressions.comparable(mine) == case["answer"]
    if case["costs"] is not None and "outputType" in mine:
        assert expressions.costs(mine) == case["costs"]


def test_the_oracle_still_says_so(expression_oracle: Oracle) -> None:
    """A recorded answer that the library no longer gives is found out."""
    for case in RECORDED:
        question = expressions.question(str(case["expression"]), derived=case["derived"] is True)
        assert expressions.comparable(expression_oracle.ask(question)) == case["answer"]
