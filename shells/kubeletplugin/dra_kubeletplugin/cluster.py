"""What the plugin asks of the API server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec
from dra_core.preparation import ClaimRead
from dra_core.publication import SliceEffect
from dra_core.snapshot.json_value import JsonObject


class ClusterError(Exception):
    """The API server could not be asked, or did not do what it was asked; the text is for people."""


class SliceConflictError(Exception):
    """What was to be written has changed or is gone: read again and plan again."""


class WatchBroke(msgspec.Struct, frozen=True):
    """The watch has a gap: for so many seconds nothing is seen; ``why`` is for people."""

    why: str
    again_in_seconds: float


class Cluster(Protocol):
    """The API server, as far as a node's plugin needs it. Every call ends within some seconds; threads may share it."""

    def read_claim(self, namespace: str, name: str) -> ClaimRead:
        """A ResourceClaim (resource.k8s.io/v1). Never raises."""
        ...

    def node_uid(self, node_name: str) -> str:
        """The Node's UID. Raises ClusterError."""
        ...

    def server_minor(self) -> int:
        """The minor version of Kubernetes 1.x. Raises ClusterError."""
        ...

    def list_slices(self, driver_name: str, node_name: str) -> Sequence[JsonObject]:
        """The driver's ResourceSlices of a node, as they are now. Raises ClusterError."""
        ...

    def watch_slices(self, driver_name: str, node_name: str) -> Iterator[str | WatchBroke]:
        """Name of each of these slices that is added, changed or deleted, for ever; "": any may have been."""
        ...

    def write_slice(self, effect: SliceEffect) -> JsonObject:
        """Carry out a write; the object returned (for a deletion: empty).

        Raises SliceConflictError, ClusterError.
        """
        ...
