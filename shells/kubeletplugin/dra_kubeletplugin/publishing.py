"""What the plugin keeps telling the cluster, beside its answers to the kubelet."""

from __future__ import annotations

from collections.abc import Callable


class Publishing:
    """Tells something from the start until ``stop``, in the background: no call of the kubelet waits for it."""

    def loops(self) -> tuple[Callable[[], None], ...]:
        """What runs in a thread each, until ``stop``."""
        raise NotImplementedError

    def health_changed(self) -> None:
        """The health of a device has changed."""

    def claims_changed(self) -> None:
        """A claim may have been prepared or unprepared."""

    def serving(self) -> None:
        """The kubelet's calls are answered from now on."""

    def stop(self) -> None:
        """End the loops; the calls in progress have ended."""
