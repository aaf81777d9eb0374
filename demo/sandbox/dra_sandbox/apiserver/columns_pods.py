"""What ``kubectl get pods`` shows; above all, in one word, how a pod is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dra_core.snapshot.json_value import JsonObject, at, object_at, text_at

from dra_sandbox.apiserver.column import AGE, NAME, Column, age, column, text_column
from dra_sandbox.apiserver.resources import PrinterColumn
from dra_sandbox.world.objects import being_deleted, condition_status, objects_at, pod_ready, whole_number_at


def pod_columns() -> Sequence[Column]:
    """The columns of pods."""
    restarts = Column(PrinterColumn(name="Restarts", type="string"), _restarts)
    return (
        NAME,
        column("Ready", _ready),
        column("Status", pod_word),
        restarts,
        AGE,
        text_column("IP", "status", "podIP", wide=True),
        text_column("Node", "spec", "nodeName", wide=True),
        text_column("Nominated Node", "status", "nominatedNodeName", wide=True),
        column("Readiness Gates", _gates, wide=True),
    )


def _ready(pod: JsonObject) -> str:
    statuses = objects_at(pod, "status", "containerStatuses")
    ready = sum(one.get("ready") is True and "running" in object_at(one, "state") for one in statuses)
    return f"{ready}/{len(objects_at(pod, 'spec', 'containers'))}"


def _restarts(pod: JsonObject, now: datetime) -> str:
    initial = objects_at(pod, "status", "initContainerStatuses")
    statuses = objects_at(pod, "status", "containerStatuses")
    counted = initial if _initialising(pod) else statuses
    count = sum(whole_number_at(one, "restartCount", default=0) for one in counted)
    last = max((text_at(one, "lastState", "terminated", "finishedAt") for one in counted), default="")
    return f"{count} ({age(last, now)} ago)" if count and last else str(count)


def _initialising(pod: JsonObject) -> bool:
    return any(
        at(one, "state", "terminated", "exitCode") != 0 for one in objects_at(pod, "status", "initContainerStatuses")
    )


def pod_word(pod: JsonObject) -> str:
    """The column STATUS: the reason of whatever keeps the pod, else its phase."""
    word = text_at(pod, "status", "reason") or text_at(pod, "status", "phase")
    gated = any(
        one.get("type") == "PodScheduled" and one.get("reason") == "SchedulingGated"
        for one in objects_at(pod, "status", "conditions")
    )
    if gated:
        word = "SchedulingGated"
    word = _initial_word(pod) or _container_word(pod, word)
    if being_deleted(pod):
        if text_at(pod, "status", "reason") == "NodeLost":
            return "Unknown"
        if text_at(pod, "status", "phase") not in ("Succeeded", "Failed"):
            return "Terminating"
    return word


def _initial_word(pod: JsonObject) -> str:
    """What the first init container that is not done says."""
    specs = {text_at(one, "name"): one for one in objects_at(pod, "spec", "initContainers")}
    for i, status in enumerate(objects_at(pod, "status", "initContainerStatuses")):
        terminated, waiting = object_at(status, "state", "terminated"), object_at(status, "state", "waiting")
        if terminated and terminated.get("exitCode") == 0:
            continue
        sidecar = text_at(specs.get(text_at(status, "name")), "restartPolicy") == "Always"
        if sidecar and status.get("started") is True:
            continue
        if terminated:
            return f"Init:{_ended(terminated)}"
        reason = text_at(waiting, "reason")
        return f"Init:{reason}" if reason not in ("", "PodInitializing") else f"Init:{i}/{len(specs)}"
    return ""


def _container_word(pod: JsonObject, word: str) -> str:
    running = False
    for status in reversed(objects_at(pod, "status", "containerStatuses")):
        waiting, terminated = object_at(status, "state", "waiting"), object_at(status, "state", "terminated")
        if text_at(waiting, "reason"):
            word = text_at(waiting, "reason")
        elif terminated:
            word = _ended(terminated)
        elif status.get("ready") is True and "running" in object_at(status, "state"):
            running = True
    if word == "Completed" and running:
        return "Running" if pod_ready(pod) else "NotReady"
    return word


def _ended(terminated: JsonObject) -> str:
    reason, signal = text_at(terminated, "reason"), whole_number_at(terminated, "signal", default=0)
    if reason:
        return reason
    return f"Signal:{signal}" if signal else f"ExitCode:{whole_number_at(terminated, 'exitCode', default=0)}"


def _gates(pod: JsonObject) -> str:
    gates = objects_at(pod, "spec", "readinessGates")
    passed = sum(condition_status(pod, text_at(one, "conditionType")) == "True" for one in gates)
    return f"{passed}/{len(gates)}" if gates else "<none>"
