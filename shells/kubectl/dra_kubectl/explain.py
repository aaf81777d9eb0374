"""``kubectl-dra explain``: why a pod, a claim or a workload's pods fit, or why not."""

from __future__ import annotations

import sys
from typing import NoReturn

import click
from dra_core.planning import Explanation, Wanted, explain_claim, explain_pod, made_by, same_pods, wanted_pods
from dra_core.planning.pod_claims import close_name
from dra_core.snapshot.pod import Pod

from dra_kubectl.explain_text import explanation_text
from dra_kubectl.output import output_option, print_value
from dra_kubectl.source import BAD_INPUT, DOES_NOT_FIT, FITS, Loaded, bad_input, load, source_options

_KINDS = {
    "pod": "Pod",
    "pods": "Pod",
    "po": "Pod",
    "claim": "ResourceClaim",
    "claims": "ResourceClaim",
    "resourceclaim": "ResourceClaim",
    "resourceclaims": "ResourceClaim",
    "deployment": "Deployment",
    "deployments": "Deployment",
    "deploy": "Deployment",
    "statefulset": "StatefulSet",
    "statefulsets": "StatefulSet",
    "sts": "StatefulSet",
    "replicaset": "ReplicaSet",
    "replicasets": "ReplicaSet",
    "rs": "ReplicaSet",
    "job": "Job",
    "jobs": "Job",
}


@click.command()
@click.argument("subject", nargs=-1, metavar="[KIND NAME]")
@click.option("--details", is_flag=True, help="Show for every group of nodes what each rule refused.")
@output_option()
@source_options
def explain(
    subject: tuple[str, ...],
    details: bool,
    form: str,
) -> None:
    """Say why pods get their devices, or why not, and what would help.

    KIND is pod, claim, deployment, statefulset, replicaset or job (KIND/NAME works too). Without a name, everything
    that waits for a node is explained: of the files given with -f, or else of the namespace.

    Exit code 0: all fit, 1: some do not, 2: the input is not usable.
    """
    loaded = load()
    explanations = _explained(loaded, subject)
    if form == "text":
        click.echo("\n\n".join(explanation_text(item, details) for item in explanations))
    else:
        print_value(explanations if len(explanations) != 1 else explanations[0], form)
    sys.exit(FITS if all(item.verdict in ("Fits", "Placed") for item in explanations) else DOES_NOT_FIT)


def _explained(loaded: Loaded, subject: tuple[str, ...]) -> list[Explanation]:
    words = [word for part in subject for word in part.split("/", 1)]
    if len(words) == 2:
        kind = _KINDS.get(words[0].lower())
        if kind is None:
            bad_input(f"there is no kind {words[0]} to explain; there are {', '.join(sorted(set(_KINDS.values())))}")
        return _named(loaded, kind, words[1])
    if words:
        bad_input("say what to explain as KIND NAME, e.g. pod train-0")
    waiting = _waiting(loaded)
    if not waiting:
        click.echo("nothing waits for a node")
        sys.exit(FITS)
    return [explain_pod(loaded.cluster, item.pod) for item in same_pods(loaded.cluster, waiting)]


def _waiting(loaded: Loaded) -> tuple[Wanted, ...]:
    """Of the files if they only say workloads, else of the namespace."""
    waiting = wanted_pods(loaded.cluster.snapshot)
    if loaded.given.describes_a_cluster:
        return waiting
    given = {(item.pod.metadata.namespace, item.pod.metadata.name) for item in wanted_pods(loaded.given)}
    if given:
        return tuple(item for item in waiting if (item.pod.metadata.namespace, item.pod.metadata.name) in given)
    return tuple(item for item in waiting if item.pod.metadata.namespace == loaded.namespace)


def _named(loaded: Loaded, kind: str, name: str) -> list[Explanation]:
    cluster, snapshot = loaded.cluster, loaded.cluster.snapshot
    place = (loaded.namespace, name)
    if kind == "ResourceClaim":
        claim = cluster.claim(*place)
        if claim is not None:
            return [explain_claim(cluster, claim)]
        _missing(kind, place, list(cluster.claims.claims))
    if kind == "Pod":
        pods = {(pod.metadata.namespace, pod.metadata.name): pod for pod in snapshot.pods}
        found: Pod | None = pods.get(place)
        if found is not None:
            return [explain_pod(cluster, found)]
        _missing(kind, place, list(pods))
    workloads = {
        (item.metadata.namespace, item.metadata.name): item for item in snapshot.workloads if item.kind == kind
    }
    workload = workloads.get(place)
    if workload is None:
        _missing(kind, place, list(workloads))
    owned = [
        item for item in wanted_pods(snapshot) if item.pod.metadata.namespace == place[0] and _of(item, kind, name)
    ]
    pending = same_pods(cluster, owned) or (made_by(workload, 0),)
    return [explain_pod(cluster, item.pod) for item in pending]


def _of(item: Wanted, kind: str, name: str) -> bool:
    """Whether the workload makes the pod, itself or through a ReplicaSet that is named after it."""
    origin = item.origin
    through = kind == "Deployment" and origin.kind == "ReplicaSet" and origin.name.rpartition("-")[0] == name
    return (origin.kind, origin.name) == (kind, name) or through


def _missing(kind: str, place: tuple[str, str], known: list[tuple[str, str]]) -> NoReturn:
    namespace, name = place
    close = close_name(name, [other for space, other in known if space == namespace])
    elsewhere = [space for space, other in known if other == name]
    hint = f'; did you mean "{close}"?' if close else f"; there is one in namespace {elsewhere[0]}" if elsewhere else ""
    click.echo(f'error: there is no {kind} "{name}" in namespace {namespace}{hint}', err=True)
    sys.exit(BAD_INPUT)
