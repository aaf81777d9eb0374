"""What a kubelet asks of a driver: a value for each generation of Dynamic Resource Allocation."""

from __future__ import annotations

from collections.abc import Callable

import grpc
import msgspec

from dra_kubeletplugin.calls import Calls
from dra_kubeletplugin.health_service import HealthStreams


class KubeletApi(msgspec.Struct, frozen=True, kw_only=True):
    """How the kubelets of a generation talk to a driver.

    Attributes:
        supported_versions: What the plugin watcher is told.
        add_services: Makes a server answer the kubelet's calls.
        probe: Asks such a server for nothing, within so many seconds. Raises grpc.RpcError if it does not answer.
    """

    supported_versions: tuple[str, ...]
    add_services: Callable[[grpc.Server, Calls, HealthStreams], None]
    probe: Callable[[grpc.Channel, float], None]
