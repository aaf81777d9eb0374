"""The plugin's gRPC servers: for the kubelet on unix sockets, for probes on TCP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from dra_proto import registration_v1_pb2_grpc
from grpc_health.v1 import health_pb2_grpc

from dra_kubeletplugin.calls import Calls
from dra_kubeletplugin.health_service import MOST_STREAMS, HealthStreams
from dra_kubeletplugin.kubelet_api import KubeletApi
from dra_kubeletplugin.probes import Probes
from dra_kubeletplugin.registration import Registration
from dra_kubeletplugin.settings import StartError

CALL_THREADS = 4
"""Calls are carried out one at a time; some more can read their claims meanwhile."""

# Without it two servers could listen on one port, and each would get some of the calls.
_OPTIONS = (("grpc.so_reuseport", 0),)


def driver_server(kubelet: KubeletApi, calls: Calls, streams: HealthStreams, socket: Path) -> grpc.Server:
    """All that the kubelet calls, on one socket; not started."""
    server = _server(CALL_THREADS + MOST_STREAMS + 1)
    kubelet.add_services(server, calls, streams)
    _listen(server, f"unix:{socket}")
    return server


def registration_server(registration: Registration, socket: Path) -> grpc.Server:
    """Registration; not started."""
    server = _server(1)
    registration_v1_pb2_grpc.add_RegistrationServicer_to_server(registration, server)
    _listen(server, f"unix:{socket}")
    return server


def probe_server(probes: Probes, port: int) -> tuple[grpc.Server, int]:
    """Health for probes, not started; and its port (0 asks for any)."""
    server = _server(1)
    health_pb2_grpc.add_HealthServicer_to_server(probes, server)
    return server, _listen(server, f"[::]:{port}")


def _server(threads: int) -> grpc.Server:
    return grpc.server(ThreadPoolExecutor(max_workers=threads), options=_OPTIONS)


def _listen(server: grpc.Server, address: str) -> int:
    try:
        return server.add_insecure_port(address)
    except RuntimeError as error:
        raise StartError(f"cannot listen on {address}: is it in use, or not permitted? ({error})") from error
