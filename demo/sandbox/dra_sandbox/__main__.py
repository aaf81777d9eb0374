"""``python -m dra_sandbox``."""

from __future__ import annotations

import os


def main() -> None:
    """The command; never returns."""
    # Before gRPC is loaded: its notes about itself are not this program's output, and nothing here forks.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    from dra_sandbox.command_line import main as command

    command(prog_name="dra-sandbox")


if __name__ == "__main__":
    main()
