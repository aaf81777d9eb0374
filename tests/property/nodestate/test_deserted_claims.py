"""Prepared claims that nobody uses: ended in time, and never while somebody has them reserved."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from dra_core.nodestate import PATIENCE_SECONDS, ClaimLook, is_deserted, look_for_deserted
from dra_core.snapshot.json_value import JsonObject
from hypothesis import given
from hypothesis import strategies as st

POD: JsonObject = {"resource": "pods", "name": "pod", "uid": "pod-uid"}
UIDS = ("a", "b")


def claim(uid: str, *consumers: JsonObject) -> ClaimLook:
    return ClaimLook({"metadata": {"uid": uid}, "status": {"reservedFor": list(consumers)}})


def looks(uid: str) -> st.SearchStrategy[ClaimLook | None]:
    return st.sampled_from([None, claim(uid, POD), claim(uid), ClaimLook(None), claim("another", POD)])


histories = st.lists(
    st.tuples(st.floats(0, PATIENCE_SECONDS), st.fixed_dictionaries({uid: looks(uid) for uid in UIDS})),
    min_size=1,
    max_size=8,
)


@given(histories)
def test_overdue_is_exactly_what_was_deserted_for_long_at_every_look(
    history: list[tuple[float, Mapping[str, ClaimLook | None]]],
) -> None:
    """Looks that could not be made neither begin nor end it, and end nothing."""
    since: Mapping[str, float] = {}
    now = 0.0
    first: dict[str, float | None] = dict.fromkeys(UIDS)
    for pause, seen in history:
        now += pause
        found = look_for_deserted(seen, since, now)
        since = found.since
        for uid in UIDS:
            look = seen[uid]
            if look is not None:
                began = first[uid] if first[uid] is not None else now
                first[uid] = began if is_deserted(uid, look) else None
            began = first[uid]
            wanted = look is not None and began is not None and now - began >= PATIENCE_SECONDS
            assert (uid in found.overdue) == wanted


@pytest.mark.parametrize(
    ("look", "deserted"),
    [(claim("a", POD), False), (claim("a"), True), (ClaimLook(None), True), (claim("b", POD), True)],
)
def test_10_a_claim_is_deserted_when_nobody_has_it_reserved(look: ClaimLook, deserted: bool) -> None:
    """Its own, by UID: what a claim of the same name has is another matter."""
    assert is_deserted("a", look) is deserted


def test_10_a_pod_deleted_by_force_has_time_to_end() -> None:
    found = look_for_deserted({"a": ClaimLook(None)}, {}, 1000.0)
    assert found.overdue == ()
    assert look_for_deserted({"a": ClaimLook(None)}, found.since, 1000.0 + PATIENCE_SECONDS).overdue == ("a",)


def test_10_what_is_no_longer_prepared_is_forgotten() -> None:
    assert look_for_deserted({}, {"a": 1.0}, 10_000.0).since == {}
