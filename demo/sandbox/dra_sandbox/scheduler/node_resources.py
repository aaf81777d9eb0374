"""cpu, memory and pods: what pods ask for and what a node has left (the scheduler's NodeResourcesFit)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from dra_core.snapshot.json_value import Json, JsonObject, at, object_at

from dra_sandbox.world.objects import objects_at

SUFFIXES: Mapping[str, Fraction] = {
    **{f"{letter}i": Fraction(1024**power) for power, letter in enumerate("KMGTPE", start=1)},
    **{letter: Fraction(1000**power) for power, letter in enumerate("kMGTPE", start=1)},
    "m": Fraction(1, 1000),
    "u": Fraction(1, 1000**2),
    "n": Fraction(1, 1000**3),
}
DEFAULT_PODS = Fraction(110)  # kubelet maxPods


def amount(value: Json) -> Fraction:
    """The number that a quantity of a node or a container stands for; 0 for what is none.

    The API server has checked the text; this reads it.
    """
    text = str(value) if isinstance(value, (str, int, float)) else "0"
    for suffix, factor in SUFFIXES.items():
        if text.endswith(suffix):
            return _number(text.removesuffix(suffix)) * factor
    return _number(text)


def _number(text: str) -> Fraction:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return Fraction(0)


def requests_of(pod: JsonObject) -> Mapping[str, Fraction]:
    """The pod's effective requests: the sum of its containers, or the largest init container if that is more."""
    total: dict[str, Fraction] = {}
    for container in objects_at(pod, "spec", "containers"):
        for name, value in _asked(container).items():
            total[name] = total.get(name, Fraction(0)) + value
    for container in objects_at(pod, "spec", "initContainers"):
        for name, value in _asked(container).items():
            total[name] = max(total.get(name, Fraction(0)), value)
    return total


def _asked(container: JsonObject) -> Mapping[str, Fraction]:
    limits = object_at(container, "resources", "limits")
    requests = {**limits, **object_at(container, "resources", "requests")}
    return {name: amount(value) for name, value in requests.items()}


def shortages(pod: JsonObject, node: JsonObject, others: Iterable[JsonObject]) -> tuple[str, ...]:
    """Why the pod does not fit beside the pods that are there, in kube-scheduler's words; empty if it does."""
    there = list(others)
    missing = []
    allocatable = object_at(node, "status", "allocatable")
    if len(there) + 1 > amount(at(allocatable, "pods") or str(DEFAULT_PODS)):
        missing.append("Too many pods")
    used: dict[str, Fraction] = {}
    for other in there:
        for name, value in requests_of(other).items():
            used[name] = used.get(name, Fraction(0)) + value
    for name, value in sorted(requests_of(pod).items()):
        if value and used.get(name, Fraction(0)) + value > amount(allocatable.get(name)):
            missing.append(f"Insufficient {name}")
    return tuple(missing)
