"""The command ``dra-sandbox``."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Mapping
from types import FrameType

import click
from dra_core.snapshot.generation import Generation

from dra_sandbox.cluster import RefusedError, TimeOutError, sandbox
from dra_sandbox.demo.classic_expectations import CLASSIC_EXPECTATIONS
from dra_sandbox.demo.classic_story import tell_classic
from dra_sandbox.demo.expectations import EXPECTATIONS
from dra_sandbox.demo.installation import install_driver
from dra_sandbox.demo.screen import Screen
from dra_sandbox.demo.story import PATIENCE, tell

LOOK_AT: Mapping[Generation, str] = {
    "modern": "nodes,resourceslices,deviceclasses,nas",
    "classic": "nodes,resourceclasses,nas",
}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GENERATION = click.option(
    "--api-generation",
    "generation",
    default="modern",
    show_default=True,
    type=click.Choice(["classic", "modern"]),
    help="modern: resource.k8s.io/v1; classic: v1alpha2, as in Kubernetes 1.30.",
)
NODES = click.option(
    "--nodes", default=1, show_default=True, type=click.IntRange(1, 50), help="How many nodes the cluster has."
)


@click.group(context_settings={"max_content_width": 120})
def main() -> None:
    """A Kubernetes cluster for Dynamic Resource Allocation in one process: nothing to install, gone when it ends.

    API server, controllers, scheduler and kubelets are this program's own; drivers and pods are real processes of this
    machine, without any isolation. No image is pulled: a few well-known ones are stood for by programs of this machine.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    for number in SIGNALS:
        signal.signal(number, _end)


@main.command()
@NODES
@GENERATION
@click.argument("example", required=False, default="")
def demo(nodes: int, generation: Generation, example: str) -> None:
    """Run the examples of demo/examples, or the one named EXAMPLE, and show what can be seen of them.

    With --api-generation classic, those of demo/examples-classic, all at once.

    Exit codes: 0 if all showed what they should, 1 if not, 2 for an unknown example.
    """
    examples = CLASSIC_EXPECTATIONS if generation == "classic" else EXPECTATIONS
    if example and example not in examples:
        listed = "\n".join(f"  {item.name:36} {item.shows}" for item in examples.values())
        raise click.UsageError(f"there is no example {example!r}; there are\n{listed}")
    chosen = (examples[example],) if example else tuple(examples.values())
    screen = Screen()
    try:
        good = (tell_classic if generation == "classic" else tell)(chosen, nodes, screen)
    except (RefusedError, TimeOutError, OSError) as error:
        screen.bad(str(error))
        good = False
    sys.exit(0 if good else 1)


@main.command()
@NODES
@GENERATION
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Of the API server; 0 takes a free one.")
@click.option("--driver/--no-driver", default=True, show_default=True, help="Install the example driver.")
def up(nodes: int, generation: Generation, port: int, driver: bool) -> None:
    """Keep a cluster up until Ctrl-C, for kubectl; prints the line that tells kubectl where it is."""
    try:
        with sandbox(nodes, generation=generation, port=port) as cluster:
            if driver:
                install_driver(cluster, PATIENCE)
            click.echo(f"export KUBECONFIG={cluster.kubeconfig}")
            click.echo("The cluster is up; Ctrl-C ends it. In another terminal, paste the line above, then:", err=True)
            click.echo(f"  kubectl get {LOOK_AT[generation]} -A", err=True)
            threading.Event().wait()
    except (RefusedError, TimeOutError, OSError) as error:
        click.echo(f"dra-sandbox: {error}", err=True)
        sys.exit(1)


def _end(number: int, _: FrameType | None) -> None:
    """End in order, once: a second signal does not interrupt the cleaning up."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(0 if number == signal.SIGINT and _is_up() else 128 + number)


def _is_up() -> bool:
    """Whether a cluster is kept up until Ctrl-C, which then is no fault."""
    context = click.get_current_context(silent=True)
    return context is not None and context.info_name == up.name
