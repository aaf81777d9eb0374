"""What each node has left in a planning run: resources, free devices, and the pods that are on it.

Nodes go by their number. What is entered can be taken out again, last in, first out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dra_core.planning.amounts import requested
from dra_core.planning.cluster import Cluster
from dra_core.planning.policies import ASSUMED
from dra_core.snapshot.pod import Pod


class NodeUse:
    """The nodes' books.

    Attributes:
        used: What pods request, by resource, in billionths.
        assumed: The same with what kube-scheduler assumes of containers that request nothing; only for its own policy.
    """

    def __init__(self, cluster: Cluster, *, assuming: bool) -> None:
        nodes = cluster.nodes
        self.used: list[dict[str, int]] = [dict(cluster.used.get(node.metadata.name, {})) for node in nodes]
        self.assumed: list[dict[str, int]] = [{} for _ in nodes]
        self._running: list[Sequence[Pod]] = [cluster.pods_on.get(node.metadata.name, ()) for node in nodes]
        self._placed: dict[int, list[Pod]] = {}
        self._free: list[int] = []
        for number, node in enumerate(nodes):
            for pod in self._running[number] if assuming else ():
                _add(self.assumed[number], requested(pod.spec, ASSUMED), 1)
            self._free.append(
                sum(
                    not cluster.allocated.holds((item.device.id[0], item.device.id[1]), item.device.id[2])
                    for item in cluster.inventory.for_node(node).candidates
                )
            )

    def enter(self, number: int, pod: Pod, wanted: Mapping[str, int]) -> None:
        """A pod is on the node, and takes what it wants."""
        _add(self.used[number], wanted, 1)
        _add(self.assumed[number], requested(pod.spec, ASSUMED), 1)
        self._placed.setdefault(number, []).append(pod)

    def take_out(self, number: int, wanted: Mapping[str, int]) -> None:
        """The pod that was entered last on the node is not there."""
        pod = self._placed[number].pop()
        _add(self.used[number], wanted, -1)
        _add(self.assumed[number], requested(pod.spec, ASSUMED), -1)

    def enter_devices(self, users: Iterable[int], count: int) -> None:
        """So many devices of pools that these nodes draw from are taken; negative: are given back."""
        for user in users:
            self._free[user] -= count

    def free(self, number: int) -> int:
        """How many devices are free; exact for pools of one node."""
        return max(self._free[number], 0)

    def pods_on(self, number: int) -> Sequence[Pod]:
        """The pods on the node, those that run first."""
        return (*self._running[number], *self._placed.get(number, ()))

    def pods(self) -> Iterable[tuple[int, Pod]]:
        """All pods on all nodes."""
        return ((number, pod) for number in range(len(self._running)) for pod in self.pods_on(number))


def _add(amounts: dict[str, int], more: Mapping[str, int], sign: int) -> None:
    for name, amount in more.items():
        amounts[name] = amounts.get(name, 0) + sign * amount
