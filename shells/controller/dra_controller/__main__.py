"""``python -m dra_controller``."""

from __future__ import annotations


def main() -> None:
    """The command; never returns."""
    from dra_controller.command_line import main as command

    command(prog_name="dra-controller")


if __name__ == "__main__":
    main()
