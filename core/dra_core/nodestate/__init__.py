"""NodeAllocationState: a node's devices and the claims that have them.

Which entries are alive is told by ``entry_life``; ``devices`` shows the devices to the allocator; ``claims_on_node``
and ``clean_up`` change what claims have, over exactly the version that was read.
"""

from dra_core.nodestate.claims_on_node import with_entries, without_entries
from dra_core.nodestate.clean_up import CleanUp, Unfinished, clean_up
from dra_core.nodestate.devices import allocatable_devices, slice_of
from dra_core.nodestate.entry_life import bears, entry_in_handle, is_dead, node_of, version_in_handle
from dra_core.nodestate.in_modern_words import in_modern_words, uuids_of
from dra_core.nodestate.prepared import PoolAndDevice, prepared_claims_patch

__all__ = [
    "CleanUp",
    "PoolAndDevice",
    "Unfinished",
    "allocatable_devices",
    "bears",
    "clean_up",
    "entry_in_handle",
    "in_modern_words",
    "is_dead",
    "node_of",
    "prepared_claims_patch",
    "slice_of",
    "uuids_of",
    "version_in_handle",
    "with_entries",
    "without_entries",
]
