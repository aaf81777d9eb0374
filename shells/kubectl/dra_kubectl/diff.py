"""``kubectl-dra diff``: what is different between two snapshots."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import click
import msgspec
from dra_core.allocation.cel_language import CelLanguage
from dra_core.planning import Cluster, Located, compare_snapshots, moved_pods, nodes_in
from dra_core.planning.difference import Moved, SnapshotDifference
from dra_core.planning.explain import API_VERSION
from dra_core.snapshot.json_value import JsonObject, text_at

from dra_kubectl.files import Files
from dra_kubectl.output import output_option, print_value, table
from dra_kubectl.source import DOES_NOT_FIT, FITS, bad_input, load_files

_HEAD = 200  # bytes in which a plan says that it is one


@click.command()
@click.argument("before")
@click.argument("after")
@output_option()
def diff(before: str, after: str, form: str) -> None:
    """Compare two snapshots (files or folders): objects that came, went or changed, and who uses which device now.

    Two plans, as `plan -o json` or `-o yaml` prints them, are compared by where pods go.

    Exit code 0: nothing is different, 1: something is, 2: a file is not usable.
    """
    plans = [plan for name in (before, after) if (plan := _plan_in(name)) is not None]
    if len(plans) == 1:
        bad_input("one of the files is a plan and the other is not")
    if plans:
        _compare_plans(plans, form)
    language = CelLanguage()
    first, second = (Cluster(load_files((name,)), language) for name in (before, after))
    found = compare_snapshots(first, second)
    if form == "text":
        click.echo(diff_text(found))
    else:
        print_value(found, form)
    sys.exit(DOES_NOT_FIT if found.added or found.removed or found.changed or found.devices else FITS)


class PlansDifference(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Pods on different nodes; ``drakit.dev/v1alpha1`` of its JSON."""

    api_version: str = API_VERSION
    kind: str = "PlansDifference"
    moved: tuple[Moved, ...]


def _plan_in(name: str) -> JsonObject | None:
    """The plan that a file holds; None if it holds anything else."""
    path = Path(name)
    if not path.is_file():
        return None
    text = path.read_bytes()
    if API_VERSION.encode() not in text[:_HEAD]:  # a snapshot need not be read twice
        return None
    faults: list[Located] = []
    for document in Files((name,)).documents(faults):
        value = document.value
        try:
            value = msgspec.json.decode(value) if isinstance(value, bytes) else value
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        if isinstance(value, Mapping) and text_at(value, "kind") == "Plan":
            return value
    return None


def _compare_plans(plans: list[JsonObject], form: str) -> NoReturn:
    moved = moved_pods(nodes_in(plans[0]), nodes_in(plans[1]))
    if form != "text":
        print_value(PlansDifference(moved=moved), form)
    elif moved:
        rows = [(item.pod, item.first or "pending", item.second or "pending") for item in moved]
        click.echo(table(("POD", "BEFORE", "AFTER"), rows))
    else:
        click.echo("nothing is different")
    sys.exit(DOES_NOT_FIT if moved else FITS)


def diff_text(found: SnapshotDifference) -> str:
    """Objects with + and -, then devices."""
    lines = [f"+ {name}" for name in found.added]
    lines += [f"- {name}" for name in found.removed]
    lines += [f"~ {name}: {what}" for name, what in found.changed]
    parts = ["\n".join(lines)] if lines else []
    if found.devices:
        parts.append(table(("DEVICE", "CHANGE"), found.devices))
    return "\n\n".join(parts) or "nothing is different"
