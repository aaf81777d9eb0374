"""Shared counters and compatibility groups."""

from __future__ import annotations

from collections.abc import Mapping

from tests.integration.oracle.questions import DRIVER, OTHER_DRIVER, OTHER_NODE, JsonDict
from tests.integration.oracle.table.building import (
    MODEL,
    PARTITIONS,
    cel,
    claim,
    counters,
    device,
    every,
    first,
    held,
    match,
    memory,
    part,
    question,
    sets,
    shared,
    some,
    taint,
    takes,
    want,
)

SET = part(name="t", count=2, sharedCounters=sets(set=counters(units="4")))


def _drawing(*devices: JsonDict, name: str = "s", **of_set: str) -> list[JsonDict]:
    """A pool of a slice with devices, and one with the counter set that they draw from."""
    return [
        part(list(devices), name=name, count=2),
        part(name="t", count=2, sharedCounters=sets(set=counters(**(of_set or {"units": "4"})))),
    ]


CASES: Mapping[str, JsonDict] = {
    "counters/whole-then-nothing": question(PARTITIONS, claim(want("a"), want("b"), want("c"))),
    "counters/halves": question(
        PARTITIONS,
        claim(want(count=2, selectors=cel("device.driver == 'a.example.com'"))),
        allocated={"devices": held("half-0")},
    ),
    "counters/whole-in-use": question(PARTITIONS, claim(want(count=2)), allocated={"devices": held("whole")}),
    "counters/all": question(PARTITIONS, claim(every())),
    "counters/all-or-two": question(PARTITIONS, claim(first("r", every("a"), want("b", 2)))),
    "counters/as-admin": question(PARTITIONS, claim(want(adminAccess=True)), allocated={"devices": held("half-0")}),
    "counters/as-admin-exhausted": question(
        PARTITIONS, claim(want(count=4, adminAccess=True)), allocated={"devices": held("whole")}
    ),
    "counters/admin-and-user": question(PARTITIONS, claim(want("a", adminAccess=True), want("b", 2))),
    "counters/several-claims": question(
        PARTITIONS, claim(want()), claim(want(), name="claim-1"), claim(want(), name="claim-2")
    ),
    "counters/several-claims-of-halves": question(
        PARTITIONS, claim(want(count=1)), claim(want(count=2), name="claim-1"), allocated={"devices": held("free")}
    ),
    "counters/backtracking-frees-them": question(PARTITIONS, claim(want("a"), want("b", 3))),
    "counters/two-sets": question(
        [
            part(
                [
                    device("d0", consumesCounters=[takes("a", units="1"), takes("b", units="2")]),
                    device("d1", consumesCounters=[takes("b", units="1")]),
                ],
                count=2,
            ),
            part(name="t", count=2, sharedCounters=sets(a=counters(units="1"), b=counters(units="2"))),
        ],
        claim(want("x"), want("y")),
    ),
    "counters/two-counters": question(
        _drawing(
            device("d0", consumesCounters=[takes("set", units="1", memory="4Gi")]),
            device("d1", consumesCounters=[takes("set", units="1", memory="4Gi")]),
            units="4",
            memory="6Gi",
        ),
        claim(want(count=2)),
    ),
    "counters/missing-set": question([part(some(1, consumesCounters=[takes("set", units="1")]))], claim(want())),
    "counters/missing-counter": question(
        _drawing(device("d0", consumesCounters=[takes("set", others="1")])), claim(want())
    ),
    "counters/missing-set-and-all": question(
        [part(some(1, consumesCounters=[takes("set", units="1")]))], claim(every())
    ),
    "counters/missing-set-in-a-slice-elsewhere": question(
        [
            part(some(1), name="a", count=2),
            part([device("o", consumesCounters=[takes("set", units="1")])], name="b", count=2, nodeName=OTHER_NODE),
        ],
        claim(want()),
    ),
    "counters/set-in-another-pool": question(
        [
            part(some(1, consumesCounters=[takes("set", units="1")])),
            part(name="t", pool="q", sharedCounters=sets(set=counters(units="4"))),
        ],
        claim(want()),
    ),
    "counters/set-of-another-driver": question(
        [
            part(some(1, consumesCounters=[takes("set", units="1")]), count=2),
            part(name="t", count=2, driver=OTHER_DRIVER, sharedCounters=sets(set=counters(units="4"))),
        ],
        claim(want()),
    ),
    "counters/set-twice": question(
        [
            part(some(1, consumesCounters=[takes("set", units="1")]), count=3),
            SET,
            part(name="u", count=3, sharedCounters=sets(set=counters(units="4"))),
        ],
        claim(want()),
    ),
    "counters/set-twice-counted": question(
        [
            part(some(1, consumesCounters=[takes("set", units="1")]), count=3),
            part(name="t", count=3, sharedCounters=sets(set=counters(units="4"))),
            part(name="u", count=3, sharedCounters=sets(set=counters(units="4"))),
        ],
        claim(want()),
    ),
    "counters/set-twice-in-a-slice": question(
        [
            part(some(1, consumesCounters=[takes("set", units="1")]), count=2),
            part(name="t", count=2, sharedCounters=[*sets(set=counters(units="4")), *sets(set=counters(units="1"))]),
        ],
        claim(want()),
    ),
    "counters/set-on-another-node": question(
        [
            part(some(1, consumesCounters=[takes("set", units="1")]), count=2),
            part(name="t", count=2, nodeName=OTHER_NODE, sharedCounters=sets(set=counters(units="4"))),
        ],
        claim(want()),
    ),
    "counters/set-for-all-nodes": question(
        [
            part(some(2, consumesCounters=[takes("set", units="3")]), count=2),
            part(name="t", count=2, allNodes=True, sharedCounters=sets(set=counters(units="4"))),
        ],
        claim(want(count=2)),
    ),
    "counters/set-of-another-generation": question(
        [
            part(some(1, consumesCounters=[takes("set", units="1")]), count=2, generation=2),
            part(name="t", count=2, sharedCounters=sets(set=counters(units="4"))),
        ],
        claim(want()),
    ),
    "counters/in-use-on-another-node": question(
        [
            part([device("d0", consumesCounters=[takes("set", units="3")])], count=3),
            part([device("o0", consumesCounters=[takes("set", units="3")])], name="o", count=3, nodeName=OTHER_NODE),
            part(name="t", count=3, allNodes=True, sharedCounters=sets(set=counters(units="4"))),
        ],
        claim(want()),
        allocated={"devices": held("o0")},
    ),
    "counters/drawn-by-a-device-on-several-nodes": question(
        [
            part(
                [
                    device("d0", allNodes=True, consumesCounters=[takes("set", units="3")]),
                    device("d1", nodeName=OTHER_NODE, consumesCounters=[takes("set", units="3")]),
                ],
                count=2,
                perDeviceNodeSelection=True,
            ),
            part(name="t", count=2, allNodes=True, sharedCounters=sets(set=counters(units="4"))),
        ],
        claim(want()),
        allocated={"devices": held("d1")},
    ),
    "counters/with-a-taint": question(
        _drawing(
            device("d0", taints=[taint()], consumesCounters=[takes("set", units="4")]),
            device("d1", consumesCounters=[takes("set", units="4")]),
        ),
        claim(want()),
    ),
    "counters/with-a-constraint": question(
        _drawing(
            *(
                device(f"d{i}", attributes={"model": {"string": m}}, consumesCounters=[takes("set", units="2")])
                for i, m in enumerate("xyxy")
            )
        ),
        claim(want(count=2), constraints=[match(MODEL)]),
    ),
    "counters/of-two-sets-one-short": question(
        [
            part([device("d0", consumesCounters=[takes("a", units="1"), takes("b", units="2")])], count=2),
            part(name="t", count=2, sharedCounters=sets(a=counters(units="1"), b=counters(units="1"))),
        ],
        claim(want()),
    ),
    "counters/nothing-taken": question(
        _drawing(device("d0", consumesCounters=[takes("set", units="0")]), units="0"), claim(want())
    ),
    "counters/same-set-twice-in-a-device": question(
        _drawing(device("d0", consumesCounters=[takes("set", units="3"), takes("set", units="3")])), claim(want())
    ),
    "counters/shared-device-is-charged-once": question(
        _drawing(device("d0", **shared(), consumesCounters=[takes("set", units="3")])),
        claim(want("a", capacity=memory("1Gi")), want("b", capacity=memory("1Gi"))),
    ),
    "counters/shared-device-is-charged-already": question(
        _drawing(
            device("d0", **shared(), consumesCounters=[takes("set", units="3")]),
            device("d1", consumesCounters=[takes("set", units="2")]),
        ),
        claim(want("a", 2)),
        allocated={
            "sharedDeviceIDs": [{"driver": DRIVER, "pool": "p", "device": "d0", "shareID": "s"}],
            "aggregatedCapacity": [
                {"driver": DRIVER, "pool": "p", "device": "d0", "consumedCapacity": {"memory": "1Gi"}}
            ],
        },
    ),
    "counters/share-without-amounts": question(
        _drawing(
            device("d0", allowMultipleAllocations=True, consumesCounters=[takes("set", units="3")]),
            device("d1", consumesCounters=[takes("set", units="2")]),
        ),
        claim(want("a", 2)),
        allocated={"sharedDeviceIDs": [{"driver": DRIVER, "pool": "p", "device": "d0", "shareID": "s"}]},
    ),
    "counters/amounts-without-share": question(
        _drawing(
            device("d0", **shared(), consumesCounters=[takes("set", units="3")]),
            device("d1", consumesCounters=[takes("set", units="2")]),
        ),
        claim(want("a")),
        allocated={
            "aggregatedCapacity": [
                {"driver": DRIVER, "pool": "p", "device": "d0", "consumedCapacity": {"memory": "8Gi"}}
            ]
        },
    ),
    "counters/shared-device-as-admin": question(
        _drawing(device("d0", **shared(), consumesCounters=[takes("set", units="3")])),
        claim(want("a", adminAccess=True), want("b", adminAccess=True)),
    ),
    "counters/shared-and-backtracked": question(
        _drawing(
            device("d0", **shared("2Gi"), consumesCounters=[takes("set", units="3")]),
            device("d1", **shared("8Gi"), consumesCounters=[takes("set", units="3")]),
        ),
        claim(want("a", capacity=memory("2Gi")), want("b", capacity=memory("4Gi"))),
    ),
    "groups/in-common": question(
        _drawing(
            device("d0", consumesCounters=[takes("set", "g", "h", units="1")]),
            device("d1", consumesCounters=[takes("set", "i", units="1")]),
            device("d2", consumesCounters=[takes("set", "h", units="1")]),
        ),
        claim(want(count=2)),
    ),
    "groups/narrowed": question(
        _drawing(
            device("d0", consumesCounters=[takes("set", "g", "h", units="1")]),
            device("d1", consumesCounters=[takes("set", "h", units="1")]),
            device("d2", consumesCounters=[takes("set", "g", units="1")]),
        ),
        claim(want(count=3)),
    ),
    "groups/none-beside-some": question(
        _drawing(
            device("d0", consumesCounters=[takes("set", units="1")]),
            device("d1", consumesCounters=[takes("set", "g", units="1")]),
            device("d2", consumesCounters=[takes("set", units="1")]),
        ),
        claim(want(count=2)),
    ),
    "groups/in-use": question(
        _drawing(
            device("d0", consumesCounters=[takes("set", "g", units="1")]),
            device("d1", consumesCounters=[takes("set", "h", units="1")]),
            device("d2", consumesCounters=[takes("set", "g", "h", units="1")]),
        ),
        claim(want()),
        allocated={"devices": held("d0")},
    ),
    "groups/in-use-by-two": question(
        _drawing(
            *(
                device(f"d{i}", consumesCounters=[takes("set", *groups, units="1")])
                for i, groups in enumerate((("g", "h"), ("g", "i"), ("h",), ("i",), ("g",)))
            )
        ),
        claim(want(count=1)),
        allocated={"devices": held("d0", "d1")},
    ),
    "groups/in-use-and-none-in-common": question(
        _drawing(
            *(
                device(f"d{i}", consumesCounters=[takes("set", *groups, units="1")])
                for i, groups in enumerate((("g",), ("h",), ("g",)))
            )
        ),
        claim(want()),
        allocated={"devices": held("d0", "d1")},
    ),
    "groups/for-admin": question(
        _drawing(
            device("d0", consumesCounters=[takes("set", "g", units="1")]),
            device("d1", consumesCounters=[takes("set", "h", units="1")]),
        ),
        claim(want(count=2, adminAccess=True)),
    ),
    "groups/of-two-sets": question(
        [
            part(
                [
                    device("d0", consumesCounters=[takes("a", "g", units="1"), takes("b", units="1")]),
                    device("d1", consumesCounters=[takes("a", "g", units="1"), takes("b", "h", units="1")]),
                    device("d2", consumesCounters=[takes("b", units="1")]),
                ],
                count=2,
            ),
            part(name="t", count=2, sharedCounters=sets(a=counters(units="2"), b=counters(units="3"))),
        ],
        claim(want(count=2)),
    ),
    "groups/and-all": question(
        _drawing(
            device("d0", consumesCounters=[takes("set", "g", units="1")]),
            device("d1", consumesCounters=[takes("set", "h", units="1")]),
        ),
        claim(every()),
    ),
    "groups/of-a-shared-device": question(
        _drawing(
            device("d0", **shared(), consumesCounters=[takes("set", "g", units="1")]),
            device("d1", **shared(), consumesCounters=[takes("set", "h", units="1")]),
        ),
        claim(want("a", capacity=memory("1Gi")), want("b", capacity=memory("7Gi")), want("c", capacity=memory("4Gi"))),
    ),
    "groups/backtracked": question(
        _drawing(
            device("d0", consumesCounters=[takes("set", "g", units="1")]),
            device("d1", consumesCounters=[takes("set", "h", units="1")]),
            device("d2", consumesCounters=[takes("set", "h", units="1")]),
        ),
        claim(want(count=2)),
        claim(want(), name="claim-1"),
    ),
}
