"""``python -m dra_kubeletplugin``."""

from __future__ import annotations

import os


def main() -> None:
    """The command; never returns."""
    # Before gRPC is loaded: its notes about itself are not this program's log, and nothing here forks.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    from dra_kubeletplugin.command_line import main as command

    command(prog_name="dra-kubeletplugin")


if __name__ == "__main__":
    main()
