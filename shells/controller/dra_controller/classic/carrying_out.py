"""Carry out the core's effects on the API server."""

from __future__ import annotations

from datetime import UTC, datetime

from dra_apiserver import CLASSIC_CLAIMS, EVENTS, NODE_STATES, Answer, ApiFailure, ApiServer
from dra_core.negotiation import (
    EmitEvent,
    Kind,
    PatchClaim,
    PatchClaimStatus,
    PatchContextStatus,
    PatchNodeState,
    Write,
)
from dra_core.snapshot.json_value import JsonObject
from dra_logs import Log
from returns.result import Failure

from dra_controller.classic.objects import CONTEXTS

REMEMBERED_EVENTS = 10_000
"""Events that are not told again; the oldest is forgotten first."""


class CarryingOut:
    """Writes as the driver's controller."""

    def __init__(self, server: ApiServer, driver_name: str, namespace: str, identity: str, log: Log) -> None:
        self._server = server
        self._driver_name = driver_name
        self._namespace = namespace
        self._identity = identity
        self._log = log
        self._told: dict[tuple[str, str, str], None] = {}

    def write(self, write: Write) -> tuple[Kind, Answer]:
        """Carry out a write; which kind of object it changes, and what it is now."""
        match write:
            case PatchClaim(namespace=namespace, name=name, patch=patch):
                return "ResourceClaim", self._server.merge(CLASSIC_CLAIMS, name, patch, namespace)
            case PatchClaimStatus(namespace=namespace, name=name, patch=patch):
                return "ResourceClaim", self._server.merge(CLASSIC_CLAIMS, name, patch, namespace, "status")
            case PatchContextStatus(namespace=namespace, name=name, patch=patch):
                return "PodSchedulingContext", self._server.merge(CONTEXTS, name, patch, namespace, "status")
            case PatchNodeState(name=name, patch=patch):
                return "NodeAllocationState", self._server.merge(NODE_STATES, name, patch, self._namespace)

    def tell(self, event: EmitEvent) -> None:
        """Tell people, once; an event that cannot be written holds nobody up."""
        key = (event.regarding.uid, event.reason, event.note)
        if key in self._told:
            return
        self._told[key] = None
        if len(self._told) > REMEMBERED_EVENTS:
            self._told.pop(next(iter(self._told)), None)
        answer = self._server.create(EVENTS, self._event(event))
        if isinstance(answer, Failure):
            failed: ApiFailure = answer.failure()
            self._log.warning("an event could not be written", error=failed.sentence, note=event.note)

    def _event(self, event: EmitEvent) -> JsonObject:
        now = datetime.now(UTC)
        regarding = event.regarding
        namespace = regarding.namespace or "default"  # as the API server wants it for objects without a namespace
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": f"{regarding.name}.{int(now.timestamp() * 1e9):x}", "namespace": namespace},
            "eventTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "reportingController": self._driver_name,
            "reportingInstance": self._identity,
            "action": "Allocate",
            "type": event.type,
            "reason": event.reason,
            "note": event.note,
            "regarding": {
                "apiVersion": regarding.api_version,
                "kind": regarding.kind,
                "namespace": regarding.namespace,
                "name": regarding.name,
                "uid": regarding.uid,
            },
        }
