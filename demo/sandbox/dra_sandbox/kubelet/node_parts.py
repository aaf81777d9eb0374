"""What the parts of one kubelet have in common."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import msgspec
from dra_core.snapshot.json_value import JsonObject

from dra_sandbox.kubelet.claim_manager import ClaimManager
from dra_sandbox.kubelet.directories import NodeDirectories
from dra_sandbox.kubelet.plugins import Plugins
from dra_sandbox.kubelet.runtime import Runtime
from dra_sandbox.world.api import Api
from dra_sandbox.world.writes import Emit

COMPONENT = "kubelet"


class NodeParts(msgspec.Struct, frozen=True, kw_only=True):
    """One node.

    Attributes:
        name: Of the Node object.
        api: The API server.
        url: Where processes of pods reach it.
        directories: The node's files.
        runtime: What runs containers; outlives the kubelet.
        plugins: The DRA plugins that are registered.
        claims: The claims that are held here.
        backoff: Before a container that ended is started again, the first time.
    """

    name: str
    api: Api
    url: str
    directories: NodeDirectories
    runtime: Runtime
    plugins: Plugins
    claims: ClaimManager
    backoff: timedelta

    def tell(self, about: JsonObject, reason: str, message: str, *, warning: bool = False) -> None:
        """An event about a pod."""
        severity: Literal["Normal", "Warning"] = "Warning" if warning else "Normal"
        emit = Emit(about=about, severity=severity, reason=reason, message=message, component=COMPONENT, host=self.name)
        self.api.carry_out((emit,))
