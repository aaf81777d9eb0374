"""What the plugin wants of the API server, and what can go wrong between them."""

from __future__ import annotations

from dra_apiserver import NODES, Answer, ApiFailure, ApiServer
from dra_core.snapshot.json_value import JsonObject, text_at
from returns.result import Failure


class ClusterError(Exception):
    """The API server could not be asked, or did not do what it was asked; the text is for people."""


def wanted(answer: Answer) -> JsonObject:
    """The object. Raises ClusterError if there is none."""
    if isinstance(answer, Failure):
        failed: ApiFailure = answer.failure()
        raise ClusterError(failed.sentence)
    return answer.unwrap()


def wanted_if_there(answer: Answer) -> JsonObject | None:
    """The object, None if there is none. Raises ClusterError if that is not known."""
    if isinstance(answer, Failure):
        failed: ApiFailure = answer.failure()
        if failed.not_found:
            return None
        raise ClusterError(failed.sentence)
    return answer.unwrap()


def node_uid(server: ApiServer, node_name: str) -> str:
    """The UID of a Node. Raises ClusterError."""
    return text_at(wanted(server.get(NODES, node_name)), "metadata", "uid")
