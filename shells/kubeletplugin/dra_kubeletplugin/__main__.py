"""``python -m dra_kubeletplugin``."""

from __future__ import annotations

from dra_kubeletplugin.command_line import command


def main() -> None:
    """The command; never returns."""
    command(prog_name="dra-kubeletplugin")


if __name__ == "__main__":
    main()
