"""When the rest of the plugin hears of calls."""

from __future__ import annotations

from typing import cast

import grpc
from dra_core.preparation import ClaimReference, PreparedDevice
from dra_core.refusal import Refusals
from dra_kubeletplugin.calls import Calls
from dra_kubeletplugin.claims_on_node import ClaimsOnNode
from dra_kubeletplugin.metrics import Metrics
from returns.result import Result, Success

from tests.unit.logs.kept import KeptLog

CLAIM = ClaimReference(uid="uid", namespace="default", name="claim")
CONTEXT = cast("grpc.ServicerContext", None)  # nobody asks how long the caller waits


class Answering(ClaimsOnNode):
    """Everything succeeds."""

    def __init__(self) -> None:
        pass

    def prepare(self, requests: object, _caller: object) -> dict[str, Result[tuple[PreparedDevice, ...], Refusals]]:
        return {each.uid: Success(()) for each in cast("tuple[ClaimReference, ...]", requests)}

    def unprepare(self, requests: object, _caller: object) -> dict[str, Refusals]:
        return {each.uid: () for each in cast("tuple[ClaimReference, ...]", requests)}


def test_after_each_call_it_is_told_that_claims_have_changed() -> None:
    changes: list[str] = []
    calls = Calls(Answering(), Metrics(), KeptLog(), lambda: changes.append("changed"))
    calls.prepare([CLAIM], CONTEXT)
    calls.unprepare([CLAIM], CONTEXT)
    assert len(changes) == 2


def test_a_probe_which_asks_for_no_claim_changes_nothing() -> None:
    """The node's state would be read from the API server at each probe, on every node, every few seconds."""
    changes: list[str] = []
    calls = Calls(Answering(), Metrics(), KeptLog(), lambda: changes.append("changed"))
    assert calls.prepare([], CONTEXT) == {}
    assert calls.unprepare([], CONTEXT) == {}
    assert changes == []
