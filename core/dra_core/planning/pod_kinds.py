"""Pods that ask the same, and what each node is worth to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from dra_core.allocation.search import Solution
from dra_core.planning.host_ports import HostPort
from dra_core.planning.pod_claims import PodClaim
from dra_core.planning.policies import ALTERNATIVES, Worth, total
from dra_core.snapshot.pod import Pod

NOWHERE = float("-inf")


def asked(pod: Pod, claims: Iterable[PodClaim]) -> bytes:
    """Equal for pods that ask the same of nodes, for themselves and by these claims."""
    records = [(item.claim.spec, item.claim.status.allocation) for item in claims]
    spec, grouped = pod.spec, pod.spec.scheduling_group is not None
    if grouped:  # which group asks nothing of nodes
        spec = msgspec.structs.replace(spec, scheduling_group=None)
    return msgspec.json.encode((pod.metadata.namespace, spec, grouped, records))


class PodKind:
    """Pods that ask the same, and what each node is worth to them."""

    __slots__ = ("allowed", "assumed", "beside", "errors", "ports", "seen", "values", "wanted")

    def __init__(
        self,
        allowed: Sequence[bool],
        wanted: Mapping[frozenset[str], Mapping[str, int]],
        assumed: Mapping[str, int],
        ports: tuple[HostPort, ...],
    ) -> None:
        self.allowed = allowed
        self.wanted = wanted  # by what nodes give through device plugins
        self.assumed = assumed
        self.ports = ports
        self.values = [NOWHERE] * len(allowed)
        self.beside: dict[int, Worth] = {}  # of nodes with raw scores, which count beside those of others
        self.errors: dict[int, str] = {}
        self.seen = -1  # up to where the log of changed nodes was taken into account

    def worth(self, only: int | None) -> list[float]:
        """What nodes are worth to a pod of the kind, or the only node that it may be on."""
        if only is None:
            return self.values
        values = [NOWHERE] * len(self.values)
        values[only] = self.values[only]
        return values

    def errs(self, only: int | None) -> bool:
        """Whether the attempt of a pod ends with an error, on any node or the only one that it may be on."""
        return bool(self.errors) if only is None else only in self.errors


def beside_each_other(kind: PodKind, values: list[float]) -> list[float]:
    """The points of nodes where raw scores are to be weighed against each other; only nodes that fit count."""
    fitting = {number: found for number, found in kind.beside.items() if values[number] != NOWHERE}
    if not fitting:
        return values
    most = [
        max(getattr(found, name) for found in fitting.values()) for name in ("affinity", "soft_taints", "alternatives")
    ]
    return [
        value if value == NOWHERE else total(fitting.get(number) or Worth(value), *most)
        for number, value in enumerate(values)
    ]


def alternatives_taken(solution: Solution) -> int:
    """For each prioritised list 8 less the position of its alternative; other requests count nothing."""
    listed = {
        (chosen.request.claim, chosen.request.parent)
        for items in solution.chosen
        for chosen in items
        if chosen.request.parent
    }
    if not listed:
        return 0
    positions = [position for taken in solution.alternatives for position in taken]
    return len(listed) * ALTERNATIVES - sum(positions)
