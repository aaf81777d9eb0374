"""Workloads: DaemonSet, Deployment, ReplicaSet, StatefulSet and Job; their defaults and what must not change."""

from __future__ import annotations

from collections.abc import Iterator

from dra_core.refusal import Refusal
from dra_core.snapshot.json_value import Json, JsonObject, object_at, text_at

from dra_sandbox.apiserver import faults
from dra_sandbox.apiserver.requests import Circumstances
from dra_sandbox.apiserver.resources import Resource
from dra_sandbox.apiserver.rules_pods import spec_faults, with_template_defaults
from dra_sandbox.world.objects import objects_at, texts, uid_of

_DEFAULTS: dict[str, JsonObject] = {
    "Deployment": {
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
    },
    "DaemonSet": {
        "revisionHistoryLimit": 10,
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}},
    },
    "ReplicaSet": {"replicas": 1},
    "StatefulSet": {
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "podManagementPolicy": "OrderedReady",
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
    },
    "Job": {
        "backoffLimit": 6,
        "completionMode": "NonIndexed",
        "completions": 1,
        "manualSelector": False,
        "parallelism": 1,
        "podReplacementPolicy": "TerminatingOrFailed",
        "suspend": False,
    },
}
"""spec fields that are filled in (pkg/apis/apps/v1 and batch/v1 defaults)."""


def prepared_workload(
    resource: Resource, value: JsonObject, old: JsonObject | None, _circumstances: Circumstances
) -> JsonObject:
    """A workload with defaults, also in its pod template."""
    spec: dict[str, Json] = {**_DEFAULTS[resource.kind], **object_at(value, "spec")}
    for key in ("strategy", "updateStrategy"):
        if key in spec:
            spec[key] = _strategy(object_at(spec, key), object_at(_DEFAULTS[resource.kind], key))
    spec["template"] = with_template_defaults(object_at(spec, "template"))
    value = {**value, "spec": spec}
    if resource.kind == "Job" and old is None and not spec["manualSelector"]:
        value = _with_generated_selector(value)
    return value


def _strategy(written: JsonObject, default: JsonObject) -> JsonObject:
    strategy = {"type": default["type"], **written}
    if strategy["type"] != "RollingUpdate":
        return strategy
    rolling = {**object_at(default, "rollingUpdate"), **object_at(written, "rollingUpdate")}
    return {**strategy, "rollingUpdate": rolling}


def _with_generated_selector(job: JsonObject) -> JsonObject:
    """A job selects its pods by its UID, which its template carries (batch/job strategy)."""
    uid, name = uid_of(job), text_at(job, "metadata", "name")
    spec = object_at(job, "spec")
    template = object_at(spec, "template")
    labels: dict[str, Json] = {
        **object_at(template, "metadata", "labels"),
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "job-name": name,
    }
    changed = {**template, "metadata": {**object_at(template, "metadata"), "labels": labels}}
    selector = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    return {**job, "spec": {**spec, "selector": selector, "template": changed}}


def check_workload(resource: Resource, value: JsonObject, old: JsonObject | None) -> Iterator[Refusal]:
    """Selector and template."""
    spec = object_at(value, "spec")
    if old is not None and spec == object_at(old, "spec"):
        return
    yield from _selector_faults(spec, old)
    policies = ("OnFailure", "Never") if resource.kind == "Job" else ("Always",)
    template = object_at(spec, "template")
    if old is None or template != object_at(old, "spec", "template"):
        yield from spec_faults("spec.template.spec", object_at(template, "spec"), policies)
        if resource.kind == "Job" and old is not None:
            yield faults.invalid("spec.template", template, "field is immutable")
    for key in ("replicas", "parallelism", "completions", "backoffLimit"):
        number = spec.get(key, 0)
        if not isinstance(number, int) or number < 0:
            yield faults.invalid(f"spec.{key}", number, "must be greater than or equal to 0")


def _selector_faults(spec: JsonObject, old: JsonObject | None) -> Iterator[Refusal]:
    selector = object_at(spec, "selector")
    wanted = texts(object_at(selector, "matchLabels"))
    labels = texts(object_at(spec, "template", "metadata", "labels"))
    if not wanted and not objects_at(selector, "matchExpressions"):
        yield faults.required("spec.selector")
    elif any(labels.get(key) != value for key, value in wanted.items()):
        yield faults.invalid(
            "spec.template.metadata.labels", dict(labels), "`selector` does not match template `labels`"
        )
    if old is not None and selector != object_at(old, "spec", "selector"):
        yield faults.invalid("spec.selector", selector, "field is immutable")
