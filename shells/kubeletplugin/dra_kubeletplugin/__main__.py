"""``python -m dra_kubeletplugin``."""

from __future__ import annotations

from dra_kubeletplugin.left_out import load_api_client


def main() -> None:
    """The command; never returns."""
    load_api_client()
    from dra_kubeletplugin.command_line import command

    command(prog_name="dra-kubeletplugin")


if __name__ == "__main__":
    main()
