"""``kubectl-dra capacity``: how many more replicas fit."""

from __future__ import annotations

import sys

import click
from dra_core.planning import Capacity, capacity_for, same_pods
from dra_core.planning.words import in_a_line

from dra_kubectl.completing import subjects
from dra_kubectl.output import output_option, print_value, table, wrapped
from dra_kubectl.source import DOES_NOT_FIT, FITS, bad_input, load, source_options
from dra_kubectl.subjects import named_kind, pods_named, waiting


@click.command()
@click.argument("subject", nargs=-1, metavar="[KIND NAME]", shell_complete=subjects)
@click.option("--for", "asked", type=click.IntRange(min=1), help="How many replicas are wanted.")
@output_option()
@source_options
def capacity(subject: tuple[str, ...], asked: int | None, form: str) -> None:
    """Say how many more pods of a workload fit now, what runs out first, and how many nodes more would need.

    Exit code 0: as many fit as are wanted (--for, or at least one), 1: they do not, 2: the input is not usable.
    """
    loaded = load()
    named = named_kind(subject)
    found_pods = waiting(loaded) if named is None else pods_named(loaded, *named)
    counted = [item for item in found_pods if item.origin.kind != "DaemonSet"]
    if found_pods and not counted:
        bad_input(f"{found_pods[0].origin.text} wants one pod on each node; plan says on which of them it fits")
    pods = same_pods(loaded.cluster, counted, whoever_makes_them=True)
    if not pods:
        bad_input("nothing to count: name a workload, or give one with -f")
    if len(pods) > 1:
        names = in_a_line([f"{item.origin.kind.lower()}/{item.origin.name}" for item in pods])
        bad_input(f"say which workload to count: {names}")
    found = capacity_for(loaded.cluster, pods[0], asked=asked or 0)
    if form == "text":
        click.echo(capacity_text(found))
    else:
        print_value(found, form)
    sys.exit(FITS if found.fits >= (asked or 1) else DOES_NOT_FIT)


def capacity_text(found: Capacity) -> str:
    """The number, what runs out, and the kinds of nodes."""
    wanted = f" of the {found.asked} wanted" if found.asked else " more"
    shown = min(found.fits, found.asked) if found.asked else found.fits
    parts = [f"{shown}{wanted} pods of {found.origin} fit now"]
    if found.reason:
        parts.append(wrapped(found.reason))
    if found.runs_out:
        stops = [(item.what, str(item.nodes), item.example) for item in found.runs_out]
        parts.append(table(("RUNS OUT", "NODES", "E.G."), stops))
    if found.kinds:
        missing = found.asked - found.fits
        header: tuple[str, ...] = ("NODES LIKE", "THERE ARE", "PODS ON AN EMPTY ONE")
        rows: list[tuple[str, ...]] = [(item.example, str(item.nodes), str(item.pods)) for item in found.kinds]
        if missing > 0:
            header = (*header, f"NEEDED FOR {missing} MORE")
            needed = [str(item.needed) if item.needed >= 0 else "-" for item in found.kinds]
            rows = [(*row, count) for row, count in zip(rows, needed, strict=True)]
        parts.append(table(header, rows))
    return "\n\n".join(parts)
