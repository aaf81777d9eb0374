"""Opaque configuration and sharing strategies."""

from dra_core.sharing.gpu_config import read_gpu_config
from dra_core.sharing.precedence import ConfigurationEntry, Entries, covers, entries_for, entry_for
from dra_core.sharing.strategy import Interval, SharingStrategy, SpacePartitioning, TimeSlicing

__all__ = [
    "ConfigurationEntry",
    "Entries",
    "Interval",
    "SharingStrategy",
    "SpacePartitioning",
    "TimeSlicing",
    "covers",
    "entries_for",
    "entry_for",
    "read_gpu_config",
]
