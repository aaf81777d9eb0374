"""Garbage collection comes to rest, leaves no orphan, and never takes what still has an owner."""

from __future__ import annotations

from dra_core.snapshot.json_value import JsonObject
from dra_sandbox.controllers.garbage_collection import collect
from dra_sandbox.world.objects import being_deleted, kind_of, name_of, owners_of, uid_of
from dra_sandbox.world.writes import Delete
from hypothesis import given
from hypothesis import strategies as st

from tests.property.sandbox.little_api import LittleApi


def thing(number: int, owners: frozenset[int], blocking: bool) -> JsonObject:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": f"thing-{number}",
            "namespace": "default",
            "uid": f"uid-{number}",
            "ownerReferences": [
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "name": f"thing-{owner}",
                    "uid": f"uid-{owner}",
                    "blockOwnerDeletion": blocking,
                }
                for owner in sorted(owners)
            ],
        },
    }


@st.composite
def families(draw: st.DrawFn) -> tuple[JsonObject, ...]:
    """Things that belong to earlier things; some of the owners never existed (numbers from 100 on)."""
    count = draw(st.integers(1, 7))
    return tuple(
        thing(
            number,
            draw(st.frozensets(st.sampled_from([*range(number), 100, 101]), max_size=2)),
            draw(st.booleans()),
        )
        for number in range(count)
    )


def settle(api: LittleApi) -> None:
    gone: frozenset[str] = frozenset()
    for _ in range(60):
        decided = collect(api.world, gone)
        existing = {uid_of(value) for value in api.objects.values()}
        news = frozenset(owner.uid for owner in decided.unsure) - existing - gone
        if not decided.writes and not news:
            return
        gone |= news
        api.carry_out(decided.writes)
    raise AssertionError("garbage collection does not come to rest")


@given(families(), st.sampled_from(["Background", "Foreground", "Orphan"]), st.data())
def test_no_orphan_is_left_and_nothing_owned_is_taken(
    family: tuple[JsonObject, ...], propagation: str, data: st.DataObject
) -> None:
    api = LittleApi(*family)
    victim = data.draw(st.sampled_from(family))
    api.carry_out(
        (
            Delete(
                kind=kind_of(victim),
                namespace="default",
                name=name_of(victim),
                uid=uid_of(victim),
                propagation=propagation,  # type: ignore[arg-type] # sampled from the three
            ),
        )
    )
    settle(api)
    left = {uid_of(value): value for value in api.objects.values()}
    assert uid_of(victim) not in left
    for value in left.values():
        assert not being_deleted(value)
        references = owners_of(value)
        assert not references or any(reference["uid"] in left for reference in references)
    for value in family:  # what never had an owner is only taken when it was the victim
        if not owners_of(value) and uid_of(value) != uid_of(victim):
            assert uid_of(value) in left


@given(families())
def test_an_owner_that_was_not_asked_for_costs_nothing_its_life(family: tuple[JsonObject, ...]) -> None:
    """An object may be seen before its owner is: without an answer about the owner, nothing is deleted."""
    for value in family:
        alone = LittleApi(value)
        decided = collect(alone.world, frozenset())
        assert decided.writes == ()
        assert len(decided.unsure) == len(owners_of(value))
