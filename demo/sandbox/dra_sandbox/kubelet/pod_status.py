"""A pod's status as its kubelet reports it, from the pod and what was observed (core/v1 PodStatus)."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, at, text_at

from dra_sandbox.kubelet.pod_life import Observed, Run, needs_claims, outcome, phase, restart_moment
from dra_sandbox.world.objects import objects_at, pod_finished
from dra_sandbox.world.times import stamp


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses that a pod's status shows."""

    host_ip: str
    pod_ip: str


def pod_status(pod: JsonObject, seen: Observed, where: Where, now: datetime, backoff: timedelta) -> JsonObject:
    """The fields of status that the kubelet owns; conditions of others are kept."""
    containers = tuple(
        container_status(pod, container, seen, now, backoff) for container in objects_at(pod, "spec", "containers")
    )
    init = tuple(
        container_status(pod, container, seen, now, backoff) for container in objects_at(pod, "spec", "initContainers")
    )
    status: dict[str, Json] = {
        "phase": phase(pod, seen),
        "conditions": _conditions(pod, seen, containers, init, now),
        "hostIP": where.host_ip,
        "hostIPs": [{"ip": where.host_ip}],
        "podIP": where.pod_ip,
        "podIPs": [{"ip": where.pod_ip}],
        "startTime": at(pod, "status", "startTime") or stamp(now),
        "qosClass": text_at(pod, "status", "qosClass") or quality_of_service(pod),
        "containerStatuses": list(containers),
    }
    if init:
        status["initContainerStatuses"] = list(init)
    return status


def container_status(
    pod: JsonObject, container: JsonObject, seen: Observed, now: datetime, backoff: timedelta
) -> JsonObject:
    """core/v1 ContainerStatus."""
    name = text_at(container, "name")
    runs = sorted((run for run in seen.runs if run.container == name), key=lambda run: run.attempt)
    last = runs[-1] if runs else None
    is_init = container in objects_at(pod, "spec", "initContainers")
    sidecar = at(container, "restartPolicy") == "Always"
    state = _state(pod, name, last, seen, now, backoff, is_init and not sidecar)
    running = last is not None and last.running
    if is_init and not sidecar:
        ready = last is not None and not last.running and last.exit_code == 0
    else:
        ready = running and (seen.ready.get(name, False) if at(container, "readinessProbe") else name in seen.started)
    status: dict[str, Json] = {
        "name": name,
        "image": text_at(container, "image"),
        "imageID": f"sandbox/{text_at(container, 'image')}" if last else "",
        "restartCount": last.attempt if last else 0,
        "ready": ready,
        "started": running and name in seen.started,
        "state": state,
        "lastState": {},
    }
    if last:
        status["containerID"] = f"sandbox://{last.id}"
    if "terminated" not in state and last is not None and not last.running:
        status["lastState"] = _terminated(last)
    elif len(runs) > 1:
        status["lastState"] = _terminated(runs[-2])
    if seen.health.get(name):
        status["allocatedResourcesStatus"] = list(seen.health[name])
    return status


def _state(
    pod: JsonObject, name: str, last: Run | None, seen: Observed, now: datetime, backoff: timedelta, init: bool
) -> JsonObject:
    refused = seen.refused.get(name)
    if last is not None and last.running:
        return {"running": {"startedAt": stamp(last.started_at)}}
    if refused is not None and not outcome(pod, seen):
        return {"waiting": {"reason": refused.reason, "message": refused.message}}
    if last is not None:
        policy = text_at(pod, "spec", "restartPolicy") or "Always"
        again = (policy == "Always" and not init) or (policy != "Never" and last.exit_code != 0)
        if again and not _over(pod, seen) and restart_moment(last, backoff) > now and last.attempt:
            wait = (restart_moment(last, backoff) - (last.finished_at or now)).total_seconds()
            pod_name = text_at(pod, "metadata", "name")
            message = f"back-off {wait:.0f}s restarting failed container={name} pod={pod_name}"
            return {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
        return _terminated(last)
    if objects_at(pod, "spec", "initContainers") and not init:
        return {"waiting": {"reason": "PodInitializing"}}
    return {"waiting": {"reason": "ContainerCreating"}}


def _over(pod: JsonObject, seen: Observed) -> bool:
    return pod_finished(pod) or at(pod, "metadata", "deletionTimestamp") is not None or not seen.in_api


def _terminated(run: Run) -> JsonObject:
    ended: dict[str, Json] = {
        "exitCode": run.exit_code,
        "reason": run.reason or ("Error" if run.exit_code else "Completed"),
        "startedAt": stamp(run.started_at),
        "finishedAt": stamp(run.finished_at or run.started_at),
        "containerID": f"sandbox://{run.id}",
    }
    if run.message:
        ended["message"] = run.message
    return {"terminated": ended}


def _conditions(
    pod: JsonObject, seen: Observed, containers: tuple[JsonObject, ...], init: tuple[JsonObject, ...], now: datetime
) -> list[Json]:
    not_ready = [text_at(item, "name") for item in containers if item.get("ready") is not True]
    not_initialized = [text_at(item, "name") for item in init if item.get("ready") is not True]
    done = phase(pod, seen) in ("Succeeded", "Failed")
    prepared = not done and (seen.claims.prepared or not needs_claims(pod))
    complaint = f"containers with unready status: [{' '.join(not_ready)}]"
    reason = "PodCompleted" if done else "ContainersNotReady"
    ready = not not_ready and not done
    own = (
        _condition("PodReadyToStartContainers", prepared, "", ""),
        _condition(
            "Initialized",
            not not_initialized,
            "ContainersNotInitialized",
            f"containers with incomplete status: [{' '.join(not_initialized)}]",
        ),
        _condition("Ready", ready, reason, "" if done else complaint),
        _condition("ContainersReady", ready, reason, "" if done else complaint),
    )
    names = {item["type"] for item in own}
    before = {item.get("type"): item for item in objects_at(pod, "status", "conditions")}
    kept: list[Json] = [item for name, item in before.items() if name not in names]
    for item in own:
        old = before.get(item["type"])
        same = old is not None and old.get("status") == item["status"]
        kept.append({**item, "lastTransitionTime": at(old, "lastTransitionTime") if same else stamp(now)})
    return kept


def _condition(name: str, holds: bool, reason: str, message: str) -> JsonObject:
    if holds:
        return {"type": name, "status": "True"}
    explained = {key: text for key, text in (("reason", reason), ("message", message)) if text}
    return {"type": name, "status": "False", **explained}


def quality_of_service(pod: JsonObject) -> str:
    """status.qosClass: Guaranteed, Burstable or BestEffort."""
    containers = (*objects_at(pod, "spec", "initContainers"), *objects_at(pod, "spec", "containers"))
    amounts = [
        (at(item, "resources", "requests", resource), at(item, "resources", "limits", resource))
        for item in containers
        for resource in ("cpu", "memory")
    ]
    if all(request is None and limit is None for request, limit in amounts):
        return "BestEffort"
    if all(limit is not None and request in (None, limit) for request, limit in amounts):
        return "Guaranteed"
    return "Burstable"
