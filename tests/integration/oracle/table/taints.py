"""Taints and tolerations, and administrators."""

from __future__ import annotations

from collections.abc import Mapping

from tests.integration.oracle.questions import JsonDict
from tests.integration.oracle.table.building import (
    TWO,
    claim,
    device,
    every,
    first,
    held,
    part,
    question,
    some,
    taint,
    want,
)

CASES: Mapping[str, JsonDict] = {
    **{
        f"taints/{effect}": question([part([device("d0", taints=[taint(effect)])])], claim(want()))
        for effect in ("NoSchedule", "NoExecute", "None", "Unheard", "")
    },
    **{
        f"taints/tolerated-by-{name}": question(
            [part([device("d0", taints=[taint(value="v")])])], claim(want(tolerations=[toleration]))
        )
        for name, toleration in {
            "all": {"operator": "Exists"},
            "key": {"key": "k", "operator": "Exists"},
            "another-key": {"key": "l", "operator": "Exists"},
            "value": {"key": "k", "operator": "Equal", "value": "v"},
            "another-value": {"key": "k", "operator": "Equal", "value": "w"},
            "no-operator": {"key": "k", "value": "v"},
            "no-value": {"key": "k", "operator": "Equal"},
            "value-alone": {"operator": "Equal", "value": "v"},
            "effect": {"operator": "Exists", "effect": "NoSchedule"},
            "another-effect": {"operator": "Exists", "effect": "NoExecute"},
            "nothing": {},
            "unknown-operator": {"key": "k", "operator": "Like", "value": "v"},
            "exists-with-value": {"key": "k", "operator": "Exists", "value": "w"},
        }.items()
    },
    "taints/for-a-time": question(
        [part([device("d0", taints=[taint("NoExecute")])])],
        claim(want(tolerations=[{"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60}])),
    ),
    "taints/for-no-time": question(
        [part([device("d0", taints=[taint("NoExecute")])])],
        claim(want(tolerations=[{"operator": "Exists", "tolerationSeconds": 0}])),
    ),
    "taints/two-and-one-tolerated": question(
        [part([device("d0", taints=[taint(key="a"), taint(key="b")]), device("d1")])],
        claim(want(tolerations=[{"key": "a", "operator": "Exists"}])),
    ),
    "taints/two-and-both-tolerated": question(
        [part([device("d0", taints=[taint(key="a"), taint("NoExecute", key="b")])])],
        claim(
            want(
                tolerations=[
                    {"key": "a", "operator": "Exists"},
                    {"key": "b", "operator": "Exists", "effect": "NoExecute"},
                ]
            )
        ),
    ),
    "taints/not-for-admin": question([part(some(1, taints=[taint()]))], claim(want(adminAccess=True))),
    "taints/all-or-untainted": question(
        [part([device("d0", taints=[taint()]), device("d1")])], claim(first("r", every("a"), want("b")))
    ),
    "admin/all-in-use": question(TWO, claim(want(count=2, adminAccess=True)), allocated={"devices": held("d0", "d1")}),
    "admin/two-claims-one-device": question(
        [part(some(1))], claim(want(adminAccess=True)), claim(want(adminAccess=True), name="claim-1")
    ),
    "admin/then-a-user": question([part(some(1))], claim(want(adminAccess=True)), claim(want(), name="claim-1")),
    "admin/after-a-user": question([part(some(1))], claim(want()), claim(want(adminAccess=True), name="claim-1")),
    "admin/and-a-user-in-one-claim": question([part(some(1))], claim(want("a", adminAccess=True), want("b"))),
    "admin/false": question([part(some(1))], claim(want(adminAccess=False)), allocated={"devices": held("d0")}),
    "admin/user-then-admin-then-user": question(TWO, claim(want("a"), want("b", adminAccess=True), want("c"))),
    "admin/more-than-there-are": question(TWO, claim(want(count=3, adminAccess=True))),
    "admin/with-conditions": question(
        [part(some(1, bindingConditions=["ready"], bindingFailureConditions=["failed"]))], claim(want(adminAccess=True))
    ),
}
