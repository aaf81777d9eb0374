"""One self-contained page: a picture of nodes and devices, and the explanation of each pod that waits."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

import msgspec
from dra_core.planning import Cluster, Explanation, Status, explain_pod, same_pods, wanted_pods

MOST_EXPLANATIONS = 50  # kinds of waiting pods on a page
_PLACE = "/*data*/"


class _Data(msgspec.Struct, frozen=True):
    """What the page's script draws."""

    title: str
    status: Status | None
    explanations: Sequence[Explanation]


def page(title: str, status: Status | None, explanations: Sequence[Explanation]) -> str:
    """The page; it loads nothing from anywhere."""
    text = (files("dra_kubectl") / "page.html").read_text(encoding="utf-8")
    data = msgspec.json.encode(_Data(title, status, explanations)).decode()
    # Inside a script element nothing is markup but its end; JSON may write < as an escape.
    return text.replace(_PLACE, data.replace("<", "\\u003c"), 1)


def waiting_explained(cluster: Cluster) -> tuple[Explanation, ...]:
    """The explanation of every kind of pod that waits for a node."""
    kinds = same_pods(cluster, wanted_pods(cluster.snapshot))
    return tuple(explain_pod(cluster, item.pod) for item in kinds[:MOST_EXPLANATIONS])
