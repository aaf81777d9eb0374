"""Configuration of classes and claims."""

from __future__ import annotations

from collections.abc import Mapping

from tests.integration.oracle.questions import OTHER_DRIVER, JsonDict
from tests.integration.oracle.table.building import FOUR, TWO, claim, first, of_class, opaque, question, want

CASES: Mapping[str, JsonDict] = {
    "config/of-class-and-claim": question(
        TWO,
        claim(want("a", deviceClassName="c"), want("b"), config=[opaque("K"), opaque("B", "b")]),
        classes=[of_class("c", config=[opaque("C")])],
    ),
    "config/one-class-for-all": question(
        TWO,
        claim(want("a", deviceClassName="c"), want("b", deviceClassName="c")),
        classes=[of_class("c", config=[opaque("C"), opaque("D")])],
    ),
    "config/two-classes-take-turns": question(
        FOUR,
        claim(want("a", deviceClassName="c"), want("b", deviceClassName="d"), want("e", deviceClassName="c")),
        classes=[of_class("c", config=[opaque("C")]), of_class("d", config=[opaque("D"), opaque("E")])],
    ),
    "config/of-the-taken-alternative": question(
        TWO,
        claim(first("r", want("a", 3, deviceClassName="c"), want("b", deviceClassName="d"))),
        classes=[of_class("c", config=[opaque("C")]), of_class("d", config=[opaque("D")])],
    ),
    "config/of-claim-for-the-taken-alternative": question(
        TWO,
        claim(first("r", want("a", 3), want("b")), config=[opaque("A", "r/a"), opaque("B", "r/b"), opaque("R", "r")]),
    ),
    "config/of-claim-for-both-alternatives": question(
        TWO,
        claim(
            first("r", want("a", 3), want("b")), want("s"), config=[opaque("A", "r/a", "r/b"), opaque("B", "s", "r/a")]
        ),
    ),
    "config/of-claim-for-all-by-name": question(
        TWO, claim(want("a"), want("b"), config=[opaque("A", "a", "b"), opaque("B", "b")])
    ),
    "config/of-claim-for-all-alternatives-by-name": question(
        TWO,
        claim(first("r", want("a"), want("b")), want("s"), config=[opaque("A", "r/a", "s"), opaque("B", "r/b", "s")]),
    ),
    "config/for-nobody": question(TWO, claim(want("a"), config=[opaque("A", "z")])),
    "config/of-other-drivers": question(TWO, claim(want("a"), config=[opaque("A", driver=OTHER_DRIVER)])),
    "config/without-opaque": question(TWO, claim(want("a"), config=[{"requests": ["a"]}, {}])),
    "config/of-a-claim-without-requests": question(TWO, claim(config=[opaque("A")])),
    "config/of-count-0": question(
        TWO,
        claim(want("a", 0, deviceClassName="c"), want("b"), config=[opaque("A", "a")]),
        classes=[of_class("c", config=[opaque("C")])],
    ),
    "config/in-two-claims": question(
        TWO,
        claim(want("a", deviceClassName="c")),
        claim(want("b", deviceClassName="c"), name="claim-1", config=[opaque("B")]),
        classes=[of_class("c", config=[opaque("C")])],
    ),
}
