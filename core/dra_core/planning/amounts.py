"""Amounts of node resources: what pods ask for, what nodes offer; in billionths, so that sums are exact."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from dra_core.snapshot.pod import Container, PodSpec
from dra_core.snapshot.quantity import BINARY_SI, DECIMAL_SI, canonical, parse

PODS = "pods"
DEFAULT_PODS = "110"  # kubelet maxPods
NOTHING: Mapping[str, int] = {}


@functools.lru_cache(maxsize=65_536)
def nanos(text: str) -> int:
    """The amount in billionths; 0 for what is no quantity (``lint`` says so)."""
    amount = parse(text)
    return amount.nanos if amount is not None else 0


OF_WHOLE_PODS = ("cpu", "memory")  # and huge pages: what spec.resources may ask for the pod as a whole
HUGE_PAGES = "hugepages-"


def in_words(name: str, amount: int) -> str:
    """An amount of a node resource, in billionths, as people write it."""
    in_bytes = name in ("memory", "ephemeral-storage") or name.startswith(HUGE_PAGES)
    return canonical(amount, BINARY_SI if in_bytes else DECIMAL_SI)


def requested(
    spec: PodSpec, assumed: Mapping[str, int] = NOTHING, devices: Mapping[str, int] = NOTHING
) -> Mapping[str, int]:
    """A pod's effective requests by resource name, with one of ``pods`` (resourcehelper PodRequests).

    Containers and sidecars add up; an init container needs room beside the sidecars started before it, but is gone
    before the containers start.

    Args:
        spec: Of the pod.
        assumed: What a container asks that does not say it.
        devices: What its devices take of node resources (``node_allocatable``).
    """
    running: dict[str, int] = {}
    for container in spec.containers:
        _add(running, {**assumed, **_asked(container)})
    sidecars: dict[str, int] = {}
    starting: dict[str, int] = {}
    for container in spec.init_containers:
        asked: Mapping[str, int] = {**assumed, **_asked(container)}
        if container.runs_on:
            _add(running, asked)
            _add(sidecars, asked)
            asked = sidecars
        else:
            asked = {
                name: asked.get(name, 0) + sidecars.get(name, 0) for name in (*asked, *(sidecars.keys() - asked.keys()))
            }
        for name, amount in asked.items():
            starting[name] = max(starting.get(name, 0), amount)
    total = {name: max(running.get(name, 0), starting.get(name, 0)) for name in (*running, *starting)}
    _add(total, devices)
    if spec.resources is not None:
        total |= {name: nanos(text) for name, text in spec.resources.requests.items() if for_whole_pods(name)}
    _add(total, {name: nanos(text) for name, text in spec.overhead.items()})
    total[PODS] = nanos("1")
    return {name: amount for name, amount in total.items() if amount}


def for_whole_pods(name: str) -> bool:
    """Whether spec.resources may ask for the resource; what it asks counts in place of the containers' sum."""
    return name in OF_WHOLE_PODS or name.startswith(HUGE_PAGES)


def _asked(container: Container) -> Mapping[str, int]:
    resources = container.resources
    if not resources.limits:
        return {name: nanos(text) for name, text in resources.requests.items()}
    # The API server fills in what is limited but not requested.
    return {name: nanos(text) for name, text in {**resources.limits, **resources.requests}.items()}


def _add(total: dict[str, int], more: Mapping[str, int]) -> None:
    for name, amount in more.items():
        total[name] = total.get(name, 0) + amount
