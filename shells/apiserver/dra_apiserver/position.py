"""Where a watcher stands, and what follows from what happens to it: pure.

Rules (Kubernetes documentation, "Efficient detection of changes"): list once, watch from the version of the list;
bookmarks and events move the version on; after a broken watch go on from there; after 410 list anew. Waits grow from
failure to failure and are spread, so that a returning server is not met by all its clients at once.
"""

from __future__ import annotations

import msgspec

from dra_apiserver.failure import ApiFailure

FIRST_PAUSE_SECONDS = 0.8
LONGEST_PAUSE_SECONDS = 30.0
"""As client-go's reflector."""


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """Where a watcher stands.

    Attributes:
        resource_version: Where to watch from; "": nothing is known, list first.
        failures: In a row, without any news in between.
    """

    resource_version: str = ""
    failures: int = 0

    def after_news(self, resource_version: str) -> Position:
        """After a list, an event or a bookmark."""
        return Position(resource_version=resource_version or self.resource_version)

    def after_failure(self, failure: ApiFailure) -> Position:
        """After a list or a watch that failed."""
        version = "" if failure.expired else self.resource_version
        return Position(resource_version=version, failures=self.failures + 1)

    def after_silence(self) -> Position:
        """After a watch that ended without any news: too old a position, or a proxy that ends watches at once."""
        return Position(resource_version=self.resource_version, failures=self.failures + 1)

    def pause_seconds(self, spread: float) -> float:
        """How long to wait before the next request; ``spread`` is a random number from 0 to 1."""
        if not self.failures:
            return 0
        # Capped before it is raised: 2 to the power of a long outage is no number to multiply with.
        pause = FIRST_PAUSE_SECONDS * 2.0 ** min(self.failures - 1, 10)
        return min(pause, LONGEST_PAUSE_SECONDS) * (1 + spread) / 2
