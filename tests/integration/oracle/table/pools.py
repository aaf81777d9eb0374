"""Generations, completeness, order and faults of pools."""

from __future__ import annotations

from collections.abc import Mapping

from tests.integration.oracle.questions import OTHER_DRIVER, OTHER_NODE, JsonDict
from tests.integration.oracle.table.building import claim, device, every, held, part, question, some, want

CASES: Mapping[str, JsonDict] = {
    "pools/newer-generation": question(
        [part(some(1), name="a"), part([device("n0")], name="b", generation=2)], claim(want())
    ),
    "pools/newer-generation-first": question(
        [part([device("n0")], name="b", generation=2), part(some(1), name="a")], claim(want())
    ),
    "pools/newer-generation-is-incomplete": question(
        [part(some(1), name="a"), part([device("n0")], name="b", generation=2, count=2)], claim(want())
    ),
    "pools/newer-generation-elsewhere": question(
        [part(some(1), name="a"), part([device("n0")], name="b", generation=2, nodeName=OTHER_NODE)], claim(want())
    ),
    "pools/newer-generation-elsewhere-of-an-incomplete-pool": question(
        [part(some(1), name="a", count=2), part([device("n0")], name="b", generation=2, nodeName=OTHER_NODE)],
        claim(want()),
    ),
    "pools/count-too-small": question(
        [part(some(1), name="a", count=1), part([device("n0")], name="b", count=1)], claim(want())
    ),
    "pools/counts-differ": question(
        [part(some(1), name="a", count=1), part([device("n0")], name="b", count=2)], claim(want(count=2))
    ),
    "pools/count-0": question([part(some(1), count=0)], claim(want())),
    "pools/count-0-or-incomplete-and-all": question([part(some(1), count=0)], claim(every())),
    "pools/half-on-another-node": question(
        [part(some(1), name="a", count=2), part([device("o0")], name="b", count=2, nodeName=OTHER_NODE)], claim(every())
    ),
    "pools/duplicate-device-over-slices": question(
        [part(some(1), name="a", count=2), part(some(1), name="b", count=2)], claim(want())
    ),
    "pools/duplicate-device-on-another-node": question(
        [part(some(1), name="a", count=2), part(some(1), name="b", count=2, nodeName=OTHER_NODE)], claim(want())
    ),
    "pools/duplicate-device-without-name": question([part([device(""), device("")])], claim(want())),
    "pools/same-device-in-two-pools": question(
        [part(some(1), name="a", pool="a"), part(some(1), name="b", pool="b")], claim(want(count=2))
    ),
    "pools/same-pool-of-two-drivers": question(
        [part(some(1), name="a"), part(some(1), name="b", driver=OTHER_DRIVER)],
        claim(want(count=2)),
        allocated={"devices": held("d0")},
    ),
    "pools/invalid-beside-good": question(
        [part([device("d0"), device("d0")], pool="a", name="a"), part(some(1), pool="b", name="b")], claim(want())
    ),
    "pools/invalid-beside-too-small": question(
        [part([device("d0"), device("d0")], pool="a", name="a"), part(some(1), pool="b", name="b")],
        claim(want(count=2)),
    ),
    "pools/incomplete-beside-too-small": question(
        [part(some(1), pool="a", name="a", count=3), part(some(1), pool="b", name="b")], claim(want(count=2))
    ),
    "pools/order-of-names": question(
        [part([device("z")], name="z", pool="b"), part([device("y")], name="y", pool="a")], claim(want())
    ),
    "pools/order-of-drivers": question(
        [part([device("z")], name="z", driver=OTHER_DRIVER, pool="a"), part([device("y")], name="y", pool="b")],
        claim(want()),
    ),
    "pools/order-of-slices": question(
        [part([device("z")], name="z", count=2), part([device("y")], name="y", count=2)], claim(want())
    ),
    "pools/order-in-a-slice": question([part([device("z"), device("a"), device("m")])], claim(want(count=2))),
    "pools/no-slices": question([], claim(want())),
    "pools/slice-without-devices": question([part()], claim(want())),
    "pools/empty-names": question([part(some(1), driver="", pool="", name="")], claim(want())),
}
