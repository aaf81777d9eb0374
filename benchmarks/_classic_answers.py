"""How long a classic driver takes to answer: from a pod's PodSchedulingContext to its claim's allocation."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from dra_apiserver import (
    CLASSIC_CLAIMS,
    Access,
    ApiServer,
    Changed,
    Follower,
    Resource,
    Selection,
    access_by_kubeconfig,
)
from dra_controller.classic.objects import CONTEXTS
from dra_core.refusal import Refusal
from dra_core.snapshot.json_value import object_at, text_at
from returns.result import Result


class Answers:
    """Watches a namespace in which there is one pod with one claim at a time."""

    def __init__(self, kubeconfig: Path, namespace: str) -> None:
        access: Result[Access, Refusal] = access_by_kubeconfig([kubeconfig])
        server = ApiServer(access.unwrap(), "benchmark")
        self._asked = self._answered = 0.0
        selection = Selection(namespace=namespace)
        self._followers = {resource: Follower(server, resource, selection) for resource in (CONTEXTS, CLASSIC_CLAIMS)}
        for resource in self._followers:
            threading.Thread(target=self._follow, args=(resource,), daemon=True).start()

    def stop(self) -> None:
        """Watch no more."""
        for follower in self._followers.values():
            follower.stop()

    def forget(self) -> None:
        """The next pod begins."""
        self._asked = self._answered = 0.0

    @property
    def seconds(self) -> float | None:
        """Of the last pod; None if not both were seen."""
        return self._answered - self._asked if self._asked and self._answered else None

    def _follow(self, resource: Resource) -> None:
        for news in self._followers[resource].news():
            if not isinstance(news, Changed) or text_at(news.object, "metadata", "deletionTimestamp"):
                continue
            if resource == CONTEXTS:
                self._asked = self._asked or time.perf_counter()
            elif object_at(news.object, "status", "allocation"):
                self._answered = self._answered or time.perf_counter()
