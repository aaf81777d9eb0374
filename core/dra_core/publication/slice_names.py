"""Names of slices: ``<index, five or more hexadecimal digits>-<driver>-<owner>-`` and what the API server appends.

Kubernetes 1.36+ allocates in the order of names, so the index makes publishing order allocation order. The form is
that of k8s.io/dynamic-resource-allocation 0.36+, so slices that its driver published are taken over in place.
"""

from __future__ import annotations

import re

_INDEX = re.compile(r"([0-9a-f]{5,7})-")
_LONGEST = 58
"""The API server cuts generateName behind this many characters, then appends five (apiserver names.go)."""


def generate_name(index: int, driver_name: str, owner: str) -> str:
    """The prefix for the slice with that index."""
    whole = f"{index:05x}-{driver_name}-{owner}".lower().replace("/", "-")
    return f"{whole[: _LONGEST - 1].rstrip('-.')}-"


def index_of(name: str) -> int | None:
    """The index in a slice's name; None if it was not named in this way."""
    match = _INDEX.match(name)
    return int(match[1], 16) if match else None
