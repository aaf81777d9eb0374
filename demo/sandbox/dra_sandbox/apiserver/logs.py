"""Container logs: what a client asks for; the kubelet answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

import msgspec
from dra_core.snapshot.json_value import JsonObject, text_at

from dra_sandbox.apiserver.problems import Problem, bad_request
from dra_sandbox.apiserver.requests import truth
from dra_sandbox.world.objects import name_of, objects_at
from dra_sandbox.world.times import moment_of


class LogQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """core/v1 PodLogOptions, about a pod that exists and a container that it has.

    Attributes:
        pod: The pod as stored.
        container: Name of the container.
        follow: Go on with what is written until the container ends.
        previous: Of the container's previous run.
        timestamps: Begin each line with its time.
        tail_lines: Only so many lines from the end.
        since: Only what was written from this moment on.
        limit_bytes: Not more than so many bytes.
    """

    pod: JsonObject
    container: str
    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    tail_lines: int | None = None
    since: datetime | None = None
    limit_bytes: int | None = None


LogSource: TypeAlias = Callable[[LogQuestion], Iterator[bytes] | Problem]
"""Answers with pieces of the log as they are to be sent, or with why there is none.

It is called in a thread of the server, and may wait between two pieces. A source that follows a log yields ``b""`` at
least once a second while there is nothing new: that is when the server sees that the client has gone, and closes it.
"""


def no_logs(question: LogQuestion) -> Iterator[bytes] | Problem:
    """The source of a server without kubelets."""
    return bad_request(
        f'container "{question.container}" in pod "{name_of(question.pod)}" is waiting to start: no kubelet runs here'
    )


def log_question(pod: JsonObject, query: Mapping[str, str], now: datetime) -> LogQuestion | Problem:
    """Read the query of GET pods/NAME/log."""
    numbers: dict[str, int | None] = {}
    for key in ("tailLines", "sinceSeconds", "limitBytes"):
        text = query.get(key, "")
        if text and not text.isdigit():
            return bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
        numbers[key] = int(text) if text else None
    container = _container(pod, query.get("container", ""))
    if isinstance(container, Problem):
        return container
    since = moment_of(query.get("sinceTime", ""))
    seconds = numbers["sinceSeconds"]
    return LogQuestion(
        pod=pod,
        container=container,
        follow=truth(query, "follow"),
        previous=truth(query, "previous"),
        timestamps=truth(query, "timestamps"),
        tail_lines=numbers["tailLines"],
        since=now - timedelta(seconds=seconds) if seconds is not None else since,
        limit_bytes=numbers["limitBytes"],
    )


def _container(pod: JsonObject, wanted: str) -> str | Problem:
    """The container that is meant: without a name, the only one."""
    regular = [text_at(item, "name") for item in objects_at(pod, "spec", "containers")]
    initial = [text_at(item, "name") for item in objects_at(pod, "spec", "initContainers")]
    if wanted:
        if wanted in (*regular, *initial):
            return wanted
        return bad_request(f"container {wanted} is not valid for pod {name_of(pod)}")
    if len(regular) == 1:
        return regular[0]
    choice = f"choose one of: [{' '.join(regular)}]"
    if initial:
        choice += f" or one of the init containers: [{' '.join(initial)}]"
    return bad_request(f"a container name must be specified for pod {name_of(pod)}, {choice}")
