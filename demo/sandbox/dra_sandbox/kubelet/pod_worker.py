"""Sees one pod through its life on the node: observe, decide (``pod_life``), act, report (``pod_status``)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from dra_core.snapshot.json_value import JsonObject, object_at, text_at
from returns.result import Failure

from dra_sandbox.kubelet.container_start import Hindrance, launch_of
from dra_sandbox.kubelet.device_health import container_health, next_expiry
from dra_sandbox.kubelet.node_parts import NodeParts
from dra_sandbox.kubelet.node_status import ADDRESS
from dra_sandbox.kubelet.pod_life import (
    Claims,
    Forget,
    Observed,
    Prepare,
    Refused,
    Run,
    Start,
    Stop,
    Unprepare,
    next_steps,
)
from dra_sandbox.kubelet.pod_setup import PodSetup
from dra_sandbox.kubelet.pod_status import Where, pod_status
from dra_sandbox.kubelet.probing import Answers, Prober
from dra_sandbox.world.objects import POD, name_of, namespace_of, objects_at, uid_of, with_fields
from dra_sandbox.world.writes import Delete, patch

WHERE = Where(host_ip=ADDRESS, pod_ip=ADDRESS)
FIRST_RETRY = timedelta(seconds=1)  # of what failed: doubled each time, as the kubelet does
LONGEST_RETRY = timedelta(seconds=90)  # the most that Kubernetes' own tests allow a prepare to be repeated after

log = logging.getLogger(__name__)


class PodWorker:
    """One thread for one pod, by UID; ends when nothing of the pod is left here, or when it is stopped."""

    def __init__(self, node: NodeParts, pod: JsonObject, on_end: Callable[[str], None]) -> None:
        self._node = node
        self._pod = pod
        self._on_end = on_end
        self._setup = PodSetup(node, pod)
        self._prepared = False
        self._failure = ""
        self._failures = 0
        self._claims_again: datetime | None = None
        self._refused: dict[str, Refused] = {}
        self._stopping: set[str] = set()
        self._probers: dict[str, Prober] = {}
        self._woken = threading.Event()
        self._stopped = False
        self._over = False
        self._thread = threading.Thread(target=self._run, name=f"pod-{name_of(pod)}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Something has changed: look at once."""
        self._woken.set()

    def retry_claims(self) -> None:
        """A plugin has come: what failed for want of it need not wait."""
        self._claims_again = None
        self._woken.set()

    def stop(self) -> None:
        """End, and leave containers and claims as they are."""
        self._stopped = True
        self._woken.set()

    def join(self) -> None:
        """Wait until the worker has ended."""
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped and not self._over:
            self._woken.clear()
            try:
                wait = self._round()
            except Exception:  # a fault with one pod must not end its worker
                log.exception("pod %s/%s: a step failed", namespace_of(self._pod), name_of(self._pod))
                wait = FIRST_RETRY
            if not self._over:
                self._woken.wait(None if wait is None else max(0.0, wait.total_seconds()))
        for prober in self._probers.values():
            prober.stop()
        if self._over:
            self._on_end(uid_of(self._pod))

    def _round(self) -> timedelta | None:
        """Look, act, report; when to look again, None for not before something happens."""
        now = datetime.now(UTC)
        seen = self._look(now)
        steps = next_steps(self._pod, seen, now, self._node.backoff)
        if not steps.actions:
            self._report(seen, now)
            due = [moment for moment in (steps.again_at, self._health_expiry(now)) if moment is not None]
            return min(due) - datetime.now(UTC) if due else None
        if seen.in_api and not any(isinstance(action, Stop) for action in steps.actions):
            self._report(seen, now)  # before something that may take long
        for action in steps.actions:
            match action:
                case Prepare():
                    self._prepare()
                case Unprepare():
                    self._unprepare()
                case Start(container=container, attempt=attempt):
                    self._start(container, attempt, now)
                case Stop(run=run, grace_seconds=grace, message=message):
                    self._stop(run, grace, message)
                case Forget():
                    self._forget()
        return timedelta()

    def _look(self, now: datetime) -> Observed:
        latest = self._node.api.get(POD, namespace_of(self._pod), name_of(self._pod))
        in_api = latest is not None and uid_of(latest) == uid_of(self._pod)
        if latest is not None and in_api:
            self._pod = latest
        uid = uid_of(self._pod)
        runs = self._node.runtime.runs(uid)
        answers = self._answers(runs)
        health, watched = self._node.plugins.health()
        held = self._node.claims.held()
        return Observed(
            runs=runs,
            claims=Claims(
                prepared=self._prepared,
                held=self._node.claims.is_held(uid),
                failure=self._failure,
                again_at=self._claims_again,
            ),
            refused=dict(self._refused),
            ready={name: answer.ready for name, answer in answers.items()},
            started=frozenset(name for name, answer in answers.items() if answer.started),
            unhealthy=frozenset(
                prober.run_id for name, prober in self._probers.items() if name in answers and not answers[name].alive
            ),
            stopping=frozenset(self._stopping),
            health={
                text_at(item, "name"): container_health(held, self._pod, item, health, watched, now)
                for item in _containers(self._pod)
            },
            in_api=in_api,
        )

    def _answers(self, runs: tuple[Run, ...]) -> dict[str, Answers]:
        """What probes say of the containers that run; probers follow the runs."""
        running = {run.container: run for run in runs if run.running}
        for name, prober in list(self._probers.items()):
            if name not in running or running[name].id != prober.run_id:
                self._probers.pop(name).stop()
        for name, run in running.items():
            container = next((item for item in _containers(self._pod) if text_at(item, "name") == name), None)
            if name not in self._probers and container is not None:
                env = self._node.runtime.environment(run.id)
                ports, directory = self._setup.ports(), self._setup.directory
                self._probers[name] = Prober(container, run, env, directory, ports, self.wake)
        return {name: prober.answers for name, prober in self._probers.items()}

    def _health_expiry(self, now: datetime) -> datetime | None:
        return (
            next_expiry(self._node.plugins.health()[0], now) if self._node.claims.is_held(uid_of(self._pod)) else None
        )

    def _prepare(self) -> None:
        fault = self._node.claims.prepare(self._pod)
        self._prepared = not fault
        self._settle(fault)
        if fault:
            message = f"Failed to prepare dynamic resources: {fault}"
            self._node.tell(self._pod, "FailedPrepareDynamicResources", message, warning=True)

    def _unprepare(self) -> None:
        fault = self._node.claims.unprepare(self._pod)
        self._prepared = False
        self._settle(fault)
        if fault:
            message = f"Failed to unprepare dynamic resources: {fault}"
            self._node.tell(self._pod, "FailedUnprepareDynamicResources", message, warning=True)

    def _settle(self, fault: str) -> None:
        self._failure = fault
        self._failures = self._failures + 1 if fault else 0
        self._claims_again = datetime.now(UTC) + retry_after(self._failures) if fault else None

    def _start(self, name: str, attempt: int, now: datetime) -> None:
        container = next(item for item in _containers(self._pod) if text_at(item, "name") == name)
        hindrance = self._try_to_start(container, attempt)
        if hindrance is None:
            self._refused.pop(name, None)
            self._node.tell(self._pod, "Created", f"Created container: {name}")
            self._node.tell(self._pod, "Started", f"Started container {name}")
            return
        old = self._refused.get(name)
        tries = old.tries + 1 if old is not None else 1
        self._refused[name] = Refused(
            reason=hindrance.reason, message=hindrance.message, tries=tries, again_at=now + retry_after(tries)
        )
        event = "FailedMount" if hindrance.reason == "ContainerCreating" else "Failed"
        self._node.tell(self._pod, event, hindrance.message, warning=True)

    def _try_to_start(self, container: JsonObject, attempt: int) -> Hindrance | None:
        surroundings = self._setup.surroundings()
        if isinstance(surroundings, Failure):
            return Hindrance(reason="ContainerCreating", message=surroundings.failure())
        shown = with_fields(self._pod, ("status",), {"hostIP": WHERE.host_ip, "podIP": WHERE.pod_ip})
        _, world = self._node.api.world()
        launch = launch_of(
            shown, container, world, self._node.claims.held(), self._node.directories, surroundings.unwrap()
        )
        if isinstance(launch, Failure):
            hindrance: Hindrance = launch.failure()
            return hindrance
        made = launch.unwrap()
        self._node.runtime.start(
            uid_of(self._pod), text_at(container, "name"), attempt, made.argv, made.env, self._setup.directory
        )
        return None

    def _stop(self, run: Run, grace_seconds: int, message: str) -> None:
        self._stopping.add(run.id)
        self._node.runtime.stop(run.id, grace_seconds)
        self._node.tell(self._pod, "Killing", message)

    def _forget(self) -> None:
        name, namespace, uid = name_of(self._pod), namespace_of(self._pod), uid_of(self._pod)
        self._report(self._look(datetime.now(UTC)), datetime.now(UTC))
        self._node.api.carry_out((Delete(kind=POD, namespace=namespace, name=name, uid=uid, grace_seconds=0),))
        self._node.runtime.forget(uid)
        self._over = True

    def _report(self, seen: Observed, now: datetime) -> None:
        if not seen.in_api:
            return
        status = pod_status(self._pod, seen, WHERE, now, self._node.backoff)
        known = object_at(self._pod, "status")
        changed = {key: value for key, value in status.items() if known.get(key) != value}
        if changed:
            self._node.api.carry_out((patch(self._pod, {"status": changed}, "status"),))


def retry_after(failures: int) -> timedelta:
    """How long to wait after so many failures in a row."""
    return min(FIRST_RETRY * (1 << min(max(failures - 1, 0), 16)), LONGEST_RETRY)


def _containers(pod: JsonObject) -> tuple[JsonObject, ...]:
    return (*objects_at(pod, "spec", "initContainers"), *objects_at(pod, "spec", "containers"))
