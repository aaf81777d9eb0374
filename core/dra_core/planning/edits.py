"""What may be different in a what-if, as values; ``what_if.changed`` applies them to a snapshot."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from dra_core.refusal import Fault, Refusal

ANY = "*"  # in place of a driver, pool or device


class Devices(msgspec.Struct, frozen=True):
    """Which devices; ``*`` stands for any."""

    driver: str = ANY
    pool: str = ANY
    device: str = ANY

    def holds(self, driver: str, pool: str, device: str) -> bool:
        """Whether the device is meant."""
        return self.driver in (ANY, driver) and self.pool in (ANY, pool) and self.device in (ANY, device)

    @property
    def text(self) -> str:
        """``driver/pool/device``."""
        return f"{self.driver}/{self.pool}/{self.device}"


class AddNodes(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """More nodes like one that there is, empty, with devices of their own."""

    like: str
    count: int = 1


class RemoveNode(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A node and its slices gone."""

    node: str


class Drain(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A node cordoned and empty."""

    node: str


class TaintNode(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A node with one more taint."""

    node: str
    key: str
    value: str = ""
    effect: str


class UntaintNode(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A node without the taints of a key; with "node.kubernetes.io/unschedulable", uncordoned as well."""

    node: str
    key: str


class TaintDevices(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Devices with one more taint."""

    devices: Devices
    key: str
    value: str = ""
    effect: str


class UntaintDevices(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Devices without the taints of a key, be they published or laid over them by rules."""

    devices: Devices
    key: str


class FailDevices(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Devices gone; who used them waits again."""

    devices: Devices


class Repartition(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The devices that draw from a counter set of a pool cut anew: the whole, and so many equal parts.

    The largest of them is taken for the whole; parts have its attributes, and their share of its capacity and counters.
    Who uses any of the old devices waits again. The pool keeps everything that draws from other sets.
    """

    pool: str
    counter_set: str
    parts: int


class Without(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An object gone, with what belongs to it: a workload with its pods, a pod with its own claims."""

    kind: str
    namespace: str
    name: str


Edit: TypeAlias = (
    AddNodes
    | RemoveNode
    | Drain
    | TaintNode
    | UntaintNode
    | TaintDevices
    | UntaintDevices
    | FailDevices
    | Repartition
    | Without
)


def means_nothing(seen: str, hint: str = "") -> Refusal:
    """An edit that has nothing to work on in the snapshot."""
    return Refusal(code="WhatIfMeansNothing", fault=Fault.USER, seen=seen, hint=hint)
