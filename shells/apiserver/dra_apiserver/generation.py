"""Ask an API server once which generation of Dynamic Resource Allocation it serves."""

from __future__ import annotations

from typing import Literal, TypeAlias

from dra_core.refusal import Refusal
from dra_core.snapshot.generation import CLASSIC, MODERN, ServedApi, served_api
from returns.result import Failure, Result, Success

from dra_apiserver.client import ApiServer
from dra_apiserver.failure import ApiFailure
from dra_apiserver.resource import RESOURCE_API

WantedGeneration: TypeAlias = Literal["auto", "classic", "modern"]
WANTED_GENERATIONS: tuple[WantedGeneration, ...] = ("auto", "classic", "modern")
"""Values of ``--api-generation``."""


def find_api(server: ApiServer, wanted: WantedGeneration) -> Result[Result[ServedApi, Refusal], ApiFailure]:
    """What to speak: what is wanted, or, with ``auto``, what the server's discovery says.

    Returns:
        An ApiFailure if discovery does not answer, which may pass; else what to speak, or why this server will not do.
    """
    if wanted != "auto":
        return Success(Success(CLASSIC if wanted == "classic" else MODERN))
    versions = server.served_versions(RESOURCE_API)
    if isinstance(versions, Failure):
        failed: ApiFailure = versions.failure()
        return Failure(failed)
    return Success(served_api(versions.unwrap()))
