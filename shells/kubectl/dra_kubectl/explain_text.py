"""An explanation as text for people: the sentence to act on, what would help, and on demand everything behind it."""

from __future__ import annotations

import sys

import click
from dra_core.planning import Explanation
from dra_core.planning.claim_faults import NOT_CHECKED
from dra_core.planning.explain import RULE_IN_WORDS
from dra_core.planning.node_groups import NodeGroup
from dra_core.planning.not_modelled import CODE as NOT_MODELLED
from dra_core.planning.words import in_a_line
from dra_core.refusal import Refusal

from dra_kubectl.output import wrapped

MOST_GROUPS = 6  # without --details


def explanation_text(explanation: Explanation, details: bool) -> str:
    """All of it, the headline first."""
    colour = {"Fits": "green", "Placed": "green", "Undecided": "yellow", "DoesNotFit": "red"}[explanation.verdict]
    headline = wrapped(explanation.headline)
    lines = [click.style(headline, fg=colour) if sys.stdout.isatty() else headline]
    lines += _section("Wrong in what was written", [_refusal(item) for item in explanation.faults])
    lines += _section("What would help (tried)", [item.text for item in explanation.suggestions])
    groups = [group for group in explanation.groups if group.rule != "Fits"]
    shown = groups if details else groups[:MOST_GROUPS]
    if explanation.verdict != "Placed" and (details or explanation.verdict != "Fits"):
        lines += _section("Nodes", [line for group in shown for line in _group(group, details)])
        if len(shown) < len(groups):
            lines.append(f"  and {len(groups) - len(shown)} more groups of nodes (--details)")
    wrong = [item for item in explanation.remarks if item.code not in (NOT_MODELLED, NOT_CHECKED)]
    lines += _section("In the cluster", [_refusal(item) for item in wrong])
    lines += _section("Not looked at", [item.sentence for item in explanation.remarks if item.code == NOT_MODELLED])
    if details:
        unchecked = [item.sentence for item in explanation.remarks if item.code == NOT_CHECKED]
        lines += _section("Not checked", unchecked)
    return "\n".join(lines)


def _section(title: str, entries: list[str]) -> list[str]:
    return ["", f"{title}:", *(wrapped(entry, "  ") for entry in entries)] if entries else []


def _refusal(refusal: Refusal) -> str:
    return f"{refusal.sentence} [{refusal.code}]"


def _group(group: NodeGroup, details: bool) -> list[str]:
    names = in_a_line(group.nodes)
    count = f"{len(group.nodes)} nodes" if len(group.nodes) > 1 else "1 node"
    account = group.account
    if account is None or group.rule == "Error":
        return [f"{count} ({names}): {group.text.splitlines()[0]}"]
    lines = [f"{count} ({names}):" + ("" if account.requests else f" {group.text}")]
    for request in account.requests:
        wanted = "all matching devices" if request.wanted < 0 else str(request.wanted)
        here = sum(item.devices for item in request.refused) + request.fitting
        refused = ", ".join(f"{item.devices} {RULE_IN_WORDS[item.rule]}" for item in request.refused)
        what = refused or ("there are no devices" if not here else "")
        lines.append(f"  request {request.request} wants {wanted} of {here}, {request.fitting} fit: {what}")
        if details:
            lines += [
                f"    {RULE_IN_WORDS[item.rule]}: e.g. {'/'.join(item.example[1:])}: {item.detail}"
                for item in request.refused
                if item.detail
            ]
        elif request.nearest is not None and request.nearest.detail:
            nearest = request.nearest
            lines.append(f"    nearest: {'/'.join(nearest.device[1:])}: {nearest.detail}")
    lines += [f"  pool {trouble.pool} is {trouble.trouble}" for trouble in account.pools]
    return lines
