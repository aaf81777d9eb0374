"""``python -m dra_webhook``."""

from __future__ import annotations


def main() -> None:
    """The command; never returns."""
    from dra_webhook.command_line import main as command

    command(prog_name="dra-webhook")


if __name__ == "__main__":
    main()
