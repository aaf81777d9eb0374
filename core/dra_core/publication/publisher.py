"""Who publishes."""

from __future__ import annotations

import msgspec

from dra_core.publication.limits import SliceLimits


class Publisher(msgspec.Struct, frozen=True, kw_only=True):
    """A driver on a node.

    Attributes:
        driver_name: Value of ``spec.driver``.
        node_name: Node of node-local pools; also in the names of all slices.
        node_uid: For the owner reference of node-local slices.
        limits: Of the API server (``limits_of``).
        taintable: Devices may get taints while they are published: slices are cut small enough beforehand, so that a
            taint moves no device from slice to slice.
    """

    driver_name: str
    node_name: str
    node_uid: str
    limits: SliceLimits
    taintable: bool = True
