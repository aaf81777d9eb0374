"""What a driver may be called (resource.k8s.io/v1, ResourceSliceSpec.driver; v1alpha2, ResourceClass.driverName)."""

from __future__ import annotations

import re

LONGEST_DRIVER_NAME = 63

SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
"""A DNS subdomain (RFC 1123) of any length."""


def is_driver_name(text: str) -> bool:
    """Whether it is a DNS subdomain of at most 63 characters, in lower case."""
    return len(text) <= LONGEST_DRIVER_NAME and SUBDOMAIN.fullmatch(text) is not None
