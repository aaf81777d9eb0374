"""Places pods one after the other, each on the snapshot that the one before has left."""

from __future__ import annotations

from datetime import datetime

from dra_core.allocation.selectors import Language
from dra_core.snapshot.json_value import JsonObject

from dra_sandbox.scheduler.binding_conditions import Lost, Ready, Waiting, readiness, take_back
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
from dra_sandbox.scheduler.extended_resources import record, wanted
from dra_sandbox.world.api import Api
from dra_sandbox.world.loop import Loop, Step
from dra_sandbox.world.objects import World, uid_of
from dra_sandbox.world.requests_for import is_known
from dra_sandbox.world.writes import Create, Emit, Write, delete

CONFLICT = 409  # HTTP
PRE_BIND = 'running PreBind plugin "DynamicResources"'  # kube-scheduler's words


def scheduler(api: Api, language: Language) -> Loop:
    """The scheduler's loop; not started. Whatever changes in the cluster, every waiting pod is tried again."""
    return Loop(COMPONENT, api, step_of(api, language))


def step_of(api: Api, language: Language) -> Step:
    """One round over the waiting pods."""
    devices = Devices(language)

    def step(world: World, now: datetime) -> datetime | None:
        due: list[datetime] = []
        for waiting in waiting_pods(world):
            _, latest = api.world()
            pod = next((item for item in waiting_pods(latest) if uid_of(item) == uid_of(waiting)), None)
            if pod is None:
                continue
            match readiness(latest, pod, now):
                case Ready():
                    _place(api, latest, pod, devices, now)
                case Waiting(message=message, until=until):
                    due.append(until)
                    told = Emit(
                        about=pod,
                        severity="Normal",
                        reason="BindingConditionsPending",
                        message=message,
                        component=COMPONENT,
                    )
                    if not is_known(told, latest):
                        api.carry_out((told,))
                case Lost(message=message) as lost:
                    api.carry_out((*take_back(pod, lost), *unschedulable_writes(pod, Unschedulable(message), now)))
        return min(due, default=None)

    return step


def _place(api: Api, world: World, pod: JsonObject, devices: Devices, now: datetime) -> None:
    extended = wanted(world, pod)
    more = () if extended is None else (extended.claim,)
    seen = pod if extended is None else extended.pod
    verdict = place(world, seen, devices.allocate(world), more)
    if isinstance(verdict, Placement):
        writes: tuple[Write, ...]
        if extended is not None and not extended.made:
            writes = (Create(body=extended.claim),)  # the next round finds it, and has the rest done
        elif extended is not None:
            writes = (record(pod, extended.claim), *placement_writes(world, pod, verdict, now, more))
        else:
            writes = placement_writes(world, pod, verdict, now)
        problem = api.carry_out(writes, all_or_stop=True)
        if problem is None or problem.code == CONFLICT:
            return  # after a conflict the world has changed, and the step is repeated
        verdict = Unschedulable(f"{PRE_BIND}: {problem.message}")
    elif extended is not None and extended.made:
        api.carry_out((delete(extended.claim),))
    api.carry_out(unschedulable_writes(pod, verdict, now))
