"""The mirror of a modern cluster under any interleaving: two controllers that know old things, people who edit.

At every moment what the plugin has written stands; left in peace, each node's state says what slices and claims say,
and a second look writes nothing.
"""

from __future__ import annotations

from dra_core.nodestate import (
    MirrorKind,
    ModernCluster,
    all_nodes,
    concerned_nodes,
    key_of,
    mirror,
    missing,
    seeing,
)
from dra_core.nodestate.publishing import NodeStateEffect
from dra_core.snapshot.json_value import JsonObject, at, list_at, object_at, text_at
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.property.nodestate.modern_world import DRIVER, KINDS, ModernWorld

NODES, DEVICES, CLAIMS = ("node-1", "node-2"), ("gpu-0", "gpu-1", "gpu-2", "gpu-10"), ("a", "b", "c")
nodes, claim_names, controllers = st.sampled_from(NODES), st.sampled_from(CLAIMS), st.integers(0, 1)
some_devices = st.lists(st.sampled_from(DEVICES), unique=True)
results = st.lists(st.tuples(st.sampled_from([DRIVER, "other.example.com"]), st.sampled_from(DEVICES)), max_size=3)
NONSENSE: tuple[JsonObject, ...] = (
    {"spec": {"allocatableDevices": None}},
    {"spec": {"allocatedClaims": {"stranger": {"claim": {"namespace": "x", "name": "y"}, "devices": []}}}},
    {"spec": {"allocatedClaims": None, "counts": {"devices": 99}}},
    {"status": "Ready"},
    {"status": "NotReady", "metadata": {"ownerReferences": None}},
)


