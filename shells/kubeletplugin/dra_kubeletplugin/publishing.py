"""What the plugin keeps telling the cluster, beside its answers to the kubelet."""

from __future__ import annotations

from collections.abc import Callable


class Publishing:
    """Tells something in the background, while the kubelet's calls are answered; no call waits for it."""

    def loops(self) -> tuple[Callable[[], None], ...]:
        """What runs in a thread each, until ``stop``."""
        raise NotImplementedError

    def health_changed(self) -> None:
        """The health of a device has changed."""

    def claims_changed(self) -> None:
        """A claim may have been prepared or unprepared."""

    def registered(self) -> None:
        """The kubelet calls this instance from now on, and no other."""

    def stop(self) -> None:
        """End the loops; the calls in progress have ended."""
