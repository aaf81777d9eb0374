"""How the users of one device share it."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Interval: TypeAlias = Literal["Default", "Short", "Medium", "Long"]


class TimeSlicing(msgspec.Struct, frozen=True):
    """Users take turns; ``interval`` is how long a turn lasts."""

    interval: Interval = "Default"


class SpacePartitioning(msgspec.Struct, frozen=True):
    """The device is cut into ``partition_count`` parts (at least 1), one for each user."""

    partition_count: int = 1


SharingStrategy: TypeAlias = TimeSlicing | SpacePartitioning
