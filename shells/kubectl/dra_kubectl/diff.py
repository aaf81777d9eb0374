"""``kubectl-dra diff``: what is different between two snapshots."""

from __future__ import annotations

import sys

import click
from dra_core.allocation.cel_language import CelLanguage
from dra_core.planning import Cluster, compare_snapshots
from dra_core.planning.difference import SnapshotDifference

from dra_kubectl.output import output_option, print_value, table
from dra_kubectl.source import DOES_NOT_FIT, FITS, load_files


@click.command()
@click.argument("before")
@click.argument("after")
@output_option()
def diff(before: str, after: str, form: str) -> None:
    """Compare two snapshots (files or folders): objects that came, went or changed, and who uses which device now.

    Exit code 0: nothing is different, 1: something is, 2: a file is not usable.
    """
    language = CelLanguage()
    first, second = (Cluster(load_files((name,)), language) for name in (before, after))
    found = compare_snapshots(first, second)
    if form == "text":
        click.echo(diff_text(found))
    else:
        print_value(found, form)
    sys.exit(DOES_NOT_FIT if found.added or found.removed or found.changed or found.devices else FITS)


def diff_text(found: SnapshotDifference) -> str:
    """Objects with + and -, then devices."""
    lines = [f"+ {name}" for name in found.added]
    lines += [f"- {name}" for name in found.removed]
    lines += [f"~ {name}: {what}" for name, what in found.changed]
    parts = ["\n".join(lines)] if lines else []
    if found.devices:
        parts.append(table(("DEVICE", "CHANGE"), found.devices))
    return "\n\n".join(parts) or "nothing is different"
