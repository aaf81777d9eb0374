"""Which pods a subcommand is about: named ones, those of the files, or all that wait for a node."""

from __future__ import annotations

from typing import NoReturn

import msgspec
from dra_core.planning import Wanted, made_by, wanted_pods
from dra_core.planning.admission import admitted
from dra_core.planning.pod_claims import Reference, close_name
from dra_core.planning.waiting import makers, run_of
from dra_core.snapshot.workload import CronJob

from dra_kubectl.kinds import KINDS
from dra_kubectl.source import Loaded, bad_input


def named_kind(subject: tuple[str, ...]) -> tuple[str, str] | None:
    """Kind and name from ``KIND NAME`` or ``KIND/NAME``; None if nothing is named."""
    words = [word for part in subject for word in part.split("/", 1)]
    if not words:
        return None
    if len(words) != 2:
        bad_input("say what it is about as KIND NAME, e.g. pod train-0")
    kind = KINDS.get(words[0].lower())
    if kind is None:
        bad_input(f"there is no kind {words[0]} here; there are {', '.join(sorted(set(KINDS.values())))}")
    return kind, words[1]


def waiting(loaded: Loaded) -> tuple[Wanted, ...]:
    """What waits for a node: of the files if they say only workloads, else of the files' cluster or the namespace.

    Of other namespaces, what a what-if displaces.
    """
    pods = wanted_pods(loaded.cluster.snapshot)
    if loaded.given.describes_a_cluster or loaded.everywhere:
        return pods
    given = {_place(item) for item in wanted_pods(loaded.given)}
    if given:
        return tuple(item for item in pods if _place(item) in given or _place(item) in loaded.displaced)
    return tuple(
        item for item in pods if item.pod.metadata.namespace == loaded.namespace or _place(item) in loaded.displaced
    )


def nothing_waits(loaded: Loaded) -> str:
    """What to say where ``waiting`` finds nothing."""
    if loaded.given.describes_a_cluster or loaded.everywhere:
        return "nothing waits for a node"
    return f"nothing waits for a node in namespace {loaded.namespace} (-A looks at all of them)"


def _place(item: Wanted) -> tuple[str, str]:
    return item.pod.metadata.namespace, item.pod.metadata.name


def pods_named(loaded: Loaded, kind: str, name: str) -> tuple[Wanted, ...]:
    """The pod, or the workload's pods that wait for a node; one that it would make, if none waits."""
    snapshot = loaded.cluster.snapshot
    place = (loaded.namespace, name)
    if kind == "Pod":
        pods = {(pod.metadata.namespace, pod.metadata.name): pod for pod in snapshot.pods}
        if place not in pods:
            missing(kind, place, list(pods))
        return (Wanted(admitted(snapshot, pods[place]), Reference("Pod", *place), True),)
    alike = [item for item in snapshot.workloads if item.kind == kind]
    workloads = {(item.metadata.namespace, item.metadata.name): item for item in alike}
    workload = workloads.get(place)
    if workload is None:
        missing(kind, place, list(workloads))
    here = [item for item in wanted_pods(snapshot) if item.pod.metadata.namespace == place[0]]
    controllers = makers(snapshot)
    own = Reference(kind, *place)
    found = tuple(item for item in here if own in (item.origin, controllers.get(item.origin)))
    made = run_of(workload) if isinstance(workload, CronJob) else (made_by(workload, 0),)
    return found or tuple(msgspec.structs.replace(item, pod=admitted(snapshot, item.pod)) for item in made)


def missing(kind: str, place: tuple[str, str], known: list[tuple[str, str]]) -> NoReturn:
    """There is no such object: say so, with what was probably meant."""
    namespace, name = place
    close = close_name(name, [other for space, other in known if space == namespace])
    elsewhere = [space for space, other in known if other == name]
    hint = f'; did you mean "{close}"?' if close else f"; there is one in namespace {elsewhere[0]}" if elsewhere else ""
    bad_input(f'there is no {kind} "{name}" in namespace {namespace}{hint}')
