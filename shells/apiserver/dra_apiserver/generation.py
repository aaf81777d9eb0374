"""Ask an API server which generation of Dynamic Resource Allocation it serves."""

from __future__ import annotations

import threading
from collections.abc import Callable
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

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 10.0
"""Between two questions to an API server that does not answer."""


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


def wait_for_api(
    server: ApiServer, wanted: WantedGeneration, stop: threading.Event, tell: Callable[[str], None]
) -> Result[ServedApi, Refusal] | None:
    """The same, asked until discovery answers; None: stopped before.

    Args:
        server: Who is asked.
        wanted: What is wanted.
        stop: Ends it.
        tell: Told why there is no answer, once for each reason.
    """
    told, pause = "", FIRST_PAUSE_SECONDS
    while not stop.is_set():
        answer = find_api(server, wanted)
        if not isinstance(answer, Failure):
            return answer.unwrap()
        failed: ApiFailure = answer.failure()
        if failed.sentence != told:
            told = failed.sentence
            tell(told)
        stop.wait(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
    return None
