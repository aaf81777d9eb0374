"""Where devices can be used, and what of that the result says."""

from __future__ import annotations

from collections.abc import Mapping

from tests.integration.oracle.questions import NODE, OTHER_NODE, JsonDict
from tests.integration.oracle.table.building import (
    ON_EAST,
    ON_WEST,
    claim,
    device,
    every,
    expressions,
    fields,
    part,
    question,
    selector,
    some,
    want,
)

CASES: Mapping[str, JsonDict] = {
    "nodes/another-node": question([part(some(1), nodeName=OTHER_NODE)], claim(want())),
    "nodes/all-nodes": question([part(some(1), allNodes=True)], claim(want()), labels={"zone": "east"}),
    "nodes/nowhere": question([part(some(1), perDeviceNodeSelection=False)], claim(want())),
    "nodes/all-nodes-false": question([part(some(1), allNodes=False)], claim(want())),
    "nodes/selected": question([part(some(1), nodeSelector=ON_EAST)], claim(want()), labels={"zone": "east"}),
    "nodes/not-selected": question([part(some(1), nodeSelector=ON_WEST)], claim(want()), labels={"zone": "east"}),
    "nodes/selected-without-labels": question([part(some(1), nodeSelector=ON_EAST)], claim(want())),
    "nodes/not-in-without-labels": question(
        [part(some(1), nodeSelector=selector(expressions(("zone", "NotIn", ["east"]))))], claim(want())
    ),
    "nodes/absent-without-labels": question(
        [part(some(1), nodeSelector=selector({"matchExpressions": [{"key": "zone", "operator": "DoesNotExist"}]}))],
        claim(want()),
    ),
    "nodes/two-terms": question(
        [
            part(
                some(1),
                nodeSelector=selector(expressions(("zone", "In", ["west"])), expressions(("zone", "In", ["east"]))),
            )
        ],
        claim(want()),
        labels={"zone": "east"},
    ),
    "nodes/no-terms": question([part(some(1), nodeSelector=selector())], claim(want())),
    "nodes/by-field": question(
        [part(some(1), nodeSelector=selector(fields(("metadata.name", "In", [NODE]))))], claim(want())
    ),
    "nodes/by-field-without-a-name": {
        **question([part(some(1), nodeSelector=selector(fields(("metadata.name", "In", [NODE]))))], claim(want())),
        "node": {"metadata": {}},
    },
    "nodes/by-field-and-label": question(
        [
            part(
                some(1),
                nodeSelector=selector(
                    {**fields(("metadata.name", "In", [NODE])), **expressions(("zone", "In", ["east"]))}
                ),
            )
        ],
        claim(want()),
        labels={"zone": "east"},
    ),
    "nodes/selectors-of-two-slices-are-merged": question(
        [
            part(some(1), name="a", pool="a", nodeSelector=ON_EAST),
            part(
                some(1),
                name="b",
                pool="b",
                nodeSelector=selector(expressions(("zone", "In", ["east"]), ("size", "Exists", []))),
            ),
        ],
        claim(want(count=2)),
        labels={"zone": "east", "size": "1"},
    ),
    "nodes/selectors-that-differ-in-operator": question(
        [
            part(some(1), name="a", pool="a", nodeSelector=ON_EAST),
            part(some(1), name="b", pool="b", nodeSelector=selector(expressions(("zone", "NotIn", ["west"])))),
            part(some(1), name="c", pool="c", nodeSelector=selector(expressions(("zone", "In", ["west", "east"])))),
            part(some(1), name="d", pool="d", nodeSelector=selector(expressions(("zone", "In", ["east", "west"])))),
        ],
        claim(want(count=4)),
        labels={"zone": "east"},
    ),
    "nodes/selector-and-local": question(
        [part(some(1), name="a", pool="a", nodeSelector=ON_EAST), part(some(1), name="b", pool="b")],
        claim(want(count=2)),
        labels={"zone": "east"},
    ),
    "nodes/selector-and-everywhere": question(
        [part(some(1), name="a", pool="a", nodeSelector=ON_EAST), part(some(1), name="b", pool="b", allNodes=True)],
        claim(want(count=2)),
        labels={"zone": "east"},
    ),
    "nodes/fields-and-labels-merged": question(
        [
            part(some(1), name="a", pool="a", nodeSelector=selector(fields(("metadata.name", "In", [NODE])))),
            part(some(1), name="b", pool="b", nodeSelector=ON_EAST),
        ],
        claim(want(count=2)),
        labels={"zone": "east"},
    ),
    "nodes/per-device": question(
        [
            part(
                [
                    device("d0", nodeName=OTHER_NODE),
                    device("d1", nodeName=NODE),
                    device("d2", allNodes=True),
                    device("d3", nodeSelector=ON_EAST),
                    device("d4", nodeSelector=ON_WEST),
                    device("d5"),
                ],
                perDeviceNodeSelection=True,
            )
        ],
        claim(want(count=3)),
        labels={"zone": "east"},
    ),
    "nodes/per-device-all": question(
        [
            part(
                [device("d0", nodeName=OTHER_NODE), device("d1", allNodes=True), device("d2", nodeSelector=ON_EAST)],
                perDeviceNodeSelection=True,
            )
        ],
        claim(every()),
        labels={"zone": "east"},
    ),
    "nodes/per-device-only-elsewhere": question(
        [part([device("d0", nodeName=OTHER_NODE)], perDeviceNodeSelection=True)], claim(want())
    ),
    "nodes/per-device-by-field": question(
        [
            part(
                [
                    device("d0", nodeSelector=selector(fields(("metadata.name", "In", [NODE])))),
                    device("d1", nodeSelector=selector(fields(("metadata.name", "In", [OTHER_NODE])))),
                ],
                perDeviceNodeSelection=True,
            )
        ],
        claim(want()),
    ),
    "nodes/per-device-everywhere": question(
        [part([device("d0", allNodes=True)], perDeviceNodeSelection=True)], claim(want())
    ),
    "nodes/per-device-and-bound": question(
        [part([device("d0", allNodes=True, bindsToNode=True)], perDeviceNodeSelection=True)], claim(want())
    ),
    "nodes/device-fields-without-per-device": question(
        [part([device("d0", nodeName=OTHER_NODE), device("d1")])], claim(want())
    ),
    "nodes/binds": question([part(some(1, bindsToNode=True), allNodes=True)], claim(want())),
    "nodes/binds-and-selected": question(
        [part(some(1, bindsToNode=True), nodeSelector=ON_EAST)], claim(want()), labels={"zone": "east"}
    ),
    "nodes/one-of-two-binds": question(
        [part([device("d0"), device("d1", bindsToNode=True)], allNodes=True)], claim(want(count=2))
    ),
    "nodes/conditions-on-the-network": question(
        [
            part(
                some(1, bindsToNode=True, bindingConditions=["ready", "up"], bindingFailureConditions=["failed"]),
                allNodes=True,
            )
        ],
        claim(want()),
    ),
    "nodes/conditions-come-last": question(
        [
            part(some(1, bindingConditions=["ready"], bindingFailureConditions=["failed"]), pool="a", name="a"),
            part(some(1), pool="b", name="b"),
        ],
        claim(want(count=2)),
    ),
    "nodes/conditions-only": question(
        [part(some(1, bindingConditions=["ready"], bindingFailureConditions=["failed"]))], claim(want())
    ),
    "nodes/failure-conditions-only": question([part(some(1, bindingFailureConditions=["failed"]))], claim(want())),
    "nodes/operations-not-declared": question([part(some(1), skipNodeOperations=["*"])], claim(want())),
    "nodes/operations-declared": question(
        [part(some(1), skipNodeOperations=["NodePrepareResources", "NodeUnprepareResources"])],
        claim(want()),
        declared=["DRAOptionalNodeOperations", "Other"],
    ),
    "nodes/operations-elsewhere-instead": question(
        [part(some(1), pool="a", name="a", skipNodeOperations=["*"]), part(some(1), pool="b", name="b")], claim(want())
    ),
    "nodes/operations-and-all": question(
        [part(some(1), pool="a", name="a", skipNodeOperations=["*"]), part(some(1), pool="b", name="b")], claim(every())
    ),
    "nodes/operations-for-admin": question([part(some(1), skipNodeOperations=["*"])], claim(want(adminAccess=True))),
}
