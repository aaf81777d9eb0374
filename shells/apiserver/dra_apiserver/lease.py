"""Who leads, by a Lease (coordination.k8s.io/v1): what to write next, as a pure function.

Rules (client-go, tools/leaderelection): a lease counts as held until nobody has renewed it for its duration, measured
on the own clock from the moment when its last change was seen: the clocks of two machines are never compared. It is
given up by an empty holder. Every write is made over the version that was read, so that of two only one takes it.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from dra_core.snapshot.json_value import JsonObject, at, object_at, text_at

DURATION_SECONDS, RENEW_WITHIN_SECONDS, RETRY_SECONDS = 15, 10.0, 2.0
"""As kube-controller-manager: how long a lease is valid; when a leader that cannot renew it has to stop; the pace."""


class Seen(msgspec.Struct, frozen=True):
    """The last change of the lease: its version, and when (on the own clock, in seconds) it was seen."""

    resource_version: str = ""
    at_seconds: float = 0


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants to lead, and where the lease is."""

    identity: str
    namespace: str
    name: str


def seen(before: Seen, lease: JsonObject | None, now_seconds: float) -> Seen:
    """What is known of the lease after it was read."""
    version = text_at(lease, "metadata", "resourceVersion")
    return before if version == before.resource_version else Seen(version, now_seconds)


def holds(candidate: Candidate, lease: JsonObject | None) -> bool:
    """Whether the candidate holds the lease."""
    return text_at(lease, "spec", "holderIdentity") == candidate.identity


def wanted_lease(
    candidate: Candidate, lease: JsonObject | None, last: Seen, now_seconds: float, now: datetime
) -> JsonObject | None:
    """The lease to write: created where there is none (it has no resourceVersion), else replaced; None: another leads.

    Args:
        candidate: Who wants it.
        lease: As it was read; None: there is none.
        last: When its last change was seen.
        now_seconds: The own clock, that never goes back.
        now: The time of day, for people who read the lease.
    """
    spec = object_at(lease, "spec")
    holder = text_at(spec, "holderIdentity")
    duration = at(spec, "leaseDurationSeconds")
    valid_seconds = duration if isinstance(duration, int) else DURATION_SECONDS
    if holder not in ("", candidate.identity) and now_seconds < last.at_seconds + valid_seconds:
        return None
    stamp = _micro_time(now)
    before = at(spec, "leaseTransitions")
    changes = before if isinstance(before, int) else 0
    renewed: JsonObject = {
        "holderIdentity": candidate.identity,
        "leaseDurationSeconds": DURATION_SECONDS,
        "acquireTime": spec.get("acquireTime") if holder == candidate.identity else stamp,
        "renewTime": stamp,
        "leaseTransitions": changes if holder == candidate.identity or lease is None else changes + 1,
    }
    return _lease(candidate, lease, renewed)


def released_lease(candidate: Candidate, lease: JsonObject, now: datetime) -> JsonObject:
    """The lease given up, so that the next one need not wait."""
    spec = {key: value for key, value in object_at(lease, "spec").items() if key != "acquireTime"}
    nobody: JsonObject = {"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": _micro_time(now)}
    return _lease(candidate, lease, {**spec, **nobody})


def _lease(candidate: Candidate, lease: JsonObject | None, spec: JsonObject) -> JsonObject:
    meta = object_at(lease, "metadata") or {"name": candidate.name, "namespace": candidate.namespace}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": spec}


def _micro_time(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
