"""Where the objects of modern DRA are on the API server."""

from __future__ import annotations

from collections.abc import Mapping

from dra_apiserver import NODE_STATES, NODES, Resource
from dra_apiserver.resource import RESOURCE_API
from dra_core.nodestate import MirrorKind


def followed(version: str) -> Mapping[MirrorKind, Resource]:
    """What is followed; ``version`` of resource.k8s.io."""
    return {
        "Node": NODES,
        "ResourceSlice": Resource(group=RESOURCE_API, version=version, plural="resourceslices"),
        "ResourceClaim": Resource(group=RESOURCE_API, version=version, plural="resourceclaims", namespaced=True),
        "NodeAllocationState": NODE_STATES,
    }
