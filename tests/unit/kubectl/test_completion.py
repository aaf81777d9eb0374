"""Completion as kubectl asks for it."""

from __future__ import annotations

import pytest
from dra_kubectl.completion import completions


@pytest.mark.parametrize(
    ("words", "unfinished", "lines"),
    [
        ([], "ca", ["capacity\tSay how many more pods of a workload fit...", ":4"]),
        (["plan", "--policy"], "t", ["topology", ":4"]),
        (["status", "-o"], "js", ["json", ":4"]),
        (["lint", "-f"], "some", [":0"]),
    ],
)
def test_words_are_completed(words: list[str], unfinished: str, lines: list[str]) -> None:
    assert completions(words, unfinished).splitlines() == lines
