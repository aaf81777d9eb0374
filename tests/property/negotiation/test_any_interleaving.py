"""Classic DRA under any interleaving: two controllers that know old things, conflicts, crashes between any two writes.

At every moment no GPU is in two claims; left in peace, every pod that fits is served; without pods nothing is left.
"""

from __future__ import annotations

from dra_core.negotiation import Kind, Name
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.property.negotiation import laws
from tests.property.negotiation.classic_api import ClassicApi
from tests.property.negotiation.cluster_side import NAMESPACE, ClusterSide
from tests.property.negotiation.controller_side import WATCHED, Controller

NODES = ("node-a", "node-b")
controllers = st.integers(0, 1)
numbers = st.integers(0, 11)
parameters = st.sampled_from(["", "one", "two", "three"])
_SUBJECTS: tuple[Kind, ...] = ("ResourceClaim", "PodSchedulingContext")


class Interleaving(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.api = ClassicApi()
        self.side = ClusterSide(self.api, gpus=3)
        self.controllers = [Controller(self.api), Controller(self.api)]
        self.made = 0

    @initialize()
    def nodes_come(self) -> None:
        for name, count in laws.COUNTS.items():
            if name:
                self.side.create_parameters(name, {"count": count})
        for node_name in NODES:
            self.side.node_comes(node_name)
        for mode in ("Immediate", "Immediate", "WaitForFirstConsumer"):
            self.a_claim_is_created(mode, "two")
        self.a_pod_is_created(["two"], [2])
        self.a_pod_is_created(["one", "one"], [])
        for controller in self.controllers:
            controller.catch_up()

    # Users, and what Kubernetes does.

    @rule(mode=st.sampled_from(["Immediate", "WaitForFirstConsumer"]), wants=parameters)
    def a_claim_is_created(self, mode: str, wants: str) -> None:
        self.made += 1
        self.side.create_claim(f"claim-{self.made}", wants, mode)

    @rule(own=st.lists(parameters, max_size=2), shared=st.lists(numbers, max_size=2))
    def a_pod_is_created(self, own: list[str], shared: list[int]) -> None:
        self.made += 1
        known = [name for _, name in self.api.names("ResourceClaim") if name.startswith("claim-")]
        names = sorted({known[pick % len(known)] for pick in shared}) if known else []
        self.side.create_pod(f"pod-{self.made}", own, names)

    @rule(pick=numbers)
    def a_pod_is_deleted(self, pick: int) -> None:
        names = self.api.names("Pod")
        if names:
            self.side.delete_pod(names[pick % len(names)][1])

    @rule(pick=numbers)
    def a_claim_is_deleted(self, pick: int) -> None:
        names = self.api.names("ResourceClaim")
        if names:
            self.api.delete("ResourceClaim", names[pick % len(names)])

    @rule(pick=numbers, node=numbers)
    def a_pod_is_scheduled(self, pick: int, node: int) -> None:
        names = self.api.names("Pod")
        if names:
            self.side.schedule(names[pick % len(names)][1], node)

    @rule()
    def reservations_are_released(self) -> None:
        self.side.release()

    @rule(pick=numbers)
    def a_claim_changes_otherwise(self, pick: int) -> None:
        names = self.api.names("ResourceClaim")
        if names:
            patch = {"metadata": {"labels": {"version": str(self.api.version)}}}
            self.api.patch("ResourceClaim", names[pick % len(names)], patch)

    @rule(node=st.sampled_from(NODES), status=st.sampled_from(["Ready", "NotReady"]))
    def a_plugin_says(self, node: str, status: str) -> None:
        self.side.plugin(node, status)

    @rule(node=st.sampled_from(NODES))
    def a_node_goes(self, node: str) -> None:
        self.side.node_goes(node)

    @rule(node=st.sampled_from(NODES))
    def a_node_comes(self, node: str) -> None:
        if ("", node) not in self.api.names("Node"):
            self.side.node_comes(node)

    # Controllers.

    @rule(who=controllers, kind=st.sampled_from(WATCHED))
    def a_watch_catches_up(self, who: int, kind: Kind) -> None:
        self.controllers[who].catch_up(kind)

    @rule(who=controllers)
    def all_watches_catch_up(self, who: int) -> None:
        self.controllers[who].catch_up()

    @rule(who=controllers, pick=numbers, kind=st.sampled_from(["ResourceClaim", "PodSchedulingContext"]))
    def a_controller_decides(self, who: int, pick: int, kind: Kind) -> None:
        names = self.api.names(kind)
        if names:
            self.controllers[who].decide(kind, names[pick % len(names)])

    @precondition(lambda self: self.controllers[0].to_do or self.controllers[1].to_do)
    @rule(who=controllers)
    def a_controller_writes(self, who: int) -> None:
        self.controllers[who].write_one()

    @rule(who=controllers, pick=numbers, kind=st.sampled_from(["ResourceClaim", "PodSchedulingContext"]))
    def a_controller_works_through(self, who: int, pick: int, kind: Kind) -> None:
        names = self.api.names(kind)
        if names:
            self.controllers[who].catch_up()
            self.controllers[who].sync(kind, names[pick % len(names)])

    @rule(
        picks=st.tuples(numbers, numbers),
        aware=st.tuples(st.booleans(), st.booleans()),
        turns=st.lists(st.tuples(controllers, st.booleans()), min_size=2, max_size=10),
        node=numbers,
    )
    def two_controllers_race(
        self, picks: tuple[int, int], aware: tuple[bool, bool], turns: list[tuple[int, bool]], node: int
    ) -> None:
        """Each is at some claim or pod, perhaps the same; they write in any order, and one of them may be disturbed."""
        for _, pod_name in self.api.names("Pod"):
            self.side.schedule(pod_name, node)
        subjects: list[tuple[Kind, Name]] = [(kind, name) for kind in _SUBJECTS for name in self.api.names(kind)]
        if not subjects:
            return
        for who, controller in enumerate(self.controllers):
            if aware[who]:
                controller.catch_up()
        for who, disturbed in turns:
            controller, (kind, name) = self.controllers[who], subjects[picks[who] % len(subjects)]
            if not controller.to_do:
                controller.decide(kind, name)
            if disturbed and kind == "ResourceClaim" and self.api.get(kind, name) is not None:
                self.api.patch(kind, name, {"metadata": {"labels": {"version": str(self.api.version)}}})
            controller.write_one()
            self.no_gpu_is_in_two_claims()

    @rule(who=controllers)
    def a_controller_crashes(self, who: int) -> None:
        self.controllers[who].crash()

    @rule(who=controllers)
    def a_clean_up_begins(self, who: int) -> None:
        self.controllers[who].begin_clean_up()

    @rule(who=controllers)
    def a_clean_up_goes_on(self, who: int) -> None:
        self.controllers[who].finish_clean_up()

    # Laws.

    @invariant()
    def no_gpu_is_in_two_claims(self) -> None:
        laws.no_gpu_is_in_two_claims(self.api)
        laws.every_live_claim_has_its_entry(self.api)

    def teardown(self) -> None:
        for node_name in NODES:
            if ("", node_name) not in self.api.names("Node"):
                self.side.node_comes(node_name)
            self.side.plugin(node_name, "Ready")
        laws.settle(self.side, self.controllers)
        laws.every_pod_that_fits_is_allocated(self.api)
        for _, name in self.api.names("Pod"):
            self.side.delete_pod(name)
        for claim in self.api.all_of("ResourceClaim"):
            if laws.is_immediate(claim):
                self.api.delete("ResourceClaim", (NAMESPACE, laws.name_of(claim)))
        laws.settle(self.side, self.controllers)
        laws.nothing_is_left_behind(self.api)


TestAnyInterleaving = Interleaving.TestCase
TestAnyInterleaving.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
