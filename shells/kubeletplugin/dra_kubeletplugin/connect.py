"""The API server, and the generation of Dynamic Resource Allocation that it serves."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from dra_apiserver import (
    Access,
    ApiFailure,
    ApiServer,
    WantedGeneration,
    access_by_kubeconfig,
    access_in_pod,
    find_api,
)
from dra_core.refusal import Refusal
from dra_core.snapshot.generation import MODERN, Generation, ServedApi
from dra_logs import Log
from returns.result import Failure, Result

from dra_kubeletplugin.settings import StartError

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 10.0
"""Between two questions to an API server that does not answer."""


def connect(kubeconfig: Path | None) -> ApiServer:
    """The server of a kubeconfig, or of the pod that this is. Raises StartError; does not call the server."""
    access: Result[Access, Refusal]
    access = access_in_pod(os.environ) if kubeconfig is None else access_by_kubeconfig([kubeconfig])
    if isinstance(access, Failure):
        refused: Refusal = access.failure()
        raise StartError(refused.sentence)
    return ApiServer(access.unwrap(), "dra-kubeletplugin")


def generation_of(server: ApiServer, asked: WantedGeneration, stop: threading.Event, log: Log) -> Generation | None:
    """The generation to speak; None: ``stop`` was set before an API server that is to tell it has answered.

    Raises:
        StartError: The server serves none.
    """
    pause = FIRST_PAUSE_SECONDS
    while isinstance(answer := find_api(server, asked), Failure):
        failed: ApiFailure = answer.failure()
        log.warning("the API server does not tell which generation it serves; asking again", error=failed.sentence)
        if stop.wait(pause):
            return None
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
    served: Result[ServedApi, Refusal] = answer.unwrap()
    if isinstance(served, Failure):
        refused: Refusal = served.failure()
        raise StartError(refused.sentence)
    api = served.unwrap()
    if api.generation == "modern" and api.version != MODERN.version:
        log.warning("the plugin needs resource.k8s.io/v1 (Kubernetes 1.34 or newer)", served=api.version)
    return api.generation
