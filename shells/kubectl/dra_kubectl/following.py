"""A live cluster as it changes: every kind followed by list and watch, in a thread each, told as documents.

What arrives close together is told together; a kind is told as a whole, since the core reads documents.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import msgspec
from dra_apiserver import ApiServer, Broken, Changed, Follower, Gone, Listed, News, Resource
from dra_core.planning import Document
from dra_core.snapshot.json_value import JsonObject, text_at

SETTLING_SECONDS = 0.2  # changes come in bursts: a claim, its pod, its slice
MOST_SETTLING_SECONDS = 2.0  # nobody waits longer for what has changed


class Followed(msgspec.Struct, frozen=True):
    """What is new: the kinds that changed, as documents, and the first watch that broke, in words."""

    documents: Mapping[str, Document]
    broken: tuple[str, ...]


@contextmanager
def following(server: ApiServer, served: Sequence[tuple[str, Resource]]) -> Iterator[Iterator[Followed]]:
    """What changes from now on, without end; the threads end with the block.

    Args:
        server: Of the cluster.
        served: The kinds, each as the resource that serves it.
    """
    arriving: queue.SimpleQueue[tuple[str, News]] = queue.SimpleQueue()
    followers = [(kind, Follower(server, resource)) for kind, resource in served]

    def run(kind: str, follower: Follower) -> None:
        for news in follower.news():
            arriving.put((kind, news))

    threads = [threading.Thread(target=run, args=pair, daemon=True, name=f"follow {pair[0]}") for pair in followers]
    for thread in threads:
        thread.start()
    try:
        yield _settled(arriving, server.access.server, dict(served))
    finally:
        for _, follower in followers:
            follower.stop()


def _settled(
    arriving: queue.SimpleQueue[tuple[str, News]], name: str, served: Mapping[str, Resource]
) -> Iterator[Followed]:
    known: dict[str, dict[tuple[str, str], JsonObject]] = {}
    while True:
        batch = [arriving.get()]
        waits = int(MOST_SETTLING_SECONDS / SETTLING_SECONDS)
        while waits:
            try:
                batch.append(arriving.get(timeout=SETTLING_SECONDS))
            except queue.Empty:
                break
            waits -= 1
        broken: list[str] = []
        changed: dict[str, None] = {}
        for kind, news in batch:
            objects = known.setdefault(kind, {})
            match news:
                case Listed(objects=values):
                    known[kind] = {_place(value): value for value in values}
                case Changed(object=value):
                    objects[_place(value)] = value
                case Gone(object=value):
                    objects.pop(_place(value), None)
                case Broken(failure=failure, again_in_seconds=seconds):
                    broken.append(f"{failure.sentence}; tried again in {seconds:.0f} s")
                    continue
            changed[kind] = None
        documents = {kind: document(name, kind, served[kind], list(known[kind].values())) for kind in changed}
        yield Followed(documents, tuple(broken[:1]))  # where one breaks, all do, for the same reason


def document(server: str, kind: str, resource: Resource, items: Sequence[JsonObject]) -> Document:
    """All objects of a kind as one list."""
    api_version = f"{resource.group}/{resource.version}" if resource.group else resource.version
    value: JsonObject = {"apiVersion": api_version, "kind": f"{kind}List", "items": items}
    return Document(f"{server} ({kind}s)", 1, value)


def _place(value: JsonObject) -> tuple[str, str]:
    return text_at(value, "metadata", "namespace"), text_at(value, "metadata", "name")
