"""The API server of resource.k8s.io/v1: claims to be prepared, and the node's ResourceSlices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from dra_apiserver import (
    RESOURCE_CLAIMS,
    RESOURCE_SLICES,
    Answer,
    ApiFailure,
    ApiServer,
    Broken,
    Changed,
    Follower,
    Gone,
    Selection,
)
from dra_core.preparation import ClaimFound, ClaimMissing, ClaimRead, ClaimUnreadable
from dra_core.publication import CreateSlice, DeleteSlice, SliceEffect, UpdateSlice
from dra_core.snapshot.json_value import JsonObject, text_at
from returns.result import Failure

from dra_kubeletplugin.cluster import ClusterError, node_uid, wanted


class SliceConflictError(Exception):
    """What was to be written has changed or is gone: read again and plan again."""


class WatchBroke(msgspec.Struct, frozen=True):
    """The watch has a gap: for so many seconds nothing is seen; ``why`` is for people."""

    why: str
    again_in_seconds: float


class ModernCluster:
    """The API server, as a driver's plugin on a node needs it; threads may share it. Calls end within some seconds."""

    def __init__(self, server: ApiServer, driver_name: str, node_name: str) -> None:
        self._server = server
        self._node_name = node_name
        self._selection = Selection(fields=f"spec.driver={driver_name},spec.nodeName={node_name}")

    def read_claim(self, namespace: str, name: str) -> ClaimRead:
        """A ResourceClaim. Never raises."""
        answer = self._server.get(RESOURCE_CLAIMS, name, namespace)
        if isinstance(answer, Failure):
            failed: ApiFailure = answer.failure()
            return ClaimMissing() if failed.not_found else ClaimUnreadable(failed.sentence)
        return ClaimFound(answer.unwrap())

    def node_uid(self) -> str:
        """The Node's UID. Raises ClusterError."""
        return node_uid(self._server, self._node_name)

    def server_minor(self) -> int:
        """The minor version of Kubernetes 1.x. Raises ClusterError."""
        minor = self._server.minor_version()
        if isinstance(minor, Failure):
            failed: ApiFailure = minor.failure()
            raise ClusterError(failed.sentence)
        return minor.unwrap()

    def list_slices(self) -> Sequence[JsonObject]:
        """The driver's slices of the node, as they are now. Raises ClusterError."""
        listing = self._server.list(RESOURCE_SLICES, self._selection)
        if isinstance(listing, Failure):
            failed: ApiFailure = listing.failure()
            raise ClusterError(failed.sentence)
        return listing.unwrap().objects

    def watch_slices(self) -> Iterator[str | WatchBroke]:
        """Name of each of these slices that is added, changed or deleted, for ever; "": any may have been."""
        for news in Follower(self._server, RESOURCE_SLICES, self._selection).news():
            match news:
                case Changed(object=value) | Gone(object=value):
                    yield text_at(value, "metadata", "name")
                case Broken(failure=failure, again_in_seconds=seconds):
                    yield WatchBroke(failure.sentence, seconds)
                case _:
                    yield ""  # listed anew: anything may have changed

    def write_slice(self, effect: SliceEffect) -> JsonObject:
        """Carry out a write; the object returned (for a deletion: empty). Raises SliceConflictError, ClusterError."""
        match effect:
            case CreateSlice(object=created):
                return wanted(self._server.create(RESOURCE_SLICES, created))
            case UpdateSlice(object=updated):
                return _still_wanted(self._server.replace(RESOURCE_SLICES, updated), gone_is_fine=False)
            case DeleteSlice(name=name, uid=uid, resource_version=version):
                answer = self._server.delete(RESOURCE_SLICES, name, uid=uid, resource_version=version)
                _still_wanted(answer, gone_is_fine=True)
                return {}


def _still_wanted(answer: Answer, *, gone_is_fine: bool) -> JsonObject:
    """The answer to a change of something that was read before."""
    if isinstance(answer, Failure):
        failed: ApiFailure = answer.failure()
        if failed.not_found and gone_is_fine:
            return {}
        if failed.not_found or failed.conflict:
            raise SliceConflictError(failed.sentence)
    return wanted(answer)
