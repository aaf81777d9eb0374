"""Records the oracle's answers, so that tests have them without Go.

    python -m tests.integration.oracle.record ORACLE [COUNT]

Writes recorded.jsonl anew from generated questions, table.jsonl for the questions of table.py, and the answers in
regressions.jsonl and recorded_expressions.jsonl for the questions there.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from dra_core.snapshot.json_value import Json
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.integration.oracle import expressions, table
from tests.integration.oracle.agreement import MANY, Oracle, is_stable, read_lines
from tests.integration.oracle.questions import JsonDict, questions

HERE = Path(__file__).parent
RECORDED, REGRESSIONS = HERE / "recorded.jsonl", HERE / "regressions.jsonl"
TABLE = HERE / "table.jsonl"
EXPRESSIONS = HERE / "recorded_expressions.jsonl"
LARGEST = 4_000  # bytes of a question: small ones are as good and easier to read
REPEATED = 5  # how often a cost is asked; one that varies with Go's order of maps is not recorded


def main() -> None:
    program = Path(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 150
    with Oracle(program) as oracle:
        kinds = _record_questions(oracle, count)
        cases = read_lines(REGRESSIONS)
        for case in cases:
            question = case["question"]
            assert isinstance(question, dict)
            case["answer"] = oracle.ask(question, MANY if is_stable(question) else 1)
        _write(REGRESSIONS, cases)
        _write(TABLE, [oracle.ask(item, MANY if is_stable(item) else 1) for item in table.cases()])
    with Oracle(program, "-expressions") as oracle:
        _record_expressions(oracle)
    sys.stdout.write(f"{kinds.total()} recorded: {dict(kinds)}\n")


def _record_questions(oracle: Oracle, count: int) -> Counter[str]:
    recorded: list[dict[str, Json]] = []
    kinds: Counter[str] = Counter()

    @seed(37)
    @settings(
        max_examples=count * 8, database=None, deadline=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip
    @given(questions())
    def record(question: JsonDict) -> None:
        if len(recorded) == count or len(json.dumps(question)) > LARGEST:
            return
        answer = oracle.ask(question, MANY if is_stable(question) else 1)
        kind = "success" if answer["success"] else str(answer["error"])[:40]
        if kinds[kind] >= (count // 2 if answer["success"] else max(3, count // 20)):
            return
        kinds[kind] += 1
        question["name"] = f"recorded-{len(recorded)}"
        recorded.append({"question": question, "answer": answer})

    record()
    _write(RECORDED, recorded)
    return kinds


def _record_expressions(oracle: Oracle) -> None:
    cases = read_lines(EXPRESSIONS)
    for case in cases:
        question = expressions.question(str(case["expression"]), derived=case["derived"] is True)
        answers = [oracle.ask(question) for _ in range(REPEATED)]
        case["answer"] = expressions.comparable(answers[0])
        costs = [expressions.costs(answer) if "outputType" in answer else [] for answer in answers]
        case["costs"] = costs[0] if all(other == costs[0] for other in costs) and case["derived"] is not True else None
    _write(EXPRESSIONS, cases)


def _write(path: Path, cases: list[dict[str, Json]]) -> None:
    path.write_text("".join(f"{json.dumps(case, sort_keys=True, ensure_ascii=False)}\n" for case in cases))


if __name__ == "__main__":
    main()
