"""Accounts of failures are complete (every device is accounted for) and minimal (nothing can be left out)."""

from __future__ import annotations

import msgspec
from dra_core.allocation.allocate import Allocation, Unallocated
from dra_core.allocation.allocated import Allocated
from dra_core.allocation.inventory import Inventory
from dra_core.allocation.question import Question
from dra_core.allocation.refusing_rule import RULES
from dra_core.allocation.requests import label_of
from dra_core.allocation.why_not import WhyNot, why_not
from dra_core.snapshot.resource_claim import DeviceClaim, ResourceClaim, ResourceClaimSpec
from hypothesis import HealthCheck, event, given, settings

from tests.integration.oracle.questions import JsonDict, examples, questions
from tests.property.allocation.test_result_laws import BUDGET, QUESTIONS, answer, read

LAW = settings(max_examples=examples(30), deadline=None, suppress_health_check=list(HealthCheck))


def account(question: Question, inventory: Inventory) -> WhyNot:
    return why_not(
        inventory, question.allocated, question.node, question.claims, question.classes, QUESTIONS, budget=BUDGET
    )


@LAW
@given(generated=questions())
def test_an_account_is_complete_and_minimal(generated: JsonDict) -> None:
    question = read(generated)
    found = answer(question)
    if not isinstance(found, Unallocated) or found.gave_up:
        return
    inventory = Inventory(question.slices, question.features)
    why = account(question, inventory)
    candidates = inventory.for_node(question.node).candidates
    assert why.requests or why.conflict is not None, "something is to blame"
    assert why.summary
    for request in why.requests:
        event(f"request: {', '.join(item.rule for item in request.refused)}")
        refused = sum(item.devices for item in request.refused)
        everything_refused_as_a_whole = request.wanted < 0 and request.fitting == 0
        assert refused + request.fitting == len(candidates) or everything_refused_as_a_whole
        order = [RULES.index(item.rule) for item in request.refused]
        assert order == sorted(set(order)), "each rule once, in the scheduler's order"
        assert not request.enough
        for item in request.refused:
            assert item.example in {candidate.device.id for candidate in candidates}
    if why.conflict is not None and why.conflict.certain:
        event(f"conflict: {len(why.conflict.requests)} requests, {len(why.conflict.constraints)} constraints")
        a_conflict_is_minimal(question, why)


def a_conflict_is_minimal(question: Question, why: WhyNot) -> None:
    """What it names cannot be met together; without any one request of it the rest can."""
    assert why.conflict is not None
    named, constraints = set(why.conflict.requests), set(why.conflict.constraints)
    assert not isinstance(answer(_only(question, named, constraints)), Allocation)
    for request in named:
        rest = answer(_only(question, named - {request}, constraints))
        assert isinstance(rest, Allocation) or (isinstance(rest, Unallocated) and rest.gave_up)


def _only(question: Question, requests: set[str], constraints: set[str]) -> Question:
    claims = tuple(_claim(claim, requests, constraints) for claim in question.claims)
    return msgspec.structs.replace(question, claims=claims)


def _claim(claim: ResourceClaim, requests: set[str], constraints: set[str]) -> ResourceClaim:
    label, devices = label_of(claim), claim.spec.devices
    kept = DeviceClaim(
        requests=tuple(item for item in devices.requests if f"{label}: {item.name}" in requests),
        constraints=tuple(
            item
            for i, item in enumerate(devices.constraints)
            if any(text.startswith(f"{label}: constraint #{i} ") for text in constraints)
        ),
    )
    return msgspec.structs.replace(claim, spec=ResourceClaimSpec(devices=kept))


@LAW
@given(generated=questions())
def test_who_holds_nothing_is_not_blamed(generated: JsonDict) -> None:
    """Without anything in use no device is refused because it is in use."""
    question = msgspec.structs.replace(read(generated), allocated=Allocated())
    why = account(question, Inventory(question.slices, question.features))
    assert not any(item.rule == "InUse" for request in why.requests for item in request.refused)
