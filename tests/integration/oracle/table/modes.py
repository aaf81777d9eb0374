"""How many devices a request gets, claims together, and the limit of 32."""

from __future__ import annotations

from collections.abc import Mapping

from tests.integration.oracle.questions import DRIVER, OTHER_DRIVER, JsonDict
from tests.integration.oracle.table.building import (
    MODEL,
    THREE,
    TWO,
    X_ONLY,
    cel,
    claim,
    device,
    every,
    first,
    held,
    match,
    models,
    opaque,
    part,
    question,
    some,
    taint,
    want,
)

CASES: Mapping[str, JsonDict] = {
    "modes/all-of-none": question([part()], claim(every())),
    "modes/all-without-a-slice": question([], claim(every())),
    "modes/all-of-those-selected": question([part(models("x", "y", "x"))], claim(every(selectors=cel(X_ONLY)))),
    "modes/all-where-none-is-selected": question([part(models("y"))], claim(every(selectors=cel(X_ONLY)))),
    "modes/all-with-one-in-use": question(THREE, claim(every()), allocated={"devices": held("d1")}),
    "modes/all-with-one-in-use-by-admin": question(
        THREE, claim(every(adminAccess=True)), allocated={"devices": held("d1")}
    ),
    "modes/all-twice-in-a-claim": question(TWO, claim(every("a"), every("b"))),
    "modes/all-twice-as-admin": question(TWO, claim(every("a", adminAccess=True), every("b", adminAccess=True))),
    "modes/all-after-one": question(THREE, claim(want("a"), every("b"))),
    "modes/all-before-one": question(THREE, claim(every("a"), want("b"))),
    "modes/all-as-admin-after-one": question(THREE, claim(want("a"), every("b", adminAccess=True))),
    "modes/all-of-two-pools": question([part(some(2), pool="a"), part(some(1), pool="b", name="t")], claim(every())),
    "modes/all-with-an-incomplete-pool": question(
        [part(some(1), pool="a"), part(some(1), pool="b", name="t", count=2)], claim(every())
    ),
    "modes/all-with-an-invalid-pool": question(
        [part(some(1), pool="a"), part([device("d0"), device("d0")], pool="b", name="t")], claim(every())
    ),
    "modes/all-with-conditions": question(
        [part([device("d0", bindingConditions=["ready"], bindingFailureConditions=["failed"]), device("d1")])],
        claim(every()),
    ),
    "modes/all-with-a-taint": question([part([device("d0", taints=[taint()]), device("d1")])], claim(every())),
    "modes/all-of-32": question([part(some(32))], claim(every())),
    "modes/all-of-33": question([part(some(33))], claim(every())),
    "modes/all-of-33-or-one": question([part(some(33))], claim(first("r", every("a"), want("b")))),
    "modes/all-of-20-and-all-of-20": question(
        [part(some(20), pool="a"), part(some(20), pool="b", name="t", driver=OTHER_DRIVER)],
        claim(
            every("a", selectors=cel(f"device.driver == '{DRIVER}'")),
            every("b", selectors=cel(f"device.driver == '{OTHER_DRIVER}'")),
        ),
    ),
    "modes/33-or-32": question([part(some(33))], claim(first("r", want("a", 33), want("b", 32)))),
    "modes/33-or-34": question([part(some(34))], claim(first("r", want("a", 33), want("b", 34)))),
    "modes/31-and-one-or-two": question([part(some(34))], claim(want("a", 31), first("r", want("b", 2), want("c", 1)))),
    "modes/20-and-20-or-10": question([part(some(64))], claim(want("a", 20), first("r", want("b", 20), want("c", 10)))),
    "modes/lists-that-are-too-many-together": question(
        [part(some(64))],
        claim(first("r", want("a", 20), want("b", 10)), first("s", want("a", 20), want("b", 15))),
    ),
    "modes/32-in-each-of-two-claims": question(
        [part(some(64))], claim(want("a", 32)), claim(want("b", 32), name="c-1")
    ),
    "modes/count-0-beside-one": question(TWO, claim(want("a", 0), want("b", 1))),
    "modes/count-0-without-devices": question([], claim(want("a", 0))),
    "modes/count-missing": question(
        TWO, claim({"name": "r", "exactly": {"deviceClassName": "plain", "allocationMode": "ExactCount"}})
    ),
    "modes/count-with-all": question(TWO, claim(every(count=1))),
    "modes/mode-unknown": question(TWO, claim(want(allocationMode="Most"))),
    "modes/mode-unknown-in-a-list": question(TWO, claim(first("r", want("a"), want("b", allocationMode="Most")))),
    "modes/more-than-there-are": question(TWO, claim(want(count=3))),
    "modes/largest-count": question(TWO, claim(want(count=2**63 - 1))),
    "modes/no-requests": question(TWO, claim()),
    "modes/no-requests-but-a-constraint": question(TWO, claim(constraints=[match(MODEL)], config=[opaque("A")])),
    "modes/no-claims": question(TWO),
    "modes/two-claims-one-device": question([part(some(1))], claim(want()), claim(want(), name="claim-1")),
    "modes/later-claim-makes-the-first-choose-again": question(
        [part(models("x", "y"))], claim(want()), claim(want(selectors=cel(X_ONLY)), name="claim-1")
    ),
    "modes/claim-that-has-an-allocation": question(
        TWO,
        {
            **claim(want()),
            "status": {
                "allocation": {
                    "devices": {"results": [{"request": "r", "driver": DRIVER, "pool": "p", "device": "d0"}]}
                }
            },
        },
    ),
    "modes/empty-request": question(TWO, claim({"name": "r", "exactly": {}})),
}
