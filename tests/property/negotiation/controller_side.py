"""A controller of the driver: what it knows, and one write at a time, so that anything can happen between two."""

from __future__ import annotations

from collections.abc import Sequence

from dra_core.allocation.cel_language import CelLanguage
from dra_core.allocation.selectors import Questions
from dra_core.negotiation import (
    ClassicCluster,
    EmitEvent,
    Kind,
    Name,
    PatchClaim,
    PatchNodeState,
    Write,
    decide_claim,
    decide_scheduling,
    forgetting,
    is_made_anew,
    knowing,
    knowing_all,
)
from dra_core.negotiation.allocating import with_finalizers
from dra_core.nodestate import Unfinished, clean_up
from dra_core.snapshot.classic_claim import ClassicClaim
from dra_core.snapshot.codec import decode
from dra_core.snapshot.json_value import JsonObject

from tests.property.negotiation.classic_api import ClassicApi, ConflictError
from tests.property.negotiation.cluster_side import DRIVER, FINALIZER

WATCHED: tuple[Kind, ...] = (
    "ResourceClass",
    "GpuClaimParameters",
    "DeviceClassParameters",
    "ResourceClaim",
    "Node",
    "NodeAllocationState",
    "PodSchedulingContext",
)
QUESTIONS = Questions(CelLanguage())


class Controller:
    """A process that forgets everything in a crash."""

    def __init__(self, api: ClassicApi) -> None:
        self.api = api
        self.events: list[EmitEvent] = []
        self.crash()

    def crash(self) -> None:
        """All that it knew and was about to do is lost."""
        self.cluster = ClassicCluster(driver_name=DRIVER, questions=QUESTIONS)
        self.unfinished = Unfinished()
        self.to_do: list[Write] = []
        self.states_read: ClassicCluster | None = None
        self.caught_up_at = -1

    def catch_up(self, *kinds: Kind) -> None:
        """Its watches of these kinds (none named: all) have seen everything; the others are as old as they were."""
        for kind in kinds or WATCHED:
            values = self.api.all_of(kind)
            if kind == "NodeAllocationState" and self._meets_new_states(values):
                self.cluster = knowing_all(self.cluster, "ResourceClaim", self.api.all_of("ResourceClaim"))
            self.cluster = knowing_all(self.cluster, kind, values)

    def _meets_new_states(self, values: Sequence[JsonObject]) -> bool:
        """A state made anew has lost its entries; what it lost is told by the claims of now."""
        return any(is_made_anew(self.cluster, value) for value in values)

    def decide(self, kind: Kind, key: Name) -> bool:
        """Decide about a claim or a PodSchedulingContext; whether there is something to do."""
        if kind == "ResourceClaim":
            decision = decide_claim(self.cluster, key)
        else:
            pod = self.api.get("Pod", key)
            cluster = knowing(self.cluster, "Pod", pod) if pod else forgetting(self.cluster, "Pod", key)
            decision = decide_scheduling(cluster, key)
        self.events += [effect for effect in decision.effects if isinstance(effect, EmitEvent)]
        self.to_do = [effect for effect in decision.effects if not isinstance(effect, EmitEvent)]
        return bool(self.to_do)

    def write_one(self) -> bool:
        """Carry out the next write; whether it was written. After a conflict the rest is not done."""
        if not self.to_do:
            return False
        write, *self.to_do = self.to_do
        try:
            kind, value = self.api.carry_out(write)
        except ConflictError:
            self.to_do = []
            return False
        self.cluster = knowing(self.cluster, kind, value)
        return True

    def sync(self, kind: Kind, key: Name) -> None:
        """Decide and write until there is nothing more to write, or it fails."""
        for _ in range(20):
            if not self.decide(kind, key):
                return
            while self.to_do:
                if not self.write_one():
                    return
        raise AssertionError(f"{kind} {key}: it writes for ever: {self.to_do}")

    def begin_clean_up(self) -> None:
        """Read the states; the claims are read later."""
        empty = ClassicCluster(driver_name=DRIVER, questions=QUESTIONS)
        self.states_read = knowing_all(empty, "NodeAllocationState", self.api.all_of("NodeAllocationState"))

    def finish_clean_up(self) -> None:
        """Read the claims, and decide."""
        if self.states_read is None:
            return
        claims = [decode(ClassicClaim, value).unwrap() for value in self.api.all_of("ResourceClaim")]
        found = clean_up(FINALIZER, self.states_read.states(), claims, self.api.version, self.unfinished)
        self.states_read, self.unfinished = None, found.unfinished
        losing: list[PatchClaim] = [
            with_finalizers(claim, [name for name in claim.metadata.finalizers if name != FINALIZER])
            for claim in found.claims
        ]
        self.to_do = [*(PatchNodeState(name, patch) for name, patch in found.states.items()), *losing]

    def sync_all(self) -> None:
        """What a controller does that is left in peace for a while."""
        for kind in ("ResourceClaim", "PodSchedulingContext"):
            for key in self.api.names(kind):
                if self.caught_up_at != self.api.version:
                    self.catch_up()
                    self.caught_up_at = self.api.version
                self.sync(kind, key)

    def clean_up_all(self) -> None:
        """One whole clean-up."""
        self.begin_clean_up()
        self.finish_clean_up()
        while self.to_do:
            self.write_one()
