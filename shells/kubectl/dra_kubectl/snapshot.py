"""``kubectl-dra snapshot``: everything that the other subcommands need, in one file."""

from __future__ import annotations

import secrets
import sys

import click
import msgspec
from dra_core.planning import objects_of, redacted
from dra_core.snapshot.json_value import JsonObject

from dra_kubectl.output import as_yaml
from dra_kubectl.source import load, source_options


@click.command()
@click.option("--redact", is_flag=True, help="Hash names, the same name always to the same hash.")
@click.option("--salt", default="", metavar="TEXT", help="Makes hashes of several snapshots agree. [default: random]")
@click.option("-o", "--output", "form", type=click.Choice(["json", "yaml"]), default="json", show_default=True)
@source_options
def snapshot(redact: bool, salt: str, form: str) -> None:
    """Print the cluster as one List, to be read with -f: for support, for what-ifs, for a later diff."""
    found = load().cluster.snapshot
    if redact:
        found = redacted(found, salt.encode() if salt else secrets.token_bytes(16))
    value: JsonObject = {"apiVersion": "v1", "kind": "List", "items": list(objects_of(found))}
    if form == "json":
        sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
    else:
        sys.stdout.write(as_yaml(value))
