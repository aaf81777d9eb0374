"""Planning over a whole cluster's snapshot: where pods get their devices, why not, how many fit, and what if.

Names are imported from their modules when they are first used: a command starts as fast as what it needs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dra_core.planning.capacity import Capacity, capacity_for
    from dra_core.planning.changes import Change, apply_changes
    from dra_core.planning.cluster import Cluster
    from dra_core.planning.cluster_snapshot import ClusterSnapshot
    from dra_core.planning.difference import compare_plans, compare_snapshots, moved_pods, nodes_in
    from dra_core.planning.edits import (
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
    )
    from dra_core.planning.explain import Explanation, explain_claim, explain_pod
    from dra_core.planning.ledger import Placed
    from dra_core.planning.lint import lint_documents
    from dra_core.planning.plan import Pending, Plan, plan_as_json, plan_pods, snapshot_after
    from dra_core.planning.policies import POLICIES, Policy
    from dra_core.planning.reading import Document, Located, Reading, read_cluster
    from dra_core.planning.redaction import objects_of, redacted
    from dra_core.planning.status import Status, by_class, by_driver, by_namespace, by_node, status_of
    from dra_core.planning.suggestions import Suggestion
    from dra_core.planning.waiting import Wanted, made_by, same_pods, wanted_pods
    from dra_core.planning.what_if import changed

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
    "moved_pods",
    "nodes_in",
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

_HOMES = {
    "capacity": (
        "Capacity",
        "capacity_for",
    ),
    "changes": (
        "Change",
        "apply_changes",
    ),
    "cluster": ("Cluster",),
    "cluster_snapshot": ("ClusterSnapshot",),
    "difference": ("compare_plans", "compare_snapshots", "moved_pods", "nodes_in"),
    "explain": (
        "Explanation",
        "explain_claim",
        "explain_pod",
    ),
    "ledger": ("Placed",),
    "lint": ("lint_documents",),
    "plan": (
        "Pending",
        "Plan",
        "plan_as_json",
        "plan_pods",
        "snapshot_after",
    ),
    "policies": (
        "POLICIES",
        "Policy",
    ),
    "reading": (
        "Document",
        "Located",
        "Reading",
        "read_cluster",
    ),
    "redaction": (
        "objects_of",
        "redacted",
    ),
    "status": (
        "Status",
        "by_class",
        "by_driver",
        "by_namespace",
        "by_node",
        "status_of",
    ),
    "suggestions": ("Suggestion",),
    "waiting": (
        "Wanted",
        "made_by",
        "same_pods",
        "wanted_pods",
    ),
    "edits": (
        "AddNodes",
        "Devices",
        "Drain",
        "Edit",
        "FailDevices",
        "RemoveNode",
        "Repartition",
        "TaintDevices",
        "TaintNode",
        "UntaintDevices",
        "UntaintNode",
        "Without",
    ),
    "what_if": ("changed",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # type checkers know the names from the imports above, and no others

    def __getattr__(name: str) -> object:
        home = _HOME_OF.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value: object = getattr(importlib.import_module(f"{__name__}.{home}"), name)
        globals()[name] = value  # the next use finds it without asking
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
