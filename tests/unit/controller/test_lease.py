"""Leading by a lease: of any number one leads, whatever their clocks say, and another takes over."""

from __future__ import annotations

from datetime import UTC, datetime

from dra_apiserver.lease import DURATION_SECONDS, Candidate, Seen, holds, released_lease, seen, wanted_lease
from dra_core.snapshot.json_value import JsonObject, at, object_at, text_at

NOW = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


def candidate(identity: str) -> Candidate:
    return Candidate(identity=identity, namespace="driver", name="lease")


def stored(lease: JsonObject | None, version: str) -> JsonObject:
    assert lease is not None
    return {**lease, "metadata": {**object_at(lease, "metadata"), "resourceVersion": version}}


def test_the_first_makes_the_lease() -> None:
    lease = wanted_lease(candidate("a"), None, Seen(), 0, NOW)
    assert holds(candidate("a"), lease)
    assert text_at(lease, "metadata", "namespace") == "driver"
    assert text_at(lease, "spec", "renewTime") == "2026-01-02T03:04:05.000678Z"
    assert at(lease, "spec", "leaseTransitions") == 0


def test_a_lease_that_is_renewed_is_left_to_its_holder() -> None:
    lease = stored(wanted_lease(candidate("a"), None, Seen(), 0, NOW), "1")
    last = seen(Seen(), lease, 100)
    assert wanted_lease(candidate("b"), lease, last, 100 + DURATION_SECONDS - 0.1, NOW) is None
    renewed = stored(lease, "2")
    last = seen(last, renewed, 110)
    assert wanted_lease(candidate("b"), renewed, last, 110 + DURATION_SECONDS - 0.1, NOW) is None
    assert seen(last, renewed, 120) == last, "the same version again is no news"


def test_a_lease_that_nobody_renews_is_taken_over() -> None:
    lease = stored(wanted_lease(candidate("a"), None, Seen(), 0, NOW), "1")
    last = seen(Seen(), lease, 100)
    taken = wanted_lease(candidate("b"), lease, last, 100 + DURATION_SECONDS, NOW)
    assert holds(candidate("b"), taken)
    assert at(taken, "spec", "leaseTransitions") == 1
    assert text_at(taken, "metadata", "resourceVersion") == "1", "over exactly what was read"


def test_a_lease_that_is_given_up_is_free_at_once() -> None:
    lease = stored(wanted_lease(candidate("a"), None, Seen(), 0, NOW), "1")
    given_up = stored(released_lease(candidate("a"), lease, NOW), "2")
    last = seen(Seen(), given_up, 100)
    assert holds(candidate("b"), wanted_lease(candidate("b"), given_up, last, 100, NOW))


def test_the_holder_renews_and_keeps_since_when_it_leads() -> None:
    lease = stored(wanted_lease(candidate("a"), None, Seen(), 0, NOW), "1")
    later = wanted_lease(candidate("a"), lease, seen(Seen(), lease, 0), 5, NOW.replace(minute=9))
    assert text_at(later, "spec", "acquireTime") == text_at(lease, "spec", "acquireTime")
    assert text_at(later, "spec", "renewTime") != text_at(lease, "spec", "renewTime")
