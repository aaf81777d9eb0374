"""The API server, and the generation of Dynamic Resource Allocation that it serves."""

from __future__ import annotations

import threading
from pathlib import Path

from dra_apiserver import ApiServer, WantedGeneration, connect, wait_for_api
from dra_core.refusal import Refusal
from dra_core.snapshot.generation import MODERN, Generation
from dra_logs import Log
from returns.result import Failure

from dra_kubeletplugin.settings import StartError


def server_of(kubeconfig: Path | None) -> ApiServer:
    """The server of a kubeconfig, or of the pod that this is. Raises StartError; does not call the server."""
    server = connect(kubeconfig, "dra-kubeletplugin")
    if isinstance(server, Failure):
        refused: Refusal = server.failure()
        raise StartError(refused.sentence)
    return server.unwrap()


def generation_of(server: ApiServer, asked: WantedGeneration, stop: threading.Event, log: Log) -> Generation | None:
    """The generation to speak; None: ``stop`` was set before an API server that is to tell it has answered.

    Raises:
        StartError: The server serves none, or only versions that the plugin does not speak.
    """

    def tell(why: str) -> None:
        log.warning("the API server does not say what it serves; asking again", error=why)

    served = wait_for_api(server, asked, stop, tell)
    if served is None:
        return None
    if isinstance(served, Failure):
        refused: Refusal = served.failure()
        raise StartError(refused.sentence)
    api = served.unwrap()
    if api.generation == "modern" and api.version != MODERN.version:
        raise StartError(
            f"of resource.k8s.io the API server serves {api.version} at the newest, and the plugin needs v1: "
            "use Kubernetes 1.34 or newer"
        )
    return api.generation
