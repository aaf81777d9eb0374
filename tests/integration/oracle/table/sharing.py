"""Devices that many claims share."""

from __future__ import annotations

from collections.abc import Mapping

from tests.integration.oracle.questions import DRIVER, JsonDict
from tests.integration.oracle.table.amounts import VALUES
from tests.integration.oracle.table.building import (
    MODEL,
    claim,
    device,
    distinct,
    every,
    first,
    held,
    match,
    memory,
    part,
    question,
    shared,
    some,
    taint,
    want,
)

_TWO_CAPACITIES: JsonDict = {"memory": {"value": "8Gi"}, "cores": {"value": "4", "requestPolicy": {"default": "1"}}}
_SHARED_4 = [part([device("d0", **shared("4Gi"))])]
_IN_USE: JsonDict = {
    "sharedDeviceIDs": [{"driver": DRIVER, "pool": "p", "device": "d0", "shareID": "s"}],
    "aggregatedCapacity": [{"driver": DRIVER, "pool": "p", "device": "d0", "consumedCapacity": {"memory": "3Gi"}}],
}


CASES: Mapping[str, JsonDict] = {
    "capacity/unknown-name": question(_SHARED_4, claim(want(capacity={"requests": {"cores": "1"}}))),
    "capacity/long-name": question(_SHARED_4, claim(want(capacity={"requests": {f"{DRIVER}/memory": "1Gi"}}))),
    "capacity/empty-requests": question(_SHARED_4, claim(want(capacity={}))),
    "capacity/two-names-one-asked": question(
        [part([device("d0", allowMultipleAllocations=True, capacity=_TWO_CAPACITIES)])],
        claim(want("a", capacity=memory("1Gi")), want("b", capacity=memory("1Gi"))),
    ),
    "capacity/two-names-both-asked": question(
        [part([device("d0", allowMultipleAllocations=True, capacity=_TWO_CAPACITIES)])],
        claim(
            want("a", capacity={"requests": {"memory": "1Gi", "cores": "3"}}),
            want("b", capacity={"requests": {"cores": "2"}}),
        ),
    ),
    "capacity/two-requests": question(
        _SHARED_4, claim(want("a", capacity=memory("2Gi")), want("b", capacity=memory("2Gi")))
    ),
    "capacity/two-requests-too-much": question(
        _SHARED_4, claim(want("a", capacity=memory("3Gi")), want("b", capacity=memory("2Gi")))
    ),
    "capacity/count-two-of-one-device": question(_SHARED_4, claim(want("a", 2, capacity=memory("1Gi")))),
    "capacity/count-two-of-two-devices": question(
        [part(some(2, **shared("4Gi")))], claim(want("a", 2, capacity=memory("1Gi")))
    ),
    "capacity/two-claims": question(
        _SHARED_4, claim(want(capacity=memory("2Gi"))), claim(want(capacity=memory("2Gi")), name="claim-1")
    ),
    "capacity/rest-of-it": question(_SHARED_4, claim(want(capacity=memory("1Gi"))), allocated=_IN_USE),
    "capacity/more-than-the-rest": question(_SHARED_4, claim(want(capacity=memory("1025Mi"))), allocated=_IN_USE),
    "capacity/nothing-asked-of-the-rest": question(_SHARED_4, claim(want()), allocated=_IN_USE),
    "capacity/as-admin": question(_SHARED_4, claim(want(adminAccess=True)), allocated=_IN_USE),
    "capacity/as-admin-asked": question(
        _SHARED_4, claim(want(adminAccess=True, capacity=memory("2Gi"))), allocated=_IN_USE
    ),
    "capacity/as-admin-twice": question(
        _SHARED_4,
        claim(want("a", adminAccess=True, capacity=memory("2Gi")), want("b", adminAccess=True, capacity=memory("2Gi"))),
    ),
    "capacity/as-admin-all-twice": question(
        _SHARED_4,
        claim(
            every("a", adminAccess=True, capacity=memory("2Gi")), every("b", adminAccess=True, capacity=memory("2Gi"))
        ),
    ),
    "capacity/all-as-admin-in-use": question(
        [part([device("d0"), device("d1", **shared("4Gi"))])],
        claim(every(adminAccess=True)),
        allocated={"devices": held("d0", "d1")},
    ),
    "capacity/all": question(
        [part([device("d0", **shared("4Gi")), device("d1", **shared("1Gi"))])], claim(every(capacity=memory("2Gi")))
    ),
    "capacity/all-in-use": question(
        [part([device("d0", **shared("4Gi")), device("d1", **shared("8Gi"))])],
        claim(every(capacity=memory("2Gi"))),
        allocated=_IN_USE,
    ),
    "capacity/all-twice": question(
        _SHARED_4, claim(every("a", capacity=memory("2Gi")), every("b", capacity=memory("2Gi")))
    ),
    "capacity/all-none-has-it": question([part(some(2))], claim(every(capacity=memory("2Gi")))),
    "capacity/all-negative": question([part(some(2, **shared("-1")))], claim(every())),
    "capacity/shared-as-a-whole-in-use": question(
        _SHARED_4, claim(want(capacity=memory("1Gi"))), allocated={"devices": held("d0")}
    ),
    "capacity/not-shared": question(
        [part([device("d0", capacity={"memory": {"value": "4Gi"}})])], claim(want(capacity=memory("2Gi")))
    ),
    "capacity/not-shared-too-small": question(
        [
            part(
                [
                    device("d0", capacity={"memory": {"value": "4Gi"}}),
                    device("d1", capacity={"memory": {"value": "8Gi"}}),
                ]
            )
        ],
        claim(want(capacity=memory("5Gi"))),
    ),
    "capacity/not-shared-with-a-policy": question(
        [part([device("d0", capacity={"memory": {"value": "4Gi", "requestPolicy": VALUES}})])],
        claim(want(capacity=memory("3Gi")), want("b", capacity=memory("1Gi"))),
    ),
    "capacity/not-shared-without-any": question([part(some(1))], claim(want(capacity=memory("1Gi")))),
    "capacity/not-shared-explicitly": question(
        [part([device("d0", allowMultipleAllocations=False, capacity={"memory": {"value": "4Gi"}})])],
        claim(want("a", capacity=memory("2Gi")), want("b", capacity=memory("2Gi"))),
    ),
    "capacity/not-shared-but-aggregated": question(
        [part([device("d0", capacity={"memory": {"value": "4Gi"}})])],
        claim(want(capacity=memory("2Gi"))),
        allocated=_IN_USE,
    ),
    "capacity/shared-without-capacity": question(
        [part(some(1, allowMultipleAllocations=True))], claim(want("a"), want("b"))
    ),
    "capacity/shared-without-capacity-asked": question(
        [part(some(1, allowMultipleAllocations=True))], claim(want("a", capacity=memory("1Gi")))
    ),
    "capacity/mixed": question(
        [part([device("d0", **shared("2Gi")), device("d1", capacity={"memory": {"value": "2Gi"}})])],
        claim(want("a", capacity=memory("1Gi")), want("b", capacity=memory("1Gi")), want("c", capacity=memory("1Gi"))),
    ),
    "capacity/match-with-itself": question(
        [
            part(
                [
                    device("d0", **shared("4Gi"), attributes={"model": {"string": "x"}}),
                    device("d1", **shared("4Gi"), attributes={"model": {"string": "y"}}),
                ]
            )
        ],
        claim(want("a", capacity=memory("2Gi")), want("b", capacity=memory("2Gi")), constraints=[match(MODEL)]),
    ),
    "capacity/distinct-with-itself": question(
        [
            part(
                [
                    device("d0", **shared("4Gi"), attributes={"model": {"string": "x"}}),
                    device("d1", **shared("4Gi"), attributes={"model": {"string": "y"}}),
                ]
            )
        ],
        claim(want("a", capacity=memory("2Gi")), want("b", capacity=memory("2Gi")), constraints=[distinct(MODEL)]),
    ),
    "capacity/match-forces-another": question(
        [
            part(
                [
                    device("d0", **shared("2Gi"), attributes={"model": {"string": "x"}}),
                    device("d1", **shared("8Gi"), attributes={"model": {"string": "y"}}),
                ]
            )
        ],
        claim(want("a", capacity=memory("2Gi")), want("b", capacity=memory("2Gi")), constraints=[match(MODEL)]),
    ),
    "capacity/alternatives": question(
        _SHARED_4, claim(first("r", want("a", capacity=memory("5Gi")), want("b", capacity=memory("1Gi"))))
    ),
    "capacity/alternatives-of-two-lists": question(
        _SHARED_4,
        claim(
            first("r", want("a", capacity=memory("3Gi")), want("b", capacity=memory("1Gi"))),
            first("s", want("a", capacity=memory("3Gi")), want("b", capacity=memory("2Gi"))),
        ),
    ),
    "capacity/on-the-network-with-conditions": question(
        [
            part(
                some(
                    1,
                    **shared("4Gi"),
                    bindsToNode=True,
                    bindingConditions=["ready"],
                    bindingFailureConditions=["failed"],
                ),
                allNodes=True,
            )
        ],
        claim(want("a", capacity=memory("1Gi")), want("b", capacity=memory("1Gi"))),
    ),
    "capacity/tainted": question(
        [part(some(1, **shared("4Gi"), taints=[taint()]))],
        claim(
            want("a", capacity=memory("1Gi")), want("b", capacity=memory("1Gi"), tolerations=[{"operator": "Exists"}])
        ),
    ),
    "capacity/32-shares": question(
        [part([device("d0", **shared("64Gi"))])], claim(*(want(f"r{i}", capacity=memory("1Gi")) for i in range(32)))
    ),
    "capacity/33-shares": question(
        [part([device("d0", **shared("64Gi"))])], claim(*(want(f"r{i}", capacity=memory("1Gi")) for i in range(33)))
    ),
    "capacity/second-request-not-representable": question(
        [part([device("d0", **shared("1e20", {"default": "1", "validRange": {"min": "1", "step": "3"}}))])],
        claim(want("a", capacity=memory("1")), want("b", capacity=memory("1e30"))),
    ),
    "capacity/consumed-of-an-unknown-name": question(
        _SHARED_4,
        claim(want(capacity=memory("4Gi"))),
        allocated={
            "aggregatedCapacity": [{"driver": DRIVER, "pool": "p", "device": "d0", "consumedCapacity": {"cores": "3"}}]
        },
    ),
    "capacity/consumed-in-two-entries": question(
        _SHARED_4,
        claim(want(capacity=memory("2Gi"))),
        allocated={
            "aggregatedCapacity": [
                {"driver": DRIVER, "pool": "p", "device": "d0", "consumedCapacity": {"memory": amount}}
                for amount in ("1Gi", "1Gi")
            ]
        },
    ),
    "capacity/printed-in-its-writing": question(
        [
            part(
                [
                    device(
                        "d0", **shared("8192Mi", {"default": "1024Mi", "validRange": {"min": "512Mi", "step": "512Mi"}})
                    )
                ]
            )
        ],
        claim(
            want("a"),
            want("b", capacity=memory("1073741824")),
            want("c", capacity=memory("1.2Gi")),
            want("d", capacity=memory("0.5Gi")),
            want("e", capacity=memory("1e9")),
        ),
    ),
    "capacity/multiples-of-1000E": question(
        [part([device("d0", **shared("4000E"))])],
        claim(want("a", capacity=memory("1000E")), want("b", capacity=memory("2e21"))),
    ),
}
