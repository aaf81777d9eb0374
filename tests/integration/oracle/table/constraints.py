"""matchAttribute and distinctAttribute over values of each type."""

from __future__ import annotations

from collections.abc import Mapping

from tests.integration.oracle.questions import DRIVER, OTHER_DRIVER, JsonDict
from tests.integration.oracle.table.building import (
    INDEX,
    MODEL,
    NUMA,
    TWO,
    X_ONLY,
    cel,
    claim,
    device,
    distinct,
    every,
    first,
    match,
    models,
    part,
    question,
    valued,
    want,
)

CASES: Mapping[str, JsonDict] = {
    "constraints/match-int": question(
        [part(valued("v", {"int": 1}, {"int": 2}, {"int": 1}))],
        claim(want(count=2), constraints=[match(f"{DRIVER}/v")]),
    ),
    "constraints/match-bool": question(
        [part(valued("v", {"bool": True}, {"bool": False}, {"bool": True}))],
        claim(want(count=2), constraints=[match(f"{DRIVER}/v")]),
    ),
    "constraints/match-version": question(
        [part(valued("v", {"version": "1.0.0"}, {"version": "1.0.1"}, {"version": "1.0.0"}))],
        claim(want(count=2), constraints=[match(f"{DRIVER}/v")]),
    ),
    "constraints/match-bool-false-with-int-0": question(
        [part(valued("v", {"bool": False}, {"int": 0}, {"bool": False}))],
        claim(want(count=2), constraints=[match(f"{DRIVER}/v")]),
    ),
    "constraints/match-bool-true-with-int-1": question(
        [part(valued("v", {"bool": True}, {"int": 1}))], claim(want(count=2), constraints=[match(f"{DRIVER}/v")])
    ),
    "constraints/distinct-bool-with-int": question(
        [part(valued("v", {"bool": True}, {"int": 1}))], claim(want(count=2), constraints=[distinct(f"{DRIVER}/v")])
    ),
    "constraints/distinct-int": question(
        [part(valued("v", {"int": 1}, {"int": 1}, {"int": 2}))],
        claim(want(count=2), constraints=[distinct(f"{DRIVER}/v")]),
    ),
    "constraints/distinct-bool": question(
        [part(valued("v", {"bool": True}, {"bool": True}, {"bool": False}))],
        claim(want(count=2), constraints=[distinct(f"{DRIVER}/v")]),
    ),
    "constraints/distinct-version": question(
        [part(valued("v", {"version": "1.0.0"}, {"version": "1.0.0"}, {"version": "2.0.0"}))],
        claim(want(count=2), constraints=[distinct(f"{DRIVER}/v")]),
    ),
    "constraints/match-missing": question(
        [part(valued("v", None, {"int": 1}, {"int": 1}))], claim(want(count=2), constraints=[match(f"{DRIVER}/v")])
    ),
    "constraints/match-missing-for-one": question(
        [part(valued("v", None))], claim(want(), constraints=[match(f"{DRIVER}/v")])
    ),
    "constraints/distinct-missing": question(
        [part(valued("v", None, {"int": 1}))], claim(want(), constraints=[distinct(f"{DRIVER}/v")])
    ),
    "constraints/match-types-differ": question(
        [part(valued("v", {"int": 1}, {"string": "1"}))], claim(want(count=2), constraints=[match(f"{DRIVER}/v")])
    ),
    "constraints/distinct-types-differ": question(
        [part(valued("v", {"int": 1}, {"string": "1"}))], claim(want(count=2), constraints=[distinct(f"{DRIVER}/v")])
    ),
    "constraints/match-empty-attribute": question(
        [part(valued("v", {}, {}))], claim(want(count=2), constraints=[match(f"{DRIVER}/v")])
    ),
    "constraints/distinct-empty-attribute": question(
        [part(valued("v", {}, {}))], claim(want(count=2), constraints=[distinct(f"{DRIVER}/v")])
    ),
    "constraints/match-one-empty-attribute": question(
        [part(valued("v", {}))], claim(want(), constraints=[match(f"{DRIVER}/v")])
    ),
    "constraints/distinct-one-empty-attribute": question(
        [part(valued("v", {}))], claim(want(), constraints=[distinct(f"{DRIVER}/v")])
    ),
    "constraints/match-of-another-domain": question(
        [
            part(
                [
                    device("d0", attributes={"z.example.com/v": {"int": 1}}),
                    device("d1", attributes={"z.example.com/v": {"int": 1}}),
                ]
            )
        ],
        claim(want(count=2), constraints=[match("z.example.com/v")]),
    ),
    "constraints/match-short-name": question(
        [part(models("x", "x"))], claim(want(count=2), constraints=[match("model")])
    ),
    "constraints/match-long-hides-short": question(
        [
            part(
                [
                    device("d0", attributes={"model": {"string": "x"}, MODEL: {"string": "y"}}),
                    device("d1", attributes={"model": {"string": "y"}}),
                ]
            )
        ],
        claim(want(count=2), constraints=[match(MODEL)]),
    ),
    "constraints/match-over-drivers": question(
        [
            part(valued("n.example.com/v", {"int": 1})),
            part(valued("n.example.com/v", {"int": 1}), driver=OTHER_DRIVER, name="t", pool="q"),
        ],
        claim(want(count=2), constraints=[match("n.example.com/v")]),
    ),
    "constraints/two-at-once": question(
        [
            part(
                [
                    device(f"d{i}", attributes={"model": {"string": m}, "index": {"int": n}})
                    for i, (m, n) in enumerate((("x", 0), ("y", 0), ("x", 0), ("x", 1)))
                ]
            )
        ],
        claim(want(count=2), constraints=[match(MODEL), distinct(INDEX)]),
    ),
    "constraints/match-two-requests-of-three": question(
        [part(models("x", "y", "y", "x"))], claim(want("a"), want("b"), want("c"), constraints=[match(MODEL, "b", "c")])
    ),
    "constraints/match-and-all": question([part(models("x", "x"))], claim(every(), constraints=[match(MODEL)])),
    "constraints/match-and-all-that-differ": question(
        [part(models("x", "y"))], claim(every(), constraints=[match(MODEL)])
    ),
    "constraints/all-that-differ-or-one": question(
        [part(models("x", "y"))], claim(first("r", every("a"), want("b")), constraints=[match(MODEL)])
    ),
    "constraints/distinct-and-all": question([part(models("x", "y"))], claim(every(), constraints=[distinct(MODEL)])),
    "constraints/all-must-match-one-before": question(
        [part(models("x", "y", "x"))],
        claim(want("a"), every("b", selectors=cel(f"!({X_ONLY})")), constraints=[match(MODEL)]),
    ),
    "constraints/lists-intersect": question(
        [part(valued("v", {"ints": [1, 2]}, {"ints": [3]}, {"ints": [2, 3]}))],
        claim(want(count=2), constraints=[match(f"{DRIVER}/v")]),
    ),
    "constraints/lists-pairwise-but-not-together": question(
        [part(valued("v", {"ints": [1, 2]}, {"ints": [2, 3]}, {"ints": [1, 3]}))],
        claim(want(count=3), constraints=[match(f"{DRIVER}/v")]),
    ),
    "constraints/list-and-scalar": question(
        [part(valued("v", {"strings": ["a", "b"]}, {"string": "b"}))],
        claim(want(count=2), constraints=[match(f"{DRIVER}/v")]),
    ),
    "constraints/list-of-versions-and-version": question(
        [part(valued("v", {"versions": ["1.0.0"]}, {"version": "1.0.0"}))],
        claim(want(count=2), constraints=[match(f"{DRIVER}/v")]),
    ),
    "constraints/list-of-bools-and-bool": question(
        [part(valued("v", {"bools": [True, False]}, {"bool": False}))],
        claim(want(count=2), constraints=[match(f"{DRIVER}/v")]),
    ),
    "constraints/lists-of-bools-intersect": question(
        [part(valued("v", {"bools": [True]}, {"bools": [False]}, {"bools": [False, True]}))],
        claim(want(count=2), constraints=[match(f"{DRIVER}/v")]),
    ),
    "constraints/lists-of-versions-intersect": question(
        [part(valued("v", {"versions": ["1.0.0"]}, {"versions": ["2.0.0"]}))],
        claim(want(count=2), constraints=[match(f"{DRIVER}/v")]),
    ),
    "constraints/lists-disjoint": question(
        [part(valued("v", {"ints": [1, 2]}, {"ints": [2, 3]}, {"ints": [3]}))],
        claim(want(count=2), constraints=[distinct(f"{DRIVER}/v")]),
    ),
    "constraints/list-disjoint-from-scalar": question(
        [part(valued("v", {"ints": [1, 2]}, {"int": 2}, {"int": 3}))],
        claim(want(count=2), constraints=[distinct(f"{DRIVER}/v")]),
    ),
    "constraints/empty-list": question(
        [part(valued("v", {"ints": []}, {"ints": []}))], claim(want(count=2), constraints=[match(f"{DRIVER}/v")])
    ),
    "constraints/empty-list-distinct": question(
        [part(valued("v", {"ints": []}))], claim(want(), constraints=[distinct(f"{DRIVER}/v")])
    ),
    "constraints/list-twice-the-same": question(
        [part(valued("v", {"ints": [1, 1]}))], claim(want(), constraints=[distinct(f"{DRIVER}/v")])
    ),
    "constraints/neither": question(TWO, claim(want(), constraints=[{"requests": ["r"]}])),
    "constraints/both": question(
        [part(models("x", "x", "y"))], claim(want(count=2), constraints=[{**match(MODEL), **distinct(MODEL)}])
    ),
    "constraints/neither-in-the-second-claim": question(
        TWO, claim(want()), claim(want(), name="claim-1", constraints=[{}])
    ),
    "constraints/match-as-admin": question(
        [part(models("x", "y", "y"))], claim(want(count=2, adminAccess=True), constraints=[match(MODEL)])
    ),
    "constraints/match-across-claims-does-not-apply": question(
        [part(models("x", "y"))],
        claim(want(), constraints=[match(MODEL)]),
        claim(want(), name="claim-1", constraints=[match(MODEL)]),
    ),
    "constraints/needs-many-tries": question(
        [part(models("x", "y", "z", "x", "y", "z", "z"))], claim(want("a", 3), constraints=[match(MODEL)])
    ),
    "constraints/numa-or-else": question(
        [
            part(valued(NUMA, {"int": 0}, {"int": 1})),
            part(valued(NUMA, {"int": 1}), driver=OTHER_DRIVER, pool="q", name="t"),
        ],
        claim(
            want("a", selectors=cel(f"device.driver == '{DRIVER}'")),
            want("b", selectors=cel(f"device.driver == '{OTHER_DRIVER}'")),
            constraints=[match(NUMA)],
        ),
    ),
}
