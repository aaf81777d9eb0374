"""Planning over a whole cluster's snapshot: where pods get their devices, why not, how many fit, and what if."""

from dra_core.planning.changes import Change, apply_changes
from dra_core.planning.cluster import Cluster
from dra_core.planning.cluster_snapshot import ClusterSnapshot
from dra_core.planning.explain import Explanation, explain_claim, explain_pod
from dra_core.planning.reading import Document, Located, Reading, read_cluster
from dra_core.planning.suggestions import Suggestion
from dra_core.planning.wanted_pods import Wanted, made_by, same_pods, wanted_pods

__all__ = [
    "Change",
    "Cluster",
    "ClusterSnapshot",
    "Document",
    "Explanation",
    "Located",
    "Reading",
    "Suggestion",
    "Wanted",
    "apply_changes",
    "explain_claim",
    "explain_pod",
    "made_by",
    "read_cluster",
    "same_pods",
    "wanted_pods",
]
