"""A pod's life on its node: from the pod and what was observed to the next actions.

The order is the kubelet's: claims prepared, then init containers one after the other, then all containers; at the end
containers stopped, then claims given back, then the pod forgotten. Nothing is remembered here: after a restart of the
kubelet the same observation leads to the same actions.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

import msgspec
from dra_core.snapshot.json_value import JsonObject, at, list_at, text_at

from dra_sandbox.world.objects import being_deleted, objects_at, pod_finished, whole_number_at

GRACE_SECONDS = 30  # core/v1 default terminationGracePeriodSeconds
LONGEST_BACKOFF = timedelta(seconds=300)  # kubelet MaxContainerBackOff
CALM_AFTER = timedelta(minutes=10)  # a container that ran this long starts again without delay


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One start of a container: running as long as it has no end."""

    container: str
    attempt: int
    id: str
    started_at: datetime
    finished_at: datetime | None = None
    exit_code: int = 0
    reason: str = ""
    message: str = ""

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self.finished_at is None


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A container that could not be started, and when to try again."""

    reason: str
    message: str
    tries: int
    again_at: datetime


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """How it stands with the devices of the pod.

    Attributes:
        prepared: All drivers answered for all claims since this kubelet started.
        held: A call was made, now or before a restart, that Unprepare has to undo.
        failure: Why the last call failed, "" if it did not.
        again_at: When to try again.
    """

    prepared: bool = False
    held: bool = False
    failure: str = ""
    again_at: datetime | None = None


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a pod on this node at one moment.

    Attributes:
        runs: All starts of its containers, oldest first.
        ready: What readiness probes say; a container without an entry has no answer yet.
        unhealthy: Runs (by id) whose liveness or startup probe gave up.
        stopping: Runs (by id) that were told to end.
        in_api: Whether the pod is still in the API.
    """

    runs: tuple[Run, ...] = ()
    claims: Claims = Claims()
    refused: Mapping[str, Refused] = {}
    ready: Mapping[str, bool] = {}
    started: frozenset[str] = frozenset()
    unhealthy: frozenset[str] = frozenset()
    stopping: frozenset[str] = frozenset()
    health: Mapping[str, tuple[JsonObject, ...]] = {}
    in_api: bool = True

    def last(self, container: str) -> Run | None:
        """The latest start of a container."""
        return max((run for run in self.runs if run.container == container), key=lambda run: run.attempt, default=None)


class Prepare(msgspec.Struct, frozen=True):
    """Ask the drivers to prepare the pod's claims."""


class Unprepare(msgspec.Struct, frozen=True):
    """Ask the drivers to give them back."""


class Start(msgspec.Struct, frozen=True):
    """Start a container."""

    container: str
    attempt: int


class Stop(msgspec.Struct, frozen=True):
    """Tell a run to end: TERM now, KILL after the grace period."""

    run: Run
    grace_seconds: int
    message: str


class Forget(msgspec.Struct, frozen=True):
    """Nothing of the pod is left here: delete it from the API, if it is still there, and its directory."""


Action: TypeAlias = Prepare | Unprepare | Start | Stop | Forget


class Steps(msgspec.Struct, frozen=True):
    """What to do now, and when to look again even if nothing happens."""

    actions: tuple[Action, ...] = ()
    again_at: datetime | None = None


def next_steps(pod: JsonObject, seen: Observed, now: datetime, backoff: timedelta) -> Steps:
    """Decide what comes next.

    Args:
        pod: The pod as last read from the API.
        seen: What was observed on the node.
        now: The time.
        backoff: Delay before a container is started the second time; doubles each time up to five minutes.
    """
    if not seen.in_api or being_deleted(pod) or pod_finished(pod) or outcome(pod, seen):
        return _ending(pod, seen, now)
    if needs_claims(pod) and not seen.claims.prepared:
        if seen.claims.again_at is not None and seen.claims.again_at > now:
            return Steps((), seen.claims.again_at)
        return Steps((Prepare(),))
    return _running(pod, seen, now, backoff)


def needs_claims(pod: JsonObject) -> bool:
    """Whether drivers have a part in the pod: through claims of its own, or one for extended resources."""
    return bool(list_at(pod, "spec", "resourceClaims")) or bool(at(pod, "status", "extendedResourceClaimStatus"))


