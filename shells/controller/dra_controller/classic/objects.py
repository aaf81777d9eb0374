"""Where the objects of classic DRA are on the API server."""

from __future__ import annotations

from collections.abc import Mapping

from dra_apiserver import CLASSIC_CLAIMS, NODE_STATES, NODES, Resource
from dra_apiserver.resource import RESOURCE_API
from dra_core.negotiation import Kind
from dra_core.snapshot.generation import CLASSIC_VERSION

CONTEXTS = Resource(group=RESOURCE_API, version=CLASSIC_VERSION, plural="podschedulingcontexts", namespaced=True)

WATCHED: Mapping[Kind, Resource] = {
    "ResourceClass": Resource(group=RESOURCE_API, version=CLASSIC_VERSION, plural="resourceclasses"),
    "DeviceClassParameters": Resource(
        group="gpu.resource.example.com", version="v1alpha1", plural="deviceclassparameters"
    ),
    "GpuClaimParameters": Resource(
        group="gpu.resource.example.com", version="v1alpha1", plural="gpuclaimparameters", namespaced=True
    ),
    "Node": NODES,
    "ResourceClaim": CLASSIC_CLAIMS,
    "NodeAllocationState": NODE_STATES,
    "PodSchedulingContext": CONTEXTS,
}
"""What is followed; pods are read one by one, when their contexts are looked at."""
