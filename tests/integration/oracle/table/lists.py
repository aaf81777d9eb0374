"""Prioritised lists."""

from __future__ import annotations

from collections.abc import Mapping

from tests.integration.oracle.questions import JsonDict
from tests.integration.oracle.table.building import (
    BROKEN,
    MODEL,
    THREE,
    TOLERATE_ALL,
    TWO,
    X_ONLY,
    cel,
    claim,
    distinct,
    every,
    first,
    held,
    match,
    models,
    part,
    question,
    some,
    taint,
    want,
)

CASES: Mapping[str, JsonDict] = {
    "lists/first-of-two": question(TWO, claim(first("r", want("a"), want("b")))),
    "lists/second-of-two": question(TWO, claim(first("r", want("a", 3), want("b", 2)))),
    "lists/none": question(TWO, claim(first("r", want("a", 3), want("b", 4)))),
    "lists/all-or-one": question(TWO, claim(first("r", every("a"), want("b"))), allocated={"devices": held("d0")}),
    "lists/all-of-none-or-one": question(
        [part(models("y"))], claim(first("r", every("a", selectors=cel(X_ONLY)), want("b")))
    ),
    "lists/count-0-first": question(TWO, claim(first("r", want("a", 0), want("b")))),
    "lists/two-lists-compete": question(
        THREE, claim(first("r", want("a", 2), want("b", 1)), first("s", want("a", 2), want("b", 1)))
    ),
    "lists/a-later-claim-moves-the-list-on": question(
        THREE, claim(first("r", want("a", 2), want("b", 1))), claim(want(count=2), name="claim-1")
    ),
    "lists/an-earlier-list-is-moved-on-by-a-constraint": question(
        [part(models("x", "y", "y"))],
        claim(
            first("r", want("a", selectors=cel(X_ONLY)), want("b")),
            want("s", selectors=cel(f"!({X_ONLY})")),
            constraints=[match(MODEL)],
        ),
    ),
    "lists/constraint-on-the-list": question(
        [part(models("x", "y", "y"))], claim(first("r", want("a", 2)), want("s"), constraints=[match(MODEL, "r")])
    ),
    "lists/constraint-on-the-taken-alternative": question(
        [part(models("x", "y", "y"))], claim(first("r", want("a", 2), want("b", 1)), constraints=[match(MODEL, "r/a")])
    ),
    "lists/constraint-on-the-other-alternative": question(
        [part(models("x", "y", "z"))], claim(first("r", want("a", 2), want("b", 2)), constraints=[match(MODEL, "r/a")])
    ),
    "lists/constraint-on-an-alternative-by-its-own-name": question(
        [part(models("x", "y"))], claim(first("r", want("a", 2)), constraints=[match(MODEL, "a")])
    ),
    "lists/constraint-on-a-request-and-an-alternative": question(
        [part(models("x", "y", "x"))],
        claim(want("q"), first("r", want("a"), want("b")), constraints=[match(MODEL, "q", "r/b")]),
    ),
    "lists/constraint-on-nobody": question(
        [part(models("x", "y"))], claim(want("q", 2), constraints=[match(MODEL, "z")])
    ),
    "lists/constraint-on-request-with-slash": question(
        [part(models("x", "y"))], claim(want("q", 2), constraints=[match(MODEL, "q/a")])
    ),
    "lists/same-name-inside-and-outside": question(
        [part(models("x", "y", "x"))], claim(want("a"), first("r", want("a", 2)), constraints=[distinct(MODEL, "a")])
    ),
    "lists/distinct-on-an-alternative": question(
        [part(models("x", "x", "y"))],
        claim(first("r", want("a", 2), want("b", 1)), constraints=[distinct(MODEL, "r/a")]),
    ),
    "lists/an-alternative-without-a-class": question(TWO, claim(first("r", want("a", deviceClassName=""), want("b")))),
    "lists/an-alternative-of-an-unknown-class": question(
        TWO, claim(first("r", want("a"), want("b", deviceClassName="none")))
    ),
    "lists/a-broken-second-alternative-is-not-asked": question(
        TWO, claim(first("r", want("a"), want("b", deviceClassName="broken"))), classes=[BROKEN]
    ),
    "lists/a-broken-first-alternative": question(
        TWO, claim(first("r", want("a", deviceClassName="broken"), want("b"))), classes=[BROKEN]
    ),
    "lists/a-broken-alternative-for-all": question(
        TWO, claim(first("r", want("a"), every("b", deviceClassName="broken"))), classes=[BROKEN]
    ),
    "lists/tolerations-of-the-alternative": question(
        [part(some(2, taints=[taint()]))], claim(first("r", want("a"), want("b", tolerations=[TOLERATE_ALL])))
    ),
    "lists/eight-alternatives": question(TWO, claim(first("r", *(want(f"a{i}", 9 - i) for i in range(8))))),
    "lists/exactly-beside-the-list": question(THREE, claim({**first("r", want("a", 2)), **want("r")})),
}
