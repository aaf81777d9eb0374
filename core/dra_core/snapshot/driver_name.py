"""What a driver may be called (resource.k8s.io/v1, ResourceSliceSpec.driver; v1alpha2, ResourceClass.driverName)."""

from __future__ import annotations

import re

LONGEST_DRIVER_NAME = 63

SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
"""A DNS subdomain (RFC 1123) of any length."""


def driver_name_fault(text: str) -> str:
    """What is wrong with a name; "" if it is a DNS subdomain of at most 63 characters, in lower case."""
    if len(text) <= LONGEST_DRIVER_NAME and SUBDOMAIN.fullmatch(text) is not None:
        return ""
    return f"{text!r} is not a DNS name of at most {LONGEST_DRIVER_NAME} characters"
