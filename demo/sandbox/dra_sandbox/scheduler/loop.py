"""Places pods one after the other, each on the snapshot that the one before has left."""

from __future__ import annotations

from datetime import UTC, datetime

from dra_core.allocation.selectors import Language

from dra_sandbox.scheduler.decision import (
    COMPONENT,
    Placement,
    Unschedulable,
    place,
    placement_writes,
    unschedulable_writes,
    waiting_pods,
)
from dra_sandbox.scheduler.devices import Devices
from dra_sandbox.world.api import Api
from dra_sandbox.world.loop import Loop
from dra_sandbox.world.objects import World, uid_of

CONFLICT = 409  # HTTP
PRE_BIND = 'running PreBind plugin "DynamicResources"'  # kube-scheduler's words


def scheduler(api: Api, language: Language) -> Loop:
    """The scheduler's loop; not started. Whatever changes in the cluster, every waiting pod is tried again."""
    devices = Devices(language)

    def step(world: World, now: datetime) -> datetime | None:  # noqa: ARG001  the time of each write is asked for itself
        for waiting in waiting_pods(world):
            _, latest = api.world()
            pod = next((item for item in waiting_pods(latest) if uid_of(item) == uid_of(waiting)), None)
            if pod is None:
                continue
            verdict = place(latest, pod, devices.allocate(latest))
            if isinstance(verdict, Placement):
                problem = api.carry_out(placement_writes(latest, pod, verdict, datetime.now(UTC)), all_or_stop=True)
                if problem is None or problem.code == CONFLICT:
                    continue  # after a conflict the world has changed, and the step is repeated
                verdict = Unschedulable(f"{PRE_BIND}: {problem.message}")
            api.carry_out(unschedulable_writes(pod, verdict, datetime.now(UTC)))
        return None

    return Loop(COMPONENT, api, step)
