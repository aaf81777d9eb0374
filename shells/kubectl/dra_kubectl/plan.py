"""``kubectl-dra plan``: where pods would go and what they would get."""

from __future__ import annotations

import sys

import click
from dra_core.planning import POLICIES, Plan, Policy, compare_plans, plan_as_json, plan_pods
from dra_core.snapshot.codec import encode
from dra_core.snapshot.resource_claim import ResourceClaim

from dra_kubectl.completing import subjects
from dra_kubectl.output import as_yaml, output_option, print_value, table, wrapped
from dra_kubectl.progress import reporting
from dra_kubectl.source import DOES_NOT_FIT, FITS, load, source_options
from dra_kubectl.subjects import named_kind, nothing_waits, pods_named, waiting


@click.command()
@click.argument("subject", nargs=-1, metavar="[KIND NAME]", shell_complete=subjects)
@click.option(
    "--policy",
    type=click.Choice(POLICIES),
    default="scheduler",
    show_default=True,
    help="How a node is chosen: as kube-scheduler does, or better for what comes later.",
)
@click.option("--compare", type=click.Choice(POLICIES), help="Plan with this policy as well, and show the difference.")
@click.option("--all-or-nothing", is_flag=True, help="Place no pod if one does not fit.")
@output_option("claims")
@source_options
def plan(subject: tuple[str, ...], policy: Policy, compare: Policy | None, all_or_nothing: bool, form: str) -> None:
    """Say where pods would go and which devices they would get; what stays pending, and why.

    Pods that wait for a node and pods that workloads have still to make are placed in the order of their priority. With
    -o claims, the claims with their allocations are printed as YAML; -o json names the nodes among which kube-scheduler
    would draw lots (tiedNodes).

    Exit code 0: all fit, 1: some stay pending, 2: the input is not usable.
    """
    loaded = load()
    named = named_kind(subject)
    pods = waiting(loaded) if named is None else pods_named(loaded, *named)
    with reporting("placing pods", len(pods)) as progress:
        found = plan_pods(loaded.cluster, pods, policy=policy, all_or_nothing=all_or_nothing, progress=progress)
    if form == "claims":
        sys.stdout.write("---\n".join(as_yaml(encode(claim)) for item in found.placed for claim in item.claims))
    elif form != "text":
        print_value(plan_as_json(found), form)
    else:
        click.echo(plan_text(found) or nothing_waits(loaded))
    if compare is not None and form == "text":
        other = plan_pods(loaded.cluster, pods, policy=compare, all_or_nothing=all_or_nothing)
        difference = compare_plans(loaded.cluster, found, other)
        click.echo(f"\n{table(('', policy, compare), difference.rows)}")
        if difference.moved:
            rows = [(item.pod, item.first or "pending", item.second or "pending") for item in difference.moved]
            click.echo(f"\n{table(('POD', policy.upper(), compare.upper()), rows)}")
    sys.exit(DOES_NOT_FIT if found.pending else FITS)


def plan_text(found: Plan) -> str:
    """The plan as a table, then what stays pending; "" if there is nothing to plan."""
    parts: list[str] = []
    total = len(found.placed) + len(found.pending)
    if not total:
        return ""
    parts.append(f"{len(found.placed)} of {total} pods fit (policy {found.policy})")
    if found.placed:
        rows = [
            (
                f"{item.pod.metadata.namespace}/{item.pod.metadata.name}",
                item.node,
                "; ".join(map(_devices, item.claims)) or "-",
                str(item.equal_choices),
            )
            for item in found.placed
        ]
        parts.append(table(("POD", "NODE", "DEVICES", "EQUALLY GOOD NODES"), rows))
    reasons: dict[str, list[str]] = {}
    for pending in found.pending:
        name = f"{pending.pod.metadata.namespace}/{pending.pod.metadata.name}"
        reasons.setdefault(pending.reason, []).append(name)
    for reason, names in reasons.items():
        who = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more pods"
        parts.append(wrapped(f"pending: {who}: {reason}"))
    if found.remarks:
        parts.append("\n".join(wrapped(f"note: {remark.sentence}") for remark in found.remarks))
    return "\n\n".join(parts)


def _devices(claim: ResourceClaim) -> str:
    allocation = claim.status.allocation
    results = allocation.devices.results if allocation is not None else ()
    return ", ".join(f"{item.request}={item.pool}/{item.device}" for item in results)
