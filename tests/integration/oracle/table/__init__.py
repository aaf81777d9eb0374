"""Named cases by hand: each rule of the allocator at its edges, and the rules two by two.

Every case is asked under five sets of features (all, all but two that change how values are compared and rounded, the
defaults of 1.37, those of the stable implementation, none), so that each also shows what happens where a feature it
uses is off. The oracle's answers are in table.jsonl.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tests.integration.oracle.questions import FEATURES, STABLE_FEATURES, JsonDict
from tests.integration.oracle.table import (
    amounts,
    configuration,
    constraints,
    counters,
    derived,
    lists,
    modes,
    nodes,
    pools,
    selectors,
    sharing,
    taints,
)

EXPERIMENTAL = ("CompatibilityGroups", "DerivedAttributes", "ListTypeAttributes", "OptionalNodeOperations")
PRESETS: Mapping[str, Sequence[str]] = {
    "all": FEATURES,
    "plain-values": [name for name in FEATURES if name not in ("ListTypeAttributes", "FractionalCapacityRange")],
    "defaults": [name for name in FEATURES if name not in EXPERIMENTAL],
    "stable": STABLE_FEATURES,
    "none": (),
}
SECTIONS = (
    amounts,
    configuration,
    constraints,
    counters,
    derived,
    lists,
    modes,
    nodes,
    pools,
    selectors,
    sharing,
    taints,
)


def cases() -> Iterator[JsonDict]:
    """All questions, named ``section/case@features``."""
    for section in SECTIONS:
        for name, case in section.CASES.items():
            for preset, features in PRESETS.items():
                yield {**case, "name": f"{name}@{preset}", "features": dict.fromkeys(features, True)}
