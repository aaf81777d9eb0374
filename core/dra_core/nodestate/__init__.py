"""NodeAllocationState: a node's devices and the claims that have them.

Classic: which entries are alive is told by ``entry_life``; ``devices`` shows the devices to the allocator;
``claims_on_node`` and ``clean_up`` change what claims have, over exactly the version that was read.

Modern: ``mirror`` writes what ``modern_cluster`` knows from ResourceSlices and claims; ``prepared`` is what the plugin
writes; ``deserted`` says which prepared claims nobody uses, in both generations.
"""

from dra_core.nodestate.claims_on_node import with_entries, without_entries
from dra_core.nodestate.clean_up import CleanUp, Unfinished, clean_up
from dra_core.nodestate.deserted import PATIENCE_SECONDS, ClaimLook, Deserted, is_deserted, look_for_deserted
from dra_core.nodestate.devices import allocatable_devices, slice_of
from dra_core.nodestate.entry_life import bears, entry_in_handle, is_dead, node_of, version_in_handle
from dra_core.nodestate.in_modern_words import in_modern_words, uuids_of
from dra_core.nodestate.mirror import mirror
from dra_core.nodestate.modern_cluster import (
    MirrorKind,
    ModernCluster,
    all_nodes,
    concerned_nodes,
    key_of,
    missing,
    seeing,
    seeing_all,
    waiting_claims,
)
from dra_core.nodestate.prepared import PoolAndDevice, prepared_claims_patch

__all__ = [
    "PATIENCE_SECONDS",
    "ClaimLook",
    "CleanUp",
    "Deserted",
    "MirrorKind",
    "ModernCluster",
    "PoolAndDevice",
    "Unfinished",
    "all_nodes",
    "allocatable_devices",
    "bears",
    "clean_up",
    "concerned_nodes",
    "entry_in_handle",
    "in_modern_words",
    "is_dead",
    "is_deserted",
    "key_of",
    "look_for_deserted",
    "mirror",
    "missing",
    "node_of",
    "prepared_claims_patch",
    "seeing",
    "seeing_all",
    "slice_of",
    "uuids_of",
    "version_in_handle",
    "waiting_claims",
    "with_entries",
    "without_entries",
]
