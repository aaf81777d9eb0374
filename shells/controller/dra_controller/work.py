"""What a controller does while it leads, as the frame around it sees it."""

from __future__ import annotations

from typing import Protocol


class Work(Protocol):
    """Starts once, stops once."""

    def start(self) -> None:
        """Begin; returns at once."""
        ...

    def stop(self) -> None:
        """End everything; writes in progress are ended first."""
        ...

    def trouble(self) -> str:
        """Why it does not work; "" if it does, or has not begun."""
        ...

    def not_ready(self) -> str:
        """Why nothing is done just now."""
        ...
