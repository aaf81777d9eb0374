"""Columns of workloads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from dra_core.snapshot.json_value import JsonObject, list_at, object_at, text_at

from dra_sandbox.apiserver.column import AGE, NAME, Column, column, duration
from dra_sandbox.apiserver.resources import PrinterColumn
from dra_sandbox.world.objects import condition_status, objects_at, texts, whole_number_at
from dra_sandbox.world.times import moment_of


def _number(name: str, *path: str) -> Column:
    return column(name, lambda value: whole_number_at(value, *path, default=0), kind="integer")


def _ratio(there: tuple[str, ...], wanted: tuple[str, ...]) -> Column:
    return column(
        "Ready",
        lambda value: f"{whole_number_at(value, *there, default=0)}/{whole_number_at(value, *wanted, default=0)}",
    )


def _containers(value: JsonObject) -> tuple[JsonObject, ...]:
    return objects_at(value, "spec", "template", "spec", "containers")


def selector_text(selector: JsonObject) -> str:
    """A label selector as text."""
    labels = [f"{key}={item}" for key, item in sorted(texts(object_at(selector, "matchLabels")).items())]
    for one in objects_at(selector, "matchExpressions"):
        key, values = text_at(one, "key"), ",".join(map(str, list_at(one, "values")))
        match text_at(one, "operator"):
            case "In":
                labels.append(f"{key} in ({values})")
            case "NotIn":
                labels.append(f"{key} notin ({values})")
            case "Exists":
                labels.append(key)
            case _:
                labels.append(f"!{key}")
    return ",".join(labels) or "<none>"


_WIDE = (
    column("Containers", lambda value: ",".join(text_at(one, "name") for one in _containers(value)), wide=True),
    column("Images", lambda value: ",".join(text_at(one, "image") for one in _containers(value)), wide=True),
)
_SELECTOR = column("Selector", lambda value: selector_text(object_at(value, "spec", "selector")), wide=True)


def _node_selector(value: JsonObject) -> str:
    wanted = texts(object_at(value, "spec", "template", "spec", "nodeSelector"))
    return ",".join(f"{key}={item}" for key, item in sorted(wanted.items())) or "<none>"


def _job_word(job: JsonObject) -> str:
    words = {"Complete": "Complete", "Failed": "Failed", "Suspended": "Suspended", "FailureTarget": "FailureTarget"}
    for condition, word in words.items():
        if condition_status(job, condition) == "True":
            return word
    return "Terminating" if object_at(job, "metadata").get("deletionTimestamp") else "Running"


def _job_duration(job: JsonObject, now: datetime) -> str:
    start = moment_of(text_at(job, "status", "startTime"))
    if start is None:
        return ""
    end = moment_of(text_at(job, "status", "completionTime")) or now
    return duration(int((end - start).total_seconds()))


WORKLOADS: Mapping[str, Sequence[Column]] = {
    "apps/deployments": (
        NAME,
        _ratio(("status", "readyReplicas"), ("spec", "replicas")),
        _number("Up-to-date", "status", "updatedReplicas"),
        _number("Available", "status", "availableReplicas"),
        AGE,
        *_WIDE,
        _SELECTOR,
    ),
    "apps/daemonsets": (
        NAME,
        _number("Desired", "status", "desiredNumberScheduled"),
        _number("Current", "status", "currentNumberScheduled"),
        _number("Ready", "status", "numberReady"),
        _number("Up-to-date", "status", "updatedNumberScheduled"),
        _number("Available", "status", "numberAvailable"),
        column("Node Selector", _node_selector),
        AGE,
        *_WIDE,
        _SELECTOR,
    ),
    "apps/replicasets": (
        NAME,
        _number("Desired", "spec", "replicas"),
        _number("Current", "status", "replicas"),
        _number("Ready", "status", "readyReplicas"),
        AGE,
        *_WIDE,
        _SELECTOR,
    ),
    "apps/statefulsets": (NAME, _ratio(("status", "readyReplicas"), ("spec", "replicas")), AGE, *_WIDE),
    "batch/jobs": (
        NAME,
        column("Status", _job_word),
        column(
            "Completions",
            lambda value: (
                f"{whole_number_at(value, 'status', 'succeeded', default=0)}/"
                f"{whole_number_at(value, 'spec', 'completions', default=1)}"
            ),
        ),
        Column(PrinterColumn(name="Duration", type="string"), _job_duration),
        AGE,
        *_WIDE,
        _SELECTOR,
    ),
}
