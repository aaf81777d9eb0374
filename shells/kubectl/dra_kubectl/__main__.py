"""``kubectl-dra`` (as a kubectl plugin: ``kubectl dra``). Subcommands are imported when they are called."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import click

# Subcommand → the module that defines it under the same name, and its one-line help (so that help needs no import).
SUBCOMMANDS: Mapping[str, tuple[str, str]] = {
    "allocate": ("dra_kubectl.allocate", "Answer allocation questions offline, exactly as kube-scheduler would."),
    "capacity": ("dra_kubectl.capacity", "Say how many more pods of a workload fit, and what runs out first."),
    "diff": ("dra_kubectl.diff", "Compare two snapshots."),
    "explain": ("dra_kubectl.explain", "Say why pods get their devices, or why not, and what would help."),
    "lint": ("dra_kubectl.lint", "Check slices, classes, claims and templates against the API's rules."),
    "plan": ("dra_kubectl.plan", "Say where pods would go and which devices they would get."),
    "snapshot": ("dra_kubectl.snapshot", "Print the cluster as one file; with --redact, without names."),
    "status": ("dra_kubectl.status", "Show which devices are free or in use, and by whom."),
}


class LazyGroup(click.Group):
    """A group that imports a subcommand only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, without imports."""
        return sorted({*super().list_commands(ctx), *SUBCOMMANDS})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The subcommand of that name, imported now."""
        found = SUBCOMMANDS.get(cmd_name)
        if found is None:
            return super().get_command(ctx, cmd_name)
        command = getattr(importlib.import_module(found[0]), cmd_name.replace("-", "_"))
        if not isinstance(command, click.Command):
            raise TypeError(f"{found[0]} defines no command {cmd_name}")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click calls it so
        """The list in the help text, without imports."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, SUBCOMMANDS[name][1]) for name in sorted(SUBCOMMANDS)])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Look into Dynamic Resource Allocation: devices, claims, and why a pod gets none."""


if __name__ == "__main__":
    main()
