"""``kubectl-dra explain``: why a pod, a claim or a workload's pods fit, or why not."""

from __future__ import annotations

import sys

import click
from dra_core.planning import Explanation, explain_claim, explain_pod, same_pods, status_of

from dra_kubectl.completing import subjects
from dra_kubectl.explain_text import explanation_text
from dra_kubectl.output import output_option, print_value
from dra_kubectl.page import page
from dra_kubectl.source import DOES_NOT_FIT, FITS, Loaded, load, source_options
from dra_kubectl.subjects import missing, named_kind, nothing_waits, pods_named, waiting


@click.command()
@click.argument("subject", nargs=-1, metavar="[KIND NAME]", shell_complete=subjects)
@click.option("--details", is_flag=True, help="Show for every group of nodes what each rule refused.")
@output_option("html")
@source_options
def explain(subject: tuple[str, ...], details: bool, form: str) -> None:
    """Say why pods get their devices, or why not, and what would help.

    KIND is pod, claim, deployment, statefulset, replicaset, daemonset, job or cronjob (KIND/NAME works too). Without a
    name, everything that waits for a node is explained: of the files given with -f, or else of the namespace.

    Exit code 0: all fit, 1: some do not, 2: the input is not usable.
    """
    loaded = load()
    explanations = _explained(loaded, subject)
    if form == "html":
        title = explanations[0].pod if len(explanations) == 1 else f"{len(explanations)} kinds of pods"
        click.echo(page(title, status_of(loaded.cluster), explanations))
    elif form != "text":
        print_value(explanations if len(explanations) != 1 else explanations[0], form)
    elif explanations:
        click.echo("\n\n".join(explanation_text(item, details) for item in explanations))
    else:
        click.echo(nothing_waits(loaded))
    sys.exit(FITS if all(item.verdict in ("Fits", "Placed") for item in explanations) else DOES_NOT_FIT)


def _explained(loaded: Loaded, subject: tuple[str, ...]) -> list[Explanation]:
    cluster = loaded.cluster
    named = named_kind(subject)
    if named is None:
        pods = waiting(loaded)
    elif named[0] == "ResourceClaim":
        claim = cluster.claim(loaded.namespace, named[1])
        if claim is None:
            missing(named[0], (loaded.namespace, named[1]), list(cluster.claims.claims))
        return [explain_claim(cluster, claim)]
    else:
        pods = pods_named(loaded, *named)
    return [explain_pod(cluster, item.pod) for item in same_pods(cluster, pods)]
