"""What differs between the generations of Dynamic Resource Allocation; everything else is one plugin."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
from dra_apiserver import CLASSIC_CLAIMS, RESOURCE_CLAIMS, ApiServer, Resource
from dra_core.nodestate import PoolAndDevice
from dra_core.preparation import DriverOnNode, prepared_devices, read_checkpoint
from dra_core.snapshot.generation import Generation
from dra_logs import Log

from dra_kubeletplugin.claims_on_node import ReadClaim
from dra_kubeletplugin.device_health import DeviceHealthWatch
from dra_kubeletplugin.kubelet_api import KubeletApi
from dra_kubeletplugin.metrics import Metrics
from dra_kubeletplugin.node_disk import NodeDisk
from dra_kubeletplugin.node_states import NodeStates
from dra_kubeletplugin.publishing import Publishing
from dra_kubeletplugin.settings import Settings


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a plugin that depend on the generation.

    Attributes:
        kubelet: How the kubelet talks.
        claims: Where claims are.
        read_claim: How a claim and its devices are read.
        publishing: What the cluster is told.
    """

    kubelet: KubeletApi
    claims: Resource
    read_claim: ReadClaim
    publishing: tuple[Publishing, ...]

    @property
    def loops(self) -> tuple[Callable[[], None], ...]:
        """What runs in the background until ``stop``."""
        return tuple(loop for each in self.publishing for loop in each.loops())

    def health_changed(self) -> None:
        """The health of a device has changed."""
        for each in self.publishing:
            each.health_changed()

    def claims_changed(self) -> None:
        """A claim may have been prepared or unprepared."""
        for each in self.publishing:
            each.claims_changed()

    def registered(self) -> None:
        """The kubelet calls this instance from now on, and no other."""
        for each in self.publishing:
            each.registered()

    def stop(self) -> None:
        """End the loops."""
        for each in self.publishing:
            each.stop()


def parts_of(
    generation: Generation,
    settings: Settings,
    driver: DriverOnNode,
    server: ApiServer,
    health: DeviceHealthWatch,
    disk: NodeDisk,
    metrics: Metrics,
    log: Log,
) -> Parts:
    """The parts for a generation; what only the other one needs is not even loaded."""

    def prepared() -> Mapping[str, tuple[PoolAndDevice, ...]] | None:
        try:
            return prepared_devices(read_checkpoint(disk.read_checkpoint()))
        except OSError:
            return None

    states = NodeStates(server, settings.node_name, settings.namespace)
    if generation == "classic":
        from dra_kubeletplugin.classic_claims import ClassicClaims
        from dra_kubeletplugin.classic_services import CLASSIC
        from dra_kubeletplugin.node_state_publishing import ClassicNodeState

        claims = ClassicClaims(server, settings.driver_name, settings.node_name, settings.namespace, driver.pools)
        state = ClassicNodeState(states, driver, settings.namespace, health, prepared, log)
        return Parts(kubelet=CLASSIC, claims=CLASSIC_CLAIMS, read_claim=claims.read_claim, publishing=(state,))

    from dra_kubeletplugin.modern_cluster import ModernCluster
    from dra_kubeletplugin.modern_services import MODERN
    from dra_kubeletplugin.node_state_publishing import PreparedClaims
    from dra_kubeletplugin.slice_publishing import SlicePublishing

    cluster = ModernCluster(server, settings.driver_name, settings.node_name)
    slices = SlicePublishing(driver, cluster, health, metrics, log)
    report = PreparedClaims(states, driver, settings.namespace, prepared, log)
    return Parts(kubelet=MODERN, claims=RESOURCE_CLAIMS, read_claim=cluster.read_claim, publishing=(slices, report))
