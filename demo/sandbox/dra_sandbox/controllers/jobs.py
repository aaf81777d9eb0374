"""Jobs (batch/v1): pods until as many have succeeded as asked for, or too many have failed."""

from __future__ import annotations

from datetime import datetime

from dra_core.snapshot.json_value import Json, JsonObject, at, object_at, text_at

from dra_sandbox.controllers.pods_for import active, dispensable_first, pod_from, pods_of
from dra_sandbox.world.objects import (
    JOB,
    World,
    being_deleted,
    condition_status,
    name_of,
    pod_ready,
    uid_of,
    whole_number_at,
)
from dra_sandbox.world.times import stamp
from dra_sandbox.world.writes import Create, Write, delete, patch

BACKOFF_LIMIT = 6  # batch/v1 default


def jobs(world: World, now: datetime) -> tuple[Write, ...]:
    """Pods to make and to delete, and the status to report."""
    writes: list[Write] = []
    for job in world.all(JOB):
        if being_deleted(job) or "True" in (condition_status(job, "Complete"), condition_status(job, "Failed")):
            continue
        pods = pods_of(world, job)
        running = active(pods)
        succeeded = sum(text_at(pod, "status", "phase") == "Succeeded" for pod in pods)
        failed = sum(text_at(pod, "status", "phase") == "Failed" for pod in pods)
        parallelism = whole_number_at(job, "spec", "parallelism", default=1)
        completions = whole_number_at(job, "spec", "completions", default=0)
        complete = succeeded >= completions if completions else bool(succeeded) and not running
        hopeless = failed > whole_number_at(job, "spec", "backoffLimit", default=BACKOFF_LIMIT)
        if complete or hopeless:
            writes += [delete(pod) for pod in running]
        elif at(job, "spec", "suspend") is not True:
            remaining = completions - succeeded if completions else (parallelism if not succeeded else len(running))
            missing = min(parallelism, remaining) - len(running)
            labels = {
                "batch.kubernetes.io/job-name": name_of(job),
                "batch.kubernetes.io/controller-uid": uid_of(job),
                "job-name": name_of(job),
                "controller-uid": uid_of(job),
            }
            writes += [Create(body=pod_from(job, labels)) for _ in range(missing)]
            writes += [delete(pod) for pod in dispensable_first(running)[: max(0, -missing)]]
        status = _status(job, running, succeeded, failed, complete, hopeless, now)
        if any(object_at(job, "status").get(key) != value for key, value in status.items()):
            writes.append(patch(job, {"status": status}, "status"))
    return tuple(writes)


def _status(
    job: JsonObject,
    running: tuple[JsonObject, ...],
    succeeded: int,
    failed: int,
    complete: bool,
    hopeless: bool,
    now: datetime,
) -> JsonObject:
    status: dict[str, Json] = {
        "active": len(running),
        "ready": sum(pod_ready(pod) for pod in running),
        "succeeded": succeeded,
        "failed": failed,
        "startTime": at(job, "status", "startTime") or stamp(now),
    }
    if complete:
        status["completionTime"] = stamp(now)
        status["conditions"] = [
            _condition("Complete", "CompletionsReached", "Reached expected number of succeeded pods", now)
        ]
    elif hopeless:
        message = "Job has reached the specified backoff limit"
        status["conditions"] = [_condition("Failed", "BackoffLimitExceeded", message, now)]
    return status


def _condition(name: str, reason: str, message: str, now: datetime) -> JsonObject:
    return {
        "type": name,
        "status": "True",
        "reason": reason,
        "message": message,
        "lastProbeTime": stamp(now),
        "lastTransitionTime": stamp(now),
    }
