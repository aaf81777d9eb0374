"""Planning over a whole cluster's snapshot: where pods get their devices, why not, how many fit, and what if."""

from dra_core.planning.capacity import Capacity, capacity_for
from dra_core.planning.changes import Change, apply_changes
from dra_core.planning.cluster import Cluster
from dra_core.planning.cluster_snapshot import ClusterSnapshot
from dra_core.planning.difference import compare_plans, compare_snapshots
from dra_core.planning.explain import Explanation, explain_claim, explain_pod
from dra_core.planning.ledger import Placed
from dra_core.planning.lint import lint_documents
from dra_core.planning.plan import Pending, Plan, plan_as_json, plan_pods, snapshot_after
from dra_core.planning.policies import POLICIES, Policy
from dra_core.planning.reading import Document, Located, Reading, read_cluster
from dra_core.planning.redaction import objects_of, redacted
from dra_core.planning.status import Status, by_class, by_driver, by_namespace, by_node, status_of
from dra_core.planning.suggestions import Suggestion
from dra_core.planning.wanted_pods import Wanted, made_by, same_pods, wanted_pods
from dra_core.planning.what_if import (
    AddNodes,
    Devices,
    Drain,
    Edit,
    FailDevices,
    RemoveNode,
    Repartition,
    TaintDevices,
    TaintNode,
    UntaintDevices,
    UntaintNode,
    Without,
    changed,
)

__all__ = [
    "POLICIES",
    "AddNodes",
    "Capacity",
    "Change",
    "Cluster",
    "ClusterSnapshot",
    "Devices",
    "Document",
    "Drain",
    "Edit",
    "Explanation",
    "FailDevices",
    "Located",
    "Pending",
    "Placed",
    "Plan",
    "Policy",
    "Reading",
    "RemoveNode",
    "Repartition",
    "Status",
    "Suggestion",
    "TaintDevices",
    "TaintNode",
    "UntaintDevices",
    "UntaintNode",
    "Wanted",
    "Without",
    "apply_changes",
    "by_class",
    "by_driver",
    "by_namespace",
    "by_node",
    "capacity_for",
    "changed",
    "compare_plans",
    "compare_snapshots",
    "explain_claim",
    "explain_pod",
    "lint_documents",
    "made_by",
    "objects_of",
    "plan_as_json",
    "plan_pods",
    "read_cluster",
    "redacted",
    "same_pods",
    "snapshot_after",
    "status_of",
    "wanted_pods",
]
