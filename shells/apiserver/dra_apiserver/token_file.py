"""A bearer token in a file that somebody replaces from time to time."""

from __future__ import annotations

import time
from pathlib import Path

from dra_apiserver.access import IdentityError

FRESH_SECONDS = 60.0
"""The kubelet replaces a pod's token long before it expires; reading it again this often is enough (client-go)."""


class TokenFile:
    """The token; threads may share it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._token, self._read_at = "", float("-inf")

    def token(self, refused: bool) -> str:
        """The token, read again when it may be old or was refused. Raises IdentityError if none was ever read."""
        if refused or time.monotonic() - self._read_at > FRESH_SECONDS:
            try:
                self._token, self._read_at = self._path.read_text().strip(), time.monotonic()
            except (OSError, UnicodeDecodeError) as error:
                # While somebody replaces it; if it is too old, the API server says so.
                if not self._token:
                    raise IdentityError(f"the token file {self._path} cannot be read: {error}") from error
        return self._token