class Mirroring(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = ModernWorld()
        self.known: list[ModernCluster] = []
        self.to_do: list[tuple[str, NodeStateEffect] | None] = [None, None]
        self.prepared: dict[str, JsonObject] = {}

    @initialize()
    def begin(self) -> None:
        for node in NODES:
            self.world.node_comes(node)
            self.world.publish(node, DEVICES)
        self.known = [self.world.seen(), self.world.seen()]

    # What others do.

    @rule(
        node=nodes, there=st.lists(st.sampled_from(DEVICES), unique=True), parts=st.integers(1, 2), more=st.booleans()
    )
    def devices_are_published(self, node: str, there: list[str], parts: int, more: bool) -> None:
        if node in self.world.objects["Node"]:
            self.world.publish(node, there, generation=2, parts=parts, of=parts + more)

    @rule(node=nodes)
    def slices_vanish(self, node: str) -> None:
        slices = self.world.objects["ResourceSlice"]
        for name in [name for name in slices if name.startswith(node)]:
            del slices[name]

    @rule(claim=claim_names, node=nodes, given=results, pods=st.lists(st.sampled_from(["p", "q"]), unique=True))
    def a_claim_is_allocated(self, claim: str, node: str, given: list[tuple[str, str]], pods: list[str]) -> None:
        self.world.allocate(claim, node, given, pods)

    @rule(claim=claim_names)
    def a_claim_ends(self, claim: str) -> None:
        self.world.objects["ResourceClaim"].pop(claim, None)

    @rule(node=nodes, uid=claim_names, there=st.booleans())
    def a_plugin_prepares(self, node: str, uid: str, there: bool) -> None:
        entry: JsonObject = {"devices": [{"pool": node, "device": "gpu-0"}]}
        if self.world.patch_state(node, {"spec": {"preparedClaims": {uid: entry if there else None}}}):
            self.prepared[node] = object_at(self.world.state(node), "spec", "preparedClaims")

    @rule(node=nodes)
    def a_node_goes(self, node: str) -> None:
        self.world.node_goes(node)
        self.prepared.pop(node, None)

    @rule(node=nodes)
    def a_node_comes(self, node: str) -> None:
        if node not in self.world.objects["Node"]:
            self.world.node_comes(node)

    @rule(node=nodes, nonsense=st.sampled_from(NONSENSE))
    def somebody_edits(self, node: str, nonsense: JsonObject) -> None:
        self.world.patch_state(node, nonsense)

    @rule(node=nodes)
    def somebody_deletes(self, node: str) -> None:
        self.world.objects["NodeAllocationState"].pop(node, None)
        self.prepared.pop(node, None)

    # Controllers.

    @rule(who=controllers, kind=st.sampled_from(KINDS))
    def a_watch_catches_up(self, who: int, kind: MirrorKind) -> None:
        self.known[who] = self.world.seen(self.known[who], kind)

    @rule(who=controllers, node=nodes)
    def a_controller_decides(self, who: int, node: str) -> None:
        effect = mirror(self.known[who], node)
        self.to_do[who] = None if effect is None else (node, effect)

    @rule(who=controllers)
    def a_controller_writes(self, who: int) -> None:
        due, self.to_do[who] = self.to_do[who], None
        if due is not None:
            self.world.carry_out(*due)
            for node in NODES:
                if self.world.state(node) is None:
                    self.prepared.pop(node, None)

    @rule(who=controllers)
    def a_controller_crashes(self, who: int) -> None:
        self.known[who], self.to_do[who] = self.world.seen(), None

    # Laws.

    @invariant()
    def what_the_plugin_has_written_stands(self) -> None:
        for node, prepared in self.prepared.items():
            assert object_at(self.world.state(node), "spec", "preparedClaims") == prepared

    def teardown(self) -> None:
        self.world.settle(NODES)
        for node in NODES:
            says_what_is_so(self.world, node)
        for who in range(2):
            known = self.world.seen(self.known[who]) if self.known else self.world.seen()
            assert all(mirror(known, node) is None for node in NODES), "a controller of long standing agrees"


def says_what_is_so(world: ModernWorld, node: str) -> None:
    """Told from the objects themselves, in other words than the core's."""
    state = world.state(node)
    slices = [each for each in world.objects["ResourceSlice"].values() if text_at(each, "spec", "nodeName") == node]
    newest = max((int(str(at(each, "spec", "pool", "generation"))) for each in slices), default=0)
    slices = [each for each in slices if at(each, "spec", "pool", "generation") == newest]
    on_node = [
        each for each in world.objects["ResourceClaim"].values() if node in str(at(each, "status", "allocation"))
    ]
    ours = {
        text_at(claim, "metadata", "uid"): [
            text_at(result, "device")
            for result in list_at(claim, "status", "allocation", "devices", "results")
            if text_at(result, "driver") == DRIVER
        ]
        for claim in on_node
    }
    wanted = {uid: devices for uid, devices in ours.items() if devices}
    if node not in world.objects["Node"]:
        return
    if state is None:
        assert not slices
        assert not wanted
        return
    entries = object_at(state, "spec", "allocatedClaims")
    told = {uid: [text_at(each, "device") for each in list_at(entry, "devices")] for uid, entry in entries.items()}
    assert told == wanted
    published = {text_at(each, "name") for part in slices for each in list_at(part, "spec", "devices")}
    listed = [text_at(each, "device", "name") for each in list_at(state, "spec", "allocatableDevices")]
    assert listed == [name for name in DEVICES if name in published]
    whole = all(at(each, "spec", "pool", "resourceSliceCount") == len(slices) for each in slices)
    complete = (
        bool(slices) and whole and sum(len(list_at(each, "spec", "devices")) for each in slices) == len(published)
    )
    assert state["status"] == ("Ready" if complete else "NotReady")
    prepared = object_at(state, "spec", "preparedClaims")
    assert at(state, "spec", "counts") == {
        "devices": len(listed),
        "allocated": len({device for devices in wanted.values() for device in devices}),
        "prepared": 1 if prepared else 0,
        "unhealthy": 0,
    }
    (owner,) = list_at(state, "metadata", "ownerReferences")
    assert text_at(owner, "uid") == text_at(world.objects["Node"][node], "metadata", "uid")


TestMirroring = Mirroring.TestCase
TestMirroring.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)


class Noticing(Mirroring):
    """The same, and whoever looks, change by change, only at the nodes that it concerns misses nothing."""

    @initialize()
    def begin(self) -> None:
        super().begin()
        self.keys: list[dict[MirrorKind, set[tuple[str, str]]]] = [{}, {}]
        for who in range(2):
            self.a_controller_crashes(who)

    @rule(who=controllers, kind=st.sampled_from(KINDS))
    def a_watch_catches_up(self, who: int, kind: MirrorKind) -> None:
        values = {key_of(kind, value): value for value in self.world.objects[kind].values()}
        listed = self.world.seen(self.known[who], kind)
        for key in sorted({*values, *self.keys[who].get(kind, ())}):
            before = self.known[who]
            after = seeing(before, kind, values[key]) if key in values else missing(before, kind, key)
            self.known[who] = after
            for node in NODES:
                if mirror(after, node) != mirror(before, node):
                    assert node in concerned_nodes(before, after, kind, key)
                    assert node in all_nodes(before) | all_nodes(after)
        self.keys[who][kind] = set(values)
        assert all(mirror(listed, node) == mirror(self.known[who], node) for node in NODES), "as if it had been listed"

    @rule(who=controllers)
    def a_controller_crashes(self, who: int) -> None:
        super().a_controller_crashes(who)
        self.keys[who] = {kind: {key_of(kind, each) for each in self.world.objects[kind].values()} for kind in KINDS}


TestNoticing = Noticing.TestCase
TestNoticing.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
