"""The API server that a driver's program speaks to."""

from __future__ import annotations

import os
from pathlib import Path

from dra_core.refusal import Refusal
from returns.result import Result

from dra_apiserver.access import Access
from dra_apiserver.client import ApiServer
from dra_apiserver.in_pod import access_in_pod
from dra_apiserver.kubeconfig_access import access_by_kubeconfig


def connect(kubeconfig: Path | None, user_agent: str) -> Result[ApiServer, Refusal]:
    """The server of a kubeconfig, or, without one, of the pod that this is; does not call it."""
    access: Result[Access, Refusal]
    access = access_in_pod(os.environ) if kubeconfig is None else access_by_kubeconfig([kubeconfig])
    return access.map(lambda known: ApiServer(known, user_agent))
