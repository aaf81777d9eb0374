"""Classes, and expressions over devices."""

from __future__ import annotations

from collections.abc import Mapping

from tests.integration.oracle.questions import JsonDict
from tests.integration.oracle.table.building import (
    BROKEN,
    HAS_MODEL,
    TWO,
    X_ONLY,
    cel,
    claim,
    device,
    held,
    models,
    of_class,
    part,
    question,
    some,
    taint,
    valued,
    want,
)

TEN = list(range(1, 11))

CASES: Mapping[str, JsonDict] = {
    "classes/missing": question(TWO, claim(want(deviceClassName="none"))),
    "classes/missing-without-devices": question([], claim(want(deviceClassName="none"))),
    "classes/missing-in-the-second-claim": question(
        TWO, claim(want()), claim(want(deviceClassName="none"), name="claim-1")
    ),
    "classes/two-selectors": question(
        [part(models("x", "y"))], claim(want(deviceClassName="c")), classes=[of_class("c", HAS_MODEL, f"!({X_ONLY})")]
    ),
    "classes/class-before-request": question(
        [part(models("x"))],
        claim(want(deviceClassName="c", selectors=cel("device.attributes['a.example.com'].missing == 1"))),
        classes=[of_class("c", f"!({X_ONLY})")],
    ),
    "classes/class-fails-before-request": question(
        [part(models("x"))], claim(want(deviceClassName="broken", selectors=cel("false"))), classes=[BROKEN]
    ),
    "classes/of-one-name-twice": question(
        [part(models("x", "y"))],
        claim(want(deviceClassName="c")),
        classes=[of_class("c", f"!({X_ONLY})"), of_class("c")],
    ),
    "classes/selector-without-cel": question(TWO, claim(want(selectors=[{}]))),
    "classes/second-selector-without-cel": question(TWO, claim(want(selectors=[*cel("true"), {}]))),
    "classes/empty-expression": question(TWO, claim(want(selectors=cel("")))),
    "classes/broken-but-in-use": question(
        TWO, claim(want(deviceClassName="broken")), classes=[BROKEN], allocated={"devices": held("d0", "d1")}
    ),
    "classes/broken-but-count-0": question(TWO, claim(want(count=0, deviceClassName="broken")), classes=[BROKEN]),
    "classes/broken-but-tainted": question(
        [part(some(1, taints=[taint()]))], claim(want(deviceClassName="broken")), classes=[BROKEN]
    ),
    "classes/broken-for-admin-on-used": question(
        TWO,
        claim(want(deviceClassName="broken", adminAccess=True)),
        classes=[BROKEN],
        allocated={"devices": held("d0", "d1")},
    ),
    "classes/broken-after-a-solution": question(
        TWO, claim(want("a"), want("b", deviceClassName="broken")), classes=[BROKEN]
    ),
    "classes/broken-in-an-invalid-pool": question(
        [part([device("d0"), device("d0")])], claim(want(deviceClassName="broken")), classes=[BROKEN]
    ),
    "classes/other-domain-is-empty": question(
        TWO, claim(want(selectors=cel("device.attributes['z.example.com'].size() == 0")))
    ),
    "classes/bool-attribute": question(
        [part(valued("on", {"bool": False}, {"bool": True}))],
        claim(want(selectors=cel("device.attributes['a.example.com'].on"))),
    ),
    "classes/version-attribute": question(
        [part(valued("v", {"version": "1.2.0"}, {"version": "1.10.0"}))],
        claim(want(selectors=cel("device.attributes['a.example.com'].v.isGreaterThan(semver('1.9.0'))"))),
    ),
    "classes/version-as-text": question(
        [part(valued("v", {"version": "1.2.0"}))],
        claim(want(selectors=cel("device.attributes['a.example.com'].v == '1.2.0'"))),
    ),
    "classes/list-attribute": question(
        [part(valued("l", {"ints": [1, 2]}, {"ints": [3]}))],
        claim(want(selectors=cel("3 in device.attributes['a.example.com'].l"))),
    ),
    "classes/list-includes": question(
        [part(valued("l", {"strings": ["a", "b"]}, {"string": "c"}))],
        claim(want(selectors=cel("device.attributes['a.example.com'].l.includes('c')"))),
    ),
    "classes/list-of-versions": question(
        [part(valued("l", {"versions": ["1.0.0", "2.0.0"]}))],
        claim(want(selectors=cel("device.attributes['a.example.com'].l.exists(v, v.isGreaterThan(semver('1.5.0')))"))),
    ),
    "classes/capacity": question(
        [
            part(
                [
                    device("d0", capacity={"memory": {"value": "1Gi"}}),
                    device("d1", capacity={"memory": {"value": "4Gi"}}),
                ]
            )
        ],
        claim(want(selectors=cel("device.capacity['a.example.com'].memory.compareTo(quantity('2Gi')) > 0"))),
    ),
    "classes/may-be-shared": question(
        [
            part(
                [
                    device("d0"),
                    device("d1", allowMultipleAllocations=True),
                    device("d2", allowMultipleAllocations=False),
                ]
            )
        ],
        claim(want(selectors=cel("device.allowMultipleAllocations"))),
    ),
    "classes/cost-exceeded": question(
        [part(models("x" * 60))],
        claim(
            want(selectors=cel("".join(f"{TEN}.all({name}, " for name in "abcde") + "a + b + c + d + e > 0" + ")" * 5))
        ),
    ),
    "classes/constant-pattern-on-a-list": question(
        [part(valued("l", {"strings": ["a"]}))],
        claim(want(selectors=cel("device.attributes['a.example.com'].l.matches('a')"))),
    ),
    "classes/pattern-from-an-attribute-on-a-list": question(
        [part(valued("l", {"strings": ["a"]}))],
        claim(want(selectors=cel("device.attributes['a.example.com'].l.matches(device.driver)"))),
    ),
    "classes/number-as-condition": question(
        [part(valued("n", {"int": 1}))], claim(want(selectors=cel("device.attributes['a.example.com'].n")))
    ),
    "classes/attribute-without-value": question([part(valued("n", {}))], claim(want(selectors=cel("true")))),
    "classes/attribute-with-two-values": question(
        [part(valued("n", {"int": 1, "string": "x"}))],
        claim(want(selectors=cel("device.attributes['a.example.com'].n == 1"))),
    ),
    "classes/attribute-of-another-domain": question(
        [part([device("d0", attributes={"z.example.com/n": {"int": 1}})])],
        claim(
            want(
                selectors=cel(
                    "device.attributes['z.example.com'].n == 1 && !('n' in device.attributes['a.example.com'])"
                )
            )
        ),
    ),
}
