"""Nodes with pools of their own that are alike, or nearly, are answered as if each had been asked alone."""

from __future__ import annotations

import msgspec
from dra_core.allocation.allocate import Allocation, Wrong, allocate
from dra_core.allocation.allocated import Allocated
from dra_core.allocation.inventory import Inventory
from dra_core.allocation.planner import Planner
from dra_core.allocation.search import Solution
from dra_core.snapshot.metadata import ObjectMeta
from dra_core.snapshot.node import Node
from dra_core.snapshot.resource_slice import ResourceSlice
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.oracle.questions import JsonDict, examples, questions
from tests.property.allocation.test_result_laws import QUESTIONS, read

NODES = 4


def on_node(part: ResourceSlice, node: Node, without: str) -> ResourceSlice:
    """The slice as one of the node's own, where no device has an attribute of that name."""
    name = node.metadata.name
    devices = tuple(
        msgspec.structs.replace(
            device,
            node_name=None,
            node_selector=None,
            all_nodes=None,
            attributes={key: value for key, value in device.attributes.items() if key != without},
        )
        for device in part.spec.devices
    )
    spec = msgspec.structs.replace(
        part.spec,
        node_name=name,
        node_selector=None,
        all_nodes=None,
        per_device_node_selection=None,
        pool=msgspec.structs.replace(part.spec.pool, name=f"{part.spec.pool.name}-{name}"),
        devices=devices,
    )
    metadata = msgspec.structs.replace(part.metadata, name=f"{part.metadata.name}-{name}")
    return msgspec.structs.replace(part, metadata=metadata, spec=spec)


def on_nodes(held: Allocated, names: list[str]) -> Allocated:
    """What is in use, on each of these nodes."""
    return Allocated(
        devices={(driver, f"{pool}-{node}"): found for (driver, pool), found in held.devices.items() for node in names},
        shared={(driver, f"{pool}-{node}"): found for (driver, pool), found in held.shared.items() for node in names},
        consumed={
            (driver, f"{pool}-{node}", device): amounts
            for (driver, pool, device), amounts in held.consumed.items()
            for node in names
        },
    )


@settings(max_examples=examples(30), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    questions(),
    st.lists(st.sampled_from(["", "", "model", "index"]), min_size=NODES, max_size=NODES),
    st.lists(st.booleans(), min_size=NODES, max_size=NODES),
)
def test_a_node_like_others_answers_for_itself(generated: JsonDict, without: list[str], in_use: list[bool]) -> None:
    question = read(generated)
    nodes = [
        msgspec.structs.replace(question.node, metadata=ObjectMeta(name=f"node-{number}")) for number in range(NODES)
    ]
    slices = [
        on_node(part, node, missing) for node, missing in zip(nodes, without, strict=True) for part in question.slices
    ]
    inventory = Inventory(slices, question.features)
    allocated = on_nodes(
        question.allocated, [node.metadata.name for node, used in zip(nodes, in_use, strict=True) if used]
    )
    planner = Planner(inventory, nodes, question.classes, QUESTIONS, allocated, budget=5_000)
    for _ in range(2):
        for number, said in enumerate(planner.everywhere(question.claims)):
            alone = allocate(
                inventory, allocated, nodes[number], question.claims, question.classes, QUESTIONS,
                share_ids=lambda: "share", budget=5_000,
            )  # fmt: skip
            if isinstance(said, Solution):
                results = planner.results(planner.placement(number, said), question.claims, lambda: "share")
                assert results == (alone.results if isinstance(alone, Allocation) else getattr(alone, "text", None))
            else:
                assert not isinstance(alone, Allocation)
                assert isinstance(said, Wrong) == isinstance(alone, Wrong)
                assert not isinstance(said, Wrong) or said == alone
        first = planner.first_fit(question.claims)
        if first is None or isinstance(first, Wrong):
            return
        found = planner.results(first, question.claims, lambda: "share")
        if isinstance(found, str):
            return
        planner.take(first)
        allocated = allocated.with_claims(
            msgspec.structs.replace(claim, status=msgspec.structs.replace(claim.status, allocation=result))
            for claim, result in zip(question.claims, found, strict=True)
        )
