"""Pods wait for devices with binding conditions: the claim's status is told that they are ready."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

from dra_apiserver import ApiServer, Resource
from dra_core.device_status import readiness
from dra_core.nodestate import ModernCluster
from dra_logs import Log

from dra_controller.metrics import Metrics
from dra_controller.outcome import failure_of

ClaimName: TypeAlias = tuple[str, str]
"""Namespace and name."""


class Readying:
    """Looks at a claim by its name."""

    def __init__(
        self, claims: Resource, known: Callable[[], ModernCluster], server: ApiServer, metrics: Metrics, log: Log
    ) -> None:
        self._claims = claims
        self._known = known
        self._server = server
        self._metrics = metrics
        self._log = log

    def look(self, name: ClaimName) -> bool:
        """Whether it went well. What was written comes back by the watch, and the claim waits no longer."""
        cluster = self._known()
        claim = cluster.waiting.get(name)
        if claim is None:
            return True
        patch = readiness(cluster.driver_name, claim, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        if patch is None:
            return True
        namespace, claim_name = name
        answer = self._server.merge(self._claims, claim_name, patch, namespace, subresource="status")
        told = {"claim": f"{namespace}/{claim_name}"}
        event = "devices could not be reported ready; trying again"
        if failure_of(answer, "ResourceClaim", self._metrics, self._log, event, **told) is not None:
            return False
        self._log.info("devices are reported ready", **told)
        return True
