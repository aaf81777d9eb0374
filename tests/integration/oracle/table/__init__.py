"""Named cases by hand: each rule of the allocator at its edges, and the rules two by two.

Every case is asked under three sets of features (all, the defaults of 1.37, those of the stable implementation), so
that each also shows what happens where a feature it uses is off. The oracle's answers are in table.jsonl.
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
    "defaults": [name for name in FEATURES if name not in EXPERIMENTAL],
    "stable": STABLE_FEATURES,
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
