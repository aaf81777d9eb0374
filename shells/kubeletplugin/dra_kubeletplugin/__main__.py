"""``python -m dra_kubeletplugin``."""

from __future__ import annotations

import os
import sys
from types import ModuleType


def main() -> None:
    """The command; never returns."""
    # Before gRPC is loaded: its notes about itself are not this program's log, and nothing here forks.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    _load_grpc_without_asyncio()
    from dra_kubeletplugin.command_line import main as command

    command(prog_name="dra-kubeletplugin")


def _load_grpc_without_asyncio() -> None:
    """Keep out what would be loaded and is never called.

    The plugin runs on every node of a cluster. grpc loads asyncio for its asynchronous interface: 2.2 MiB, and 30 ms.
    """
    if "asyncio" in sys.modules:
        return
    sys.modules.update({"asyncio": ModuleType("asyncio"), "grpc.aio": ModuleType("grpc.aio")})
    import grpc  # noqa: F401  what it finds now it keeps

    del sys.modules["asyncio"]  # whoever else asks gets the real one


if __name__ == "__main__":
    main()
