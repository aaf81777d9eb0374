"""Which generation of Dynamic Resource Allocation an API server serves.

Modern: resource.k8s.io/v1, v1beta2 or v1beta1; the scheduler allocates, from ResourceSlices. Classic:
resource.k8s.io/v1alpha2 (Kubernetes 1.27 to 1.30); the driver's controller allocates. A server that has both is modern.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec
from returns.result import Failure, Result, Success

from dra_core.refusal import Fault, Refusal
from dra_core.snapshot.versions import GROUP

Generation: TypeAlias = Literal["classic", "modern"]

CLASSIC_VERSION = "v1alpha2"
MODERN_VERSIONS = ("v1", "v1beta2", "v1beta1")
"""In the order in which they are taken; ``to_v1`` reads them all."""


class ServedApi(msgspec.Struct, frozen=True):
    """A generation, and the version of resource.k8s.io to speak."""

    generation: Generation
    version: str


CLASSIC = ServedApi("classic", CLASSIC_VERSION)
MODERN = ServedApi("modern", "v1")


def served_api(versions: Iterable[str]) -> Result[ServedApi, Refusal]:
    """What to speak with a server that serves these versions of resource.k8s.io (none: it does not know the group)."""
    served = tuple(versions)
    for version in MODERN_VERSIONS:
        if version in served:
            return Success(ServedApi("modern", version))
    if CLASSIC_VERSION in served:
        return Success(CLASSIC)
    seen = f"only {', '.join(served)}" if served else "nothing"
    return Failure(
        Refusal(
            code="NoResourceApi",
            fault=Fault.ADMINISTRATOR,
            seen=f"of {GROUP} the API server serves {seen}; this driver speaks "
            f"{', '.join(MODERN_VERSIONS)} and {CLASSIC_VERSION}",
            hint="Kubernetes 1.34 and later serve v1 by themselves; on 1.30 turn on the feature gate "
            "DynamicResourceAllocation everywhere, and the API server's "
            f"--runtime-config={GROUP}/{CLASSIC_VERSION}=true",
        )
    )
