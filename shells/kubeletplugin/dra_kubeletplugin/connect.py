"""The API server, as a Cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from dra_apiserver import (
    NODES,
    RESOURCE_CLAIMS,
    RESOURCE_SLICES,
    Access,
    Answer,
    ApiFailure,
    ApiServer,
    Broken,
    Changed,
    Follower,
    Gone,
    Selection,
    access_by_kubeconfig,
    access_in_pod,
)
from dra_core.preparation import ClaimFound, ClaimMissing, ClaimRead, ClaimUnreadable
from dra_core.publication import CreateSlice, DeleteSlice, SliceEffect, UpdateSlice
from dra_core.refusal import Refusal
from dra_core.snapshot.json_value import JsonObject, text_at
from returns.result import Failure, Result

from dra_kubeletplugin.cluster import Cluster, ClusterError, SliceConflictError, WatchBroke
from dra_kubeletplugin.settings import StartError


def connect(kubeconfig: Path | None) -> Cluster:
    """The cluster of a kubeconfig, or the one that this pod is in. Raises StartError; does not call the server."""
    access: Result[Access, Refusal]
    access = access_in_pod(os.environ) if kubeconfig is None else access_by_kubeconfig([kubeconfig])
    if isinstance(access, Failure):
        refused: Refusal = access.failure()
        raise StartError(refused.sentence)
    return ClusterOverHttp(ApiServer(access.unwrap(), "dra-kubeletplugin"))


class ClusterOverHttp:
    """A Cluster."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server

    def read_claim(self, namespace: str, name: str) -> ClaimRead:
        """A ResourceClaim."""
        answer = self._server.get(RESOURCE_CLAIMS, name, namespace)
        if isinstance(answer, Failure):
            failed: ApiFailure = answer.failure()
            return ClaimMissing() if failed.not_found else ClaimUnreadable(failed.sentence)
        return ClaimFound(answer.unwrap())

    def node_uid(self, node_name: str) -> str:
        """The Node's UID."""
        return text_at(_wanted(self._server.get(NODES, node_name)), "metadata", "uid")

    def server_minor(self) -> int:
        """The minor version."""
        minor = self._server.minor_version()
        if isinstance(minor, Failure):
            failed: ApiFailure = minor.failure()
            raise ClusterError(failed.sentence)
        return minor.unwrap()

    def list_slices(self, driver_name: str, node_name: str) -> Sequence[JsonObject]:
        """The driver's slices of a node."""
        listing = self._server.list(RESOURCE_SLICES, _selection(driver_name, node_name))
        if isinstance(listing, Failure):
            failed: ApiFailure = listing.failure()
            raise ClusterError(failed.sentence)
        return listing.unwrap().objects

    def watch_slices(self, driver_name: str, node_name: str) -> Iterator[str | WatchBroke]:
        """Names of slices that change."""
        for news in Follower(self._server, RESOURCE_SLICES, _selection(driver_name, node_name)).news():
            match news:
                case Changed(object=value) | Gone(object=value):
                    yield text_at(value, "metadata", "name")
                case Broken(failure=failure, again_in_seconds=seconds):
                    yield WatchBroke(failure.sentence, seconds)
                case _:
                    yield ""  # listed anew: anything may have changed

    def write_slice(self, effect: SliceEffect) -> JsonObject:
        """Create, update or delete a slice."""
        match effect:
            case CreateSlice(object=created):
                return _wanted(self._server.create(RESOURCE_SLICES, created))
            case UpdateSlice(object=updated):
                return _still_wanted(self._server.replace(RESOURCE_SLICES, updated), gone_is_fine=False)
            case DeleteSlice(name=name, uid=uid, resource_version=version):
                answer = self._server.delete(RESOURCE_SLICES, name, uid=uid, resource_version=version)
                _still_wanted(answer, gone_is_fine=True)
                return {}


def _selection(driver_name: str, node_name: str) -> Selection:
    return Selection(fields=f"spec.driver={driver_name},spec.nodeName={node_name}")


def _wanted(answer: Answer) -> JsonObject:
    if isinstance(answer, Failure):
        failed: ApiFailure = answer.failure()
        raise ClusterError(failed.sentence)
    return answer.unwrap()


def _still_wanted(answer: Answer, *, gone_is_fine: bool) -> JsonObject:
    """The answer to a change of something that was read before."""
    if isinstance(answer, Failure):
        failed: ApiFailure = answer.failure()
        if failed.not_found and gone_is_fine:
            return {}
        if failed.not_found or failed.conflict:
            raise SliceConflictError(failed.sentence)
        raise ClusterError(failed.sentence)
    return answer.unwrap()