def outcome(pod: JsonObject, seen: Observed) -> str:
    """``Succeeded`` or ``Failed`` when no container will run again of itself, else ""."""
    policy = text_at(pod, "spec", "restartPolicy") or "Always"
    for container in objects_at(pod, "spec", "initContainers"):
        run = seen.last(text_at(container, "name"))
        if run and not run.running and run.exit_code and policy == "Never" and not _sidecar(container):
            return "Failed"
    runs = [seen.last(text_at(container, "name")) for container in objects_at(pod, "spec", "containers")]
    ended = [run for run in runs if run is not None and not run.running]
    if policy == "Always" or len(ended) < len(runs):
        return ""
    if any(run.exit_code for run in ended):
        return "Failed" if policy == "Never" else ""
    return "Succeeded"


def phase(pod: JsonObject, seen: Observed) -> str:
    """status.phase (core/v1 PodPhase)."""
    if pod_finished(pod):
        return text_at(pod, "status", "phase")
    final = outcome(pod, seen)
    going = any(run.running for run in seen.runs)
    if final:
        return final if not going else "Running"
    containers = [text_at(item, "name") for item in objects_at(pod, "spec", "containers")]
    runs = [seen.last(name) for name in containers]
    if (being_deleted(pod) or not seen.in_api) and not going:
        return "Succeeded" if runs and all(run is not None and run.exit_code == 0 for run in runs) else "Failed"
    return "Running" if runs and all(run is not None for run in runs) else "Pending"


def delay_before(attempt: int, backoff: timedelta) -> timedelta:
    """How long to wait before start number ``attempt`` (0 is the first)."""
    if attempt < 2:
        return backoff if attempt else timedelta()
    return min(backoff * (1 << min(attempt - 1, 16)), LONGEST_BACKOFF)


def _ending(pod: JsonObject, seen: Observed, now: datetime) -> Steps:
    going = [run for run in seen.runs if run.running]
    if going:
        grace = whole_number_at(
            pod,
            "metadata",
            "deletionGracePeriodSeconds",
            default=whole_number_at(pod, "spec", "terminationGracePeriodSeconds", default=GRACE_SECONDS),
        )
        return Steps(
            tuple(
                Stop(run, grace, f"Stopping container {run.container}") for run in going if run.id not in seen.stopping
            )
        )
    if seen.claims.held:
        if seen.claims.again_at is not None and seen.claims.again_at > now:
            return Steps((), seen.claims.again_at)
        return Steps((Unprepare(),))
    return Steps((Forget(),)) if being_deleted(pod) or not seen.in_api else Steps()


def _running(pod: JsonObject, seen: Observed, now: datetime, backoff: timedelta) -> Steps:
    policy = text_at(pod, "spec", "restartPolicy") or "Always"
    actions: list[Action] = []
    later: list[datetime] = []

    def keep(container: JsonObject, again: str) -> None:
        steps = _keep(container, seen, now, backoff, again, pod)
        actions.extend(steps.actions)
        if steps.again_at is not None:
            later.append(steps.again_at)

    for container in objects_at(pod, "spec", "initContainers"):
        run = seen.last(text_at(container, "name"))
        if _sidecar(container):
            keep(container, "Always")
            if run is None or text_at(container, "name") not in seen.started:
                return Steps(tuple(actions), min(later, default=None))
        elif run is None or run.running or run.exit_code:
            keep(container, "Never" if policy == "Never" else "OnFailure")
            return Steps(tuple(actions), min(later, default=None))
    for container in objects_at(pod, "spec", "containers"):
        keep(container, policy)
    return Steps(tuple(actions), min(later, default=None))


def _sidecar(container: JsonObject) -> bool:
    """An init container that runs beside the others (core/v1 ContainerRestartPolicy Always)."""
    return at(container, "restartPolicy") == "Always"


def _keep(
    container: JsonObject, seen: Observed, now: datetime, backoff: timedelta, again: str, pod: JsonObject
) -> Steps:
    name = text_at(container, "name")
    refused = seen.refused.get(name)
    if refused is not None and refused.again_at > now:
        return Steps((), refused.again_at)
    run = seen.last(name)
    if run is None:
        return Steps((Start(name, 0),))
    if run.running:
        if run.id in seen.unhealthy and run.id not in seen.stopping:
            grace = whole_number_at(pod, "spec", "terminationGracePeriodSeconds", default=GRACE_SECONDS)
            return Steps((Stop(run, grace, f"Container {name} failed liveness probe, will be restarted"),))
        return Steps()
    if again == "Never" or (again == "OnFailure" and run.exit_code == 0):
        return Steps()
    moment = restart_moment(run, backoff)
    return Steps((Start(name, run.attempt + 1),)) if moment <= now else Steps((), moment)


def restart_moment(run: Run, backoff: timedelta) -> datetime:
    """When a container that ended may be started again; one that ran for long starts at once."""
    ended = run.finished_at or run.started_at
    if ended - run.started_at >= CALM_AFTER:
        return ended
    return ended + delay_before(run.attempt + 1, backoff)
