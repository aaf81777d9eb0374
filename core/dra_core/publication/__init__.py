"""ResourceSlices: what a driver wants published against what the API server has, and the writes between them."""

from dra_core.publication.effects import CreateSlice, DeleteSlice, SliceEffect, UpdateSlice
from dra_core.publication.health_taints import with_health_taints
from dra_core.publication.limits import SliceLimits, limits_of
from dra_core.publication.plan import Publication, plan
from dra_core.publication.publisher import Publisher
from dra_core.publication.written import Acknowledged, acknowledge

__all__ = [
    "Acknowledged",
    "CreateSlice",
    "DeleteSlice",
    "Publication",
    "Publisher",
    "SliceEffect",
    "SliceLimits",
    "UpdateSlice",
    "acknowledge",
    "limits_of",
    "plan",
    "with_health_taints",
]
