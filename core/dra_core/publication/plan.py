"""Wanted against found: the writes that publish pools of devices."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dra_core.profiles.resources import DevicePool
from dra_core.publication.effects import SliceEffect
from dra_core.publication.publisher import Publisher
from dra_core.publication.written import Acknowledged
from dra_core.refusal import Refusals
from dra_core.snapshot.json_value import JsonObject


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """Writes in order (delete, update, create, pool by pool), and pools that cannot be published.

    Attributes:
        effects: Stop at the first failure or conflict, read the slices again, plan again. None: all is published.
        refusals: What is wrong with the wanted pools; their slices are left as they are. Retrying does not help.
    """

    effects: tuple[SliceEffect, ...]
    refusals: Refusals


def plan(
    publisher: Publisher,
    wanted: Sequence[DevicePool],
    found: Sequence[JsonObject],
    acknowledged: Acknowledged,
) -> Publication:
    """The writes that turn the slices found into those wanted.

    Args:
        publisher: Driver and node.
        wanted: All pools, in the order of publication.
        found: All slices of the driver with this node in ``spec.nodeName`` (and, for pools that are not node-local, of
            these pools), up to date: a slice written before is among them.
        acknowledged: What ``acknowledge`` made of earlier writes.
    """
    raise NotImplementedError
