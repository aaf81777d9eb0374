"""``kubectl_complete-dra``: what kubectl calls to complete ``kubectl dra …`` (its protocol is cobra's).

kubectl passes the words so far, the last of them unfinished, and reads one completion per line, with a tab before its
description, then a directive.
"""

from __future__ import annotations

import sys

import click
from click.shell_completion import ShellComplete

from dra_kubectl.__main__ import main as program

FILES = ":0"  # cobra's ShellCompDirectiveDefault: nothing of ours, the shell completes files
NO_FILES = ":4"  # ShellCompDirectiveNoFileComp


def main() -> None:
    """Print completions for the words on the command line."""
    *words, unfinished = sys.argv[1:] or [""]
    click.echo(completions(words, unfinished))


def completions(words: list[str], unfinished: str) -> str:
    """The answer to kubectl."""
    items = ShellComplete(program, {}, "kubectl-dra", "").get_completions(words, unfinished)
    lines = [f"{item.value}\t{item.help or ''}".rstrip("\t") for item in items if item.type == "plain"]
    return "\n".join([*lines, NO_FILES if lines else FILES])


if __name__ == "__main__":
    main()
