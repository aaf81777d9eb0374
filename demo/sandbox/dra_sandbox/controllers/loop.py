"""Runs all controllers on one snapshot after the other."""

from __future__ import annotations

from datetime import datetime, timedelta

from dra_core.snapshot.generation import Generation

from dra_sandbox.controllers.claim_release import release
from dra_sandbox.controllers.classic_claims import placed_pods, release_classic
from dra_sandbox.controllers.daemon_sets import daemon_sets
from dra_sandbox.controllers.deployments import deployments
from dra_sandbox.controllers.device_taints import evictions
from dra_sandbox.controllers.garbage_collection import Owner, collect
from dra_sandbox.controllers.generated_claims import claims_of_finished_pods, generated_claims
from dra_sandbox.controllers.jobs import jobs
from dra_sandbox.controllers.namespaces import default_accounts, namespace_deletions
from dra_sandbox.controllers.node_lifecycle import silent_nodes
from dra_sandbox.controllers.replica_sets import replica_sets
from dra_sandbox.world.api import Api
from dra_sandbox.world.loop import Loop, Step
from dra_sandbox.world.objects import World, kind_named, uid_of
from dra_sandbox.world.writes import Write

COMPONENT = "kube-controller-manager"
LOOK_AGAIN = timedelta(seconds=5)  # kube-controller-manager --node-monitor-period; what else only time decides fits in


def controllers(api: Api, generation: Generation = "modern") -> Loop:
    """The loop of all controllers; not started."""
    return Loop(COMPONENT, api, step_of(api, generation))


def step_of(api: Api, generation: Generation = "modern") -> Step:
    """One round of all controllers."""
    claims = _classic_claims if generation == "classic" else _claims

    def step(world: World, now: datetime) -> datetime | None:
        due = evictions(world, now)
        api.carry_out((*claims(world, api), *_writes(world, now, api), *due.writes))
        return min(now + LOOK_AGAIN, due.again_at or now + LOOK_AGAIN)

    return step


def _writes(world: World, now: datetime, api: Api) -> tuple[Write, ...]:
    return (
        *default_accounts(world),
        *deployments(world, now),
        *replica_sets(world, now),
        *daemon_sets(world, now),
        *jobs(world, now),
        *collect(world, _gone(collect(world, frozenset()).unsure, api)).writes,
        *namespace_deletions(world),
        *silent_nodes(world, now),
    )


def _claims(world: World, api: Api) -> tuple[Write, ...]:
    return (
        *generated_claims(world),
        *claims_of_finished_pods(world),
        *release(world, _gone(release(world, frozenset()).unsure, api)).writes,
    )


def _classic_claims(world: World, api: Api) -> tuple[Write, ...]:
    return (
        *generated_claims(world),
        *claims_of_finished_pods(world),
        *placed_pods(world),
        *release_classic(world, _gone(release_classic(world, frozenset()).unsure, api)).writes,
    )


def _gone(unsure: frozenset[Owner], api: Api) -> frozenset[str]:
    """Which of these do not exist any more, asked after the snapshot in which they were missing."""
    return frozenset(owner.uid for owner in unsure if not _exists(owner, api))


def _exists(owner: Owner, api: Api) -> bool:
    kind = kind_named(owner.api_version, owner.kind)
    found = api.get(kind, owner.namespace, owner.name) or api.get(kind, "", owner.name)
    return found is not None and uid_of(found) == owner.uid
