"""A pod's life: whatever happens to containers, drivers and the kubelet, the order of things is kept and it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from dra_core.snapshot.json_value import Json, JsonObject, object_at
from dra_sandbox.kubelet.pod_life import (
    Claims,
    Forget,
    Observed,
    Prepare,
    Run,
    Start,
    Steps,
    Stop,
    Unprepare,
    next_steps,
    phase,
)
from dra_sandbox.kubelet.pod_status import Where, pod_status
from dra_sandbox.world.objects import objects_at
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

START = datetime(2026, 1, 1, tzinfo=UTC)
BACKOFF = timedelta(seconds=10)
WHERE = Where(host_ip="127.0.0.1", pod_ip="127.0.0.1")


class PodLife(RuleBasedStateMachine):
    """The pod, the node and a clock that moves only when nothing else is to be done."""

    @initialize(
        init=st.integers(0, 2),
        count=st.integers(1, 2),
        policy=st.sampled_from(["Always", "OnFailure", "Never"]),
        claims=st.booleans(),
    )
    def make(self, init: int, count: int, policy: str, claims: bool) -> None:
        spec: dict[str, Json] = {
            "restartPolicy": policy,
            "initContainers": [{"name": f"init{number}", "image": "busybox"} for number in range(init)],
            "containers": [{"name": f"c{number}", "image": "busybox"} for number in range(count)],
        }
        if claims:
            spec["resourceClaims"] = [{"name": "gpu", "resourceClaimName": "claim"}]
        metadata: JsonObject = {"name": "pod", "namespace": "ns", "uid": "pod"}
        self.pod: JsonObject = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        self.seen = Observed()
        self.now = START
        self.forgotten = False

    def change(self, **fields: object) -> None:
        self.seen = msgspec.structs.replace(self.seen, **fields)

    def decide(self) -> Steps:
        return next_steps(self.pod, self.seen, self.now, BACKOFF)

    @precondition(lambda self: not self.forgotten)
    @rule(prepare_works=st.booleans(), unprepare_works=st.booleans())
    def carry_out(self, prepare_works: bool, unprepare_works: bool) -> None:
        steps = self.decide()
        if not steps.actions and steps.again_at is not None:
            assert steps.again_at > self.now
            self.now = steps.again_at
        for action in steps.actions:
            self.check(action)
            retry = self.now + timedelta(seconds=1)
            match action:
                case Prepare():
                    failure = "" if prepare_works else "broken"
                    self.change(
                        claims=Claims(
                            prepared=prepare_works,
                            held=True,
                            failure=failure,
                            again_at=None if prepare_works else retry,
                        )
                    )
                case Unprepare():
                    self.change(
                        claims=Claims() if unprepare_works else Claims(held=True, failure="broken", again_at=retry)
                    )
                case Start(container, attempt):
                    run = Run(container=container, attempt=attempt, id=f"{container}-{attempt}", started_at=self.now)
                    self.change(runs=(*self.seen.runs, run), started=self.seen.started | {container})
                case Stop(run):
                    self.change(stopping=self.seen.stopping | {run.id})
                case Forget():
                    self.forgotten = True

    def check(self, action: object) -> None:
        """What must hold at the moment of each action."""
        running = [run for run in self.seen.runs if run.running]
        match action:
            case Start(container, attempt):
                assert "deletionTimestamp" not in object_at(self.pod, "metadata")
                assert self.seen.in_api
                assert self.seen.claims.prepared or "resourceClaims" not in object_at(self.pod, "spec")
                assert container not in {run.container for run in running}
                assert attempt == len([run for run in self.seen.runs if run.container == container])
                names = [str(item["name"]) for item in objects_at(self.pod, "spec", "initContainers")]
                before = names[: names.index(container)] if container in names else names
                for name in before:
                    last = self.seen.last(name)
                    assert last is not None
                    assert last.finished_at is not None
                    assert last.exit_code == 0
            case Unprepare() | Forget():
                assert not running
            case Stop(run):
                assert run.running
            case _:
                assert isinstance(action, Prepare)
        if isinstance(action, Forget):
            assert not self.seen.claims.held

    @precondition(lambda self: any(run.running for run in self.seen.runs))
    @rule(exit_code=st.integers(0, 1), which=st.integers(0, 3))
    def container_ends(self, exit_code: int, which: int) -> None:
        running = [run for run in self.seen.runs if run.running]
        chosen = running[which % len(running)]
        ended = msgspec.structs.replace(chosen, finished_at=self.now, exit_code=exit_code)
        self.change(runs=tuple(ended if run is chosen else run for run in self.seen.runs))

    @rule(gone=st.booleans())
    def delete(self, gone: bool) -> None:
        metadata: JsonObject = {**object_at(self.pod, "metadata"), "deletionTimestamp": "2026-01-01T00:00:00Z"}
        self.pod = {**self.pod, "metadata": metadata}
        if gone:
            self.change(in_api=False)

    @rule()
    def kubelet_restarts(self) -> None:
        """What was prepared has to be asked for again; what was held is still known from the checkpoint."""
        claims = self.seen.claims
        self.change(claims=Claims(held=claims.held), stopping=frozenset())

    @rule()
    def status_is_written(self) -> None:
        if self.seen.in_api:
            self.pod = {**self.pod, "status": pod_status(self.pod, self.seen, WHERE, self.now, BACKOFF)}

    @invariant()
    def a_phase_that_is_final_stays(self) -> None:
        status = self.pod.get("status")
        if isinstance(status, dict) and status["phase"] in ("Succeeded", "Failed"):
            assert phase(self.pod, self.seen) == status["phase"]
            assert not any(run.running for run in self.seen.runs)

    def teardown(self) -> None:
        """From here on containers obey and drivers answer: a deleted pod is forgotten after finitely many steps."""
        if not hasattr(self, "pod"):
            return
        self.delete(False)
        for _ in range(40):
            if self.forgotten:
                return
            self.carry_out(True, True)
            for run in [run for run in self.seen.runs if run.running and run.id in self.seen.stopping]:
                ended = msgspec.structs.replace(run, finished_at=self.now)
                self.change(runs=tuple(ended if item is run else item for item in self.seen.runs))
        raise AssertionError("a deleted pod does not end")


PodLife.TestCase.settings = settings(stateful_step_count=30)
TestPodLife = PodLife.TestCase
