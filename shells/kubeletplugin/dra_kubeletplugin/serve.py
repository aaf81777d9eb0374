"""The plugin as a program: signals, log, exit code. What a driver's author calls."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TypeAlias

import click
import msgspec
from dra_core.profiles import Profile

from dra_kubeletplugin.logs import log_to_stderr
from dra_kubeletplugin.settings import LostError, Settings, StartError

LookForUnhealthy: TypeAlias = Callable[[], Mapping[str, str]]
"""Which devices are unhealthy now, by name, and why; asked each second. Never raises."""


def serve(profile: Profile, settings: Settings, unhealthy: LookForUnhealthy = dict) -> None:
    """Serve the devices of a profile until SIGTERM; exits with 1, after one line on stderr, if that is impossible."""
    _load_grpc_without_asyncio()
    from dra_kubeletplugin.connect import connect
    from dra_kubeletplugin.plugin import run

    settings = msgspec.structs.replace(settings, driver_name=settings.driver_name or f"{profile.name}.example.com")
    log = log_to_stderr(settings.log_level, settings.log_format, driver=settings.driver_name, node=settings.node_name)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, lambda *_: stop.set())
    try:
        run(profile, unhealthy, settings, connect(settings.kubeconfig), stop, log)
    except (StartError, LostError) as error:
        program = click.get_current_context().info_name if click.get_current_context(silent=True) else "plugin"
        click.echo(f"{program}: {error}", err=True)
        sys.exit(1)


def _load_grpc_without_asyncio() -> None:
    """Keep out what would be loaded and is never called.

    The plugin runs on every node of a cluster. grpc loads asyncio for its asynchronous interface: 2.2 MiB, and 30 ms.
    """
    # gRPC's notes about itself are not this program's log, and nothing here forks.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    if "asyncio" in sys.modules or "grpc" in sys.modules:
        return
    sys.modules.update({"asyncio": ModuleType("asyncio"), "grpc.aio": ModuleType("grpc.aio")})
    import grpc  # noqa: F401  what it finds now it keeps

    del sys.modules["asyncio"]  # whoever else asks gets the real one
