"""Where the objects of a kind are on the API server."""

from __future__ import annotations

from urllib.parse import quote

import msgspec
from dra_core.snapshot.classic_node_state import NODE_STATE_API_VERSION
from dra_core.snapshot.generation import CLASSIC_VERSION


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of objects: API group ("" for the core group), version, plural name."""

    group: str = ""
    version: str = "v1"
    plural: str
    namespaced: bool = False

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The path of all objects (of a namespace), of one, or of a subresource of it, such as ``status``."""
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts += [self.plural, *([name] if name else []), *([subresource] if subresource else [])]
        return "/" + "/".join(quote(part, safe="") for part in parts)


RESOURCE_API = "resource.k8s.io"

DEVICE_CLASSES = Resource(group=RESOURCE_API, plural="deviceclasses")
RESOURCE_CLAIMS = Resource(group=RESOURCE_API, plural="resourceclaims", namespaced=True)
RESOURCE_CLAIM_TEMPLATES = Resource(group=RESOURCE_API, plural="resourceclaimtemplates", namespaced=True)
RESOURCE_SLICES = Resource(group=RESOURCE_API, plural="resourceslices")
CLASSIC_CLAIMS = Resource(group=RESOURCE_API, version=CLASSIC_VERSION, plural="resourceclaims", namespaced=True)
_GROUP, _, _VERSION = NODE_STATE_API_VERSION.partition("/")
NODE_STATES = Resource(group=_GROUP, version=_VERSION, plural="nodeallocationstates", namespaced=True)
NODES = Resource(plural="nodes")
PODS = Resource(plural="pods", namespaced=True)
EVENTS = Resource(group="events.k8s.io", plural="events", namespaced=True)
LEASES = Resource(group="coordination.k8s.io", plural="leases", namespaced=True)
