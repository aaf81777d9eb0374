"""Derived attributes."""

from __future__ import annotations

from collections.abc import Mapping

from tests.integration.oracle.questions import DRIVER, JsonDict
from tests.integration.oracle.table.building import (
    MODEL,
    TWO,
    claim,
    device,
    distinct,
    every,
    first,
    match,
    part,
    question,
    want,
)

_DERIVED_MODEL = [{"name": MODEL, "expression": "device.attributes['a.example.com'].index > 0 ? 'high' : 'low'"}]


CASES: Mapping[str, JsonDict] = {
    "derived/hides-the-published": question(
        [part([device(f"d{i}", attributes={"model": {"string": "x"}, "index": {"int": i}}) for i in range(3)])],
        claim(want(count=2, derivedAttributes=_DERIVED_MODEL), constraints=[match(MODEL)]),
    ),
    "derived/for-one-request-only": question(
        [part([device(f"d{i}", attributes={"model": {"string": "high"}, "index": {"int": i}}) for i in range(3)])],
        claim(want("a", derivedAttributes=_DERIVED_MODEL), want("b"), constraints=[match(MODEL)]),
    ),
    "derived/in-a-list": question(
        [part([device(f"d{i}", attributes={"index": {"int": i}}) for i in range(3)])],
        claim(
            first("r", want("a", 3, derivedAttributes=_DERIVED_MODEL), want("b", 2, derivedAttributes=_DERIVED_MODEL)),
            constraints=[match(MODEL)],
        ),
    ),
    "derived/not-used": question(TWO, claim(want(derivedAttributes=[{"name": f"{DRIVER}/z", "expression": "1"}]))),
    "derived/fails": question(TWO, claim(want(derivedAttributes=_DERIVED_MODEL), constraints=[match(MODEL)])),
    "derived/does-not-compile": question(
        TWO, claim(want(derivedAttributes=[{"name": MODEL, "expression": "nothing("}]), constraints=[match(MODEL)])
    ),
    "derived/list": question(
        [part([device(f"d{i}", attributes={"index": {"int": i}}) for i in range(3)])],
        claim(
            want(
                count=2,
                derivedAttributes=[{"name": MODEL, "expression": "[device.attributes['a.example.com'].index, 2]"}],
            ),
            constraints=[match(MODEL)],
        ),
    ),
    "derived/distinct": question(
        [part([device(f"d{i}", attributes={"index": {"int": i}}) for i in range(3)])],
        claim(
            want(
                count=2,
                derivedAttributes=[{"name": MODEL, "expression": "device.attributes['a.example.com'].index / 2"}],
            ),
            constraints=[distinct(MODEL)],
        ),
    ),
    "derived/all": question(
        [part([device(f"d{i}", attributes={"index": {"int": i}}) for i in range(2)])],
        claim(
            every(derivedAttributes=[{"name": MODEL, "expression": "device.attributes['a.example.com'].index"}]),
            constraints=[match(MODEL)],
        ),
    ),
    "derived/no-known-type": question(
        TWO, claim(want(derivedAttributes=[{"name": MODEL, "expression": "1.5"}]), constraints=[match(MODEL)])
    ),
}
