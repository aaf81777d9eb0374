"""The controller as a process of its own, as a Deployment's pod runs it."""

from __future__ import annotations

import os
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from tests.integration.controller.over_http import DEADLINE_SECONDS
from tests.integration.program_process import ProgramProcess
from tests.property.negotiation.classic_api import DRIVER_NAMESPACE


class ControllerProcess(ProgramProcess):
    """With an HTTP port for its probes."""

    def __init__(self, kubeconfig: Path, flags: Sequence[str] = ()) -> None:
        own = {"NAMESPACE": DRIVER_NAMESPACE, "KUBECONFIG": str(kubeconfig), "HTTP_PORT": "0"}
        super().__init__(["-m", "dra_controller", *flags], {**os.environ, **own}, DEADLINE_SECONDS)

    def ask(self, path: str) -> tuple[int, str]:
        """An answer of its HTTP port."""
        port = self.port("probes and metrics are served")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=DEADLINE_SECONDS) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:  # Python 3.14 warns of one that is left open
                return refused.code, refused.read().decode()
