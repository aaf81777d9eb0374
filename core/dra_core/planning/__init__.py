"""Planning over a whole cluster's snapshot: where pods get their devices, why not, how many fit, and what if."""

from dra_core.planning.cluster_snapshot import ClusterSnapshot
from dra_core.planning.reading import Document, Located, Reading, read_cluster

__all__ = ["ClusterSnapshot", "Document", "Located", "Reading", "read_cluster"]
