"""``kubectl-dra allocate``: allocation questions from standard input, answers to standard output."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Iterator
from typing import BinaryIO

import click
import msgspec
from dra_core.allocation.allocate import STEPS, Allocation
from dra_core.allocation.cel_language import CelLanguage
from dra_core.allocation.question import answer_question, read_question, reasons_of, unreadable, written
from dra_core.allocation.selectors import Questions
from dra_core.refusal import Fault, Refusal
from dra_core.snapshot.json_value import JsonObject, text_at
from returns.result import Failure

_MOST_EXPRESSIONS = 10_000  # CEL answers are kept from line to line; beyond this the memory is started afresh


@click.command()
@click.option("--jsonl", is_flag=True, required=True, help="One question as a JSON object per line.")
@click.option(
    "--share-id",
    envvar="DRA_SHARE_ID",
    metavar="UUID",
    help="Print this in place of every new share id, for output that can be compared. [default: a random UUID each]",
)
@click.option(
    "--steps",
    default=STEPS,
    show_default=True,
    type=click.IntRange(min=1),
    help="Give up a search after so many steps.",
)
def allocate(jsonl: bool, share_id: str | None, steps: int) -> None:  # noqa: ARG001 - the only format there is
    """Answer allocation questions: one JSON object per line in, one per line out, in the same order.

    A question holds node, deviceClasses, resourceSlices, allocated, claims and features (Go's field names of
    structured.Features); the answer holds success, results (an AllocationResult per claim), error and reasons.
    A line that cannot be read is answered by an error line.
    """
    share_ids = (lambda: share_id) if share_id else (lambda: str(uuid.uuid4()))
    out = sys.stdout.buffer
    for answer in answers(sys.stdin.buffer, share_ids, steps):
        out.write(msgspec.json.encode(answer) + b"\n")
        out.flush()


def answers(lines: BinaryIO, share_ids: Callable[[], str], steps: int) -> Iterator[JsonObject]:
    """An answer per line that is not blank."""
    questions = Questions(CelLanguage())
    for line in lines:
        if not line.strip():
            continue
        if questions.size > _MOST_EXPRESSIONS:
            questions = Questions(CelLanguage())
        try:
            answer = _answer(line, questions, share_ids, steps)
        except RecursionError:
            answer = unreadable("", (_not_json("the line is nested too deeply"),))
        yield answer


def _answer(line: bytes, questions: Questions, share_ids: Callable[[], str], steps: int) -> JsonObject:
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return unreadable("", (_not_json(f"the line is not JSON: {error}"),))
    name = text_at(value, "name")
    read = read_question(value)
    if isinstance(read, Failure):
        return unreadable(name, read.failure())
    question = read.unwrap()
    inventory, answer = answer_question(question, questions, share_ids, steps)
    reasons = None if isinstance(answer, Allocation) else reasons_of(question, inventory, answer, questions, steps)
    return written(name, answer, reasons)


def _not_json(seen: str) -> Refusal:
    return Refusal(code="NotJson", fault=Fault.USER, seen=seen)
