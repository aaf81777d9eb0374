"""Schedules pods of Kubernetes 1.30 one after the other, each on the snapshot that the one before has left."""

from __future__ import annotations

from datetime import datetime

from dra_core.snapshot.json_value import JsonObject

from dra_sandbox.scheduler.classic_decision import attempt, unreserve
from dra_sandbox.scheduler.decision import COMPONENT, Unschedulable, unschedulable_writes, waiting_pods
from dra_sandbox.scheduler.loop import CONFLICT, PRE_BIND
from dra_sandbox.world.api import Api
from dra_sandbox.world.loop import Loop, Step
from dra_sandbox.world.objects import World, uid_of


def classic_scheduler(api: Api) -> Loop:
    """The scheduler's loop; not started. Whatever changes in the cluster, every waiting pod is tried again."""
    return Loop(COMPONENT, api, classic_step_of(api))


def classic_step_of(api: Api) -> Step:
    """One round over the waiting pods."""

    def step(world: World, now: datetime) -> datetime | None:
        for waiting in waiting_pods(world):
            _, latest = api.world()
            pod = next((item for item in waiting_pods(latest) if uid_of(item) == uid_of(waiting)), None)
            if pod is not None:
                _try(api, latest, pod, now)
        return None

    return step


def _try(api: Api, world: World, pod: JsonObject, now: datetime) -> None:
    tried = attempt(world, pod)
    problem = api.carry_out(tried.writes, all_or_stop=True)
    if problem is None and not tried.waiting:
        api.carry_out(tried.after)
        return
    if not tried.waiting:
        api.carry_out(unreserve(api.world()[1], pod))
    if problem is not None and problem.code == CONFLICT:
        return  # the world has changed, and the step is repeated
    message = tried.waiting if problem is None else f"{PRE_BIND}: {problem.message}"
    api.carry_out(unschedulable_writes(pod, Unschedulable(message), now))
