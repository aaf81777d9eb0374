"""The plugin as a program: signals, log, exit code. What a driver's author calls."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import click
import msgspec
from dra_core.profiles import Profile
from dra_logs import log_to_stderr

from dra_kubeletplugin.connect import generation_of, server_of
from dra_kubeletplugin.left_out import load_grpc
from dra_kubeletplugin.settings import LostError, Settings, StartError

LookForUnhealthy: TypeAlias = Callable[[Path], Mapping[str, str]]
"""Which devices are unhealthy now, by name, and why; asked each second. Never raises.

It is given the driver's own directory on the node, where something may be kept for it.
"""


def serve(
    profile: Profile,
    settings: Settings,
    unhealthy: LookForUnhealthy = lambda _: {},
    classic: Profile | None = None,
) -> None:
    """Serve the devices of a profile until SIGTERM; exits with 1, after one line on stderr, if that is impossible.

    Args:
        profile: The devices.
        settings: What the flags say (``options``).
        unhealthy: Which devices are unhealthy.
        classic: The devices as pods of classic DRA see them; None: they are not for it.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, lambda *_: stop.set())
    try:
        _serve(profile, classic, settings, unhealthy, stop)
    except (StartError, LostError) as error:
        program = click.get_current_context().info_name if click.get_current_context(silent=True) else "plugin"
        click.echo(f"{program}: {error}", err=True)
        sys.exit(1)


def _serve(
    profile: Profile, classic: Profile | None, settings: Settings, unhealthy: LookForUnhealthy, stop: threading.Event
) -> None:
    log = log_to_stderr(settings.log_level, settings.log_format, node=settings.node_name)
    server = server_of(settings.kubeconfig)
    generation = generation_of(server, settings.api_generation, stop, log)
    if generation is None:
        return
    chosen = classic if generation == "classic" else profile
    if chosen is None:
        raise StartError(
            "these devices are not for classic DRA (resource.k8s.io/v1alpha2), which the API server serves or "
            "--api-generation asks for: they need Kubernetes 1.34 or newer"
        )
    name = f"{chosen.name}.resource.example.com" if generation == "classic" else f"{chosen.name}.example.com"
    settings = msgspec.structs.replace(settings, driver_name=settings.driver_name or name)
    log = log_to_stderr(settings.log_level, settings.log_format, driver=settings.driver_name, node=settings.node_name)
    load_grpc()
    from dra_kubeletplugin.plugin import run

    run(generation, chosen, unhealthy, settings, server, stop, log)
