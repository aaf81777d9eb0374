"""Wanted against found: the writes that publish pools of devices.

Rules (as k8s.io/dynamic-resource-allocation, package resourceslice): a change within one slice keeps the pool's
generation, for readers see it at once or not at all; any other change raises it and rewrites every slice, so that
readers never take a mixture for the pool. Obsolete slices go first, then updates, then new ones. Without change
nothing is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
from returns.result import Failure

from dra_core.profiles.resources import DevicePool
from dra_core.publication.effects import CreateSlice, SliceEffect, UpdateSlice
from dra_core.publication.equality import equal
from dra_core.publication.found_slice import FoundSlice, found_slices, with_known_times
from dra_core.publication.layout import SliceContent, cut
from dra_core.publication.pool_faults import faults_of_pool
from dra_core.publication.publisher import Publisher
from dra_core.publication.slice_names import generate_name
from dra_core.publication.written import Acknowledged
from dra_core.refusal import Fault, Refusal, Refusals
from dra_core.snapshot.codec import encode
from dra_core.snapshot.json_value import JsonObject, list_at, object_at
from dra_core.snapshot.metadata import OwnerReference
from dra_core.snapshot.resource_slice import ResourcePool, ResourceSliceSpec


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """Writes in order (delete, update, create, pool by pool), and pools that cannot be published.

    Attributes:
        effects: Stop at the first failure or conflict, read the slices again, plan again. None: all is published.
        refusals: What is wrong with the wanted pools; their slices are left as they are. Retrying does not help.
    """

    effects: tuple[SliceEffect, ...]
    refusals: Refusals


def plan(
    publisher: Publisher,
    wanted: Sequence[DevicePool],
    found: Sequence[JsonObject],
    acknowledged: Acknowledged,
) -> Publication:
    """The writes that turn the slices found into those wanted.

    Args:
        publisher: Driver and node.
        wanted: All pools, in the order of publication.
        found: All slices of the driver with this node in ``spec.nodeName`` (and, for pools that are not node-local, of
            these pools), up to date: a slice written before is among them.
        acknowledged: What ``acknowledge`` made of earlier writes.
    """
    existing = found_slices(publisher.driver_name, found)
    names = Counter(pool.name for pool in wanted)
    refusals = [_duplicate_pool(name) for name, count in names.items() if count > 1]
    effects: list[SliceEffect] = [each.deletion for each in existing if each.pool_name not in names]
    for pool in wanted:
        if names[pool.name] > 1:
            continue
        faults = faults_of_pool(pool, publisher.limits)
        contents = cut(pool, publisher.limits, publisher.taintable)
        if faults:
            refusals += faults
        elif isinstance(contents, Failure):
            refusals += contents.failure()
        else:
            own = tuple(each for each in existing if each.pool_name == pool.name)
            effects += _pool_effects(publisher, pool, contents.unwrap(), own, acknowledged)
    return Publication(effects=tuple(effects), refusals=tuple(refusals))


def _pool_effects(
    publisher: Publisher,
    pool: DevicePool,
    contents: tuple[SliceContent, ...],
    existing: tuple[FoundSlice, ...],
    acknowledged: Acknowledged,
) -> list[SliceEffect]:
    current = _current(existing, len(contents))
    kept = {each.name for each in current.values()}
    obsolete = [each for each in existing if each.name not in kept]
    generation = max((each.generation for each in existing), default=0)
    specs = _specs(publisher, pool, contents, existing, generation)
    owners = _owners(publisher, pool)
    changed = {
        index for index, each in current.items() if not _published(each, index, specs[index], owners, acknowledged)
    }
    if len(changed) > 1 or len(current) < len(contents):
        specs = _specs(publisher, pool, contents, existing, generation + 1)
        changed = set(current)
    owner_name = publisher.node_name if pool.node_local else pool.name
    return [
        *(each.deletion for each in obsolete),
        *(UpdateSlice(_updated(current[index], specs[index], owners)) for index in sorted(changed)),
        *(
            CreateSlice(_created(generate_name(index, publisher.driver_name, owner_name), specs[index], owners))
            for index in range(len(contents))
            if index not in current
        ),
    ]


def _current(existing: tuple[FoundSlice, ...], count: int) -> Mapping[int, FoundSlice]:
    """The slice to keep for each index: of several the one of the newest generation, of equals the first by name."""
    current: dict[int, FoundSlice] = {}
    for each in existing:
        index = each.index
        if index is None or index >= count:
            continue
        if index not in current or each.generation > current[index].generation:
            current[index] = each
    return current


def _specs(
    publisher: Publisher,
    pool: DevicePool,
    contents: tuple[SliceContent, ...],
    existing: tuple[FoundSlice, ...],
    generation: int,
) -> tuple[ResourceSliceSpec, ...]:
    return tuple(
        ResourceSliceSpec(
            driver=publisher.driver_name,
            pool=ResourcePool(name=pool.name, generation=generation, resource_slice_count=len(contents)),
            node_name=publisher.node_name if pool.node_local else None,
            node_selector=pool.node_selector,
            all_nodes=True if pool.all_nodes else None,
            devices=tuple(with_known_times(content.devices, existing)),
            shared_counters=content.counter_sets,
        )
        for content in contents
    )


def _owners(publisher: Publisher, pool: DevicePool) -> list[JsonObject]:
    """Node-local slices go with their node; blockOwnerDeletion would need a right that plugins do not have."""
    if not pool.node_local:
        return []
    node = OwnerReference(
        api_version="v1", kind="Node", name=publisher.node_name, uid=publisher.node_uid, controller=True
    )
    return [encode(node)]


def _published(
    found: FoundSlice,
    index: int,
    wanted: ResourceSliceSpec,
    owners: list[JsonObject],
    acknowledged: Acknowledged,
) -> bool:
    if found.record is None or list(list_at(found.object, "metadata", "ownerReferences")) != owners:
        return False
    spec = found.record.spec
    return equal(wanted, spec) or acknowledged.explains((wanted.pool.name, index), wanted, spec)


def _updated(found: FoundSlice, spec: ResourceSliceSpec, owners: list[JsonObject]) -> JsonObject:
    kept = {key: value for key, value in object_at(found.object, "metadata").items() if key != "managedFields"}
    return _slice({**kept, "ownerReferences": owners}, spec)


def _created(name_prefix: str, spec: ResourceSliceSpec, owners: list[JsonObject]) -> JsonObject:
    return _slice({"generateName": name_prefix, "ownerReferences": owners}, spec)


def _slice(metadata: JsonObject, spec: ResourceSliceSpec) -> JsonObject:
    value = encode(spec)
    # Required by the API, though zero is the record's default.
    pool = {"generation": spec.pool.generation, **object_at(value, "pool")}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": metadata,
        "spec": {**value, "pool": pool},
    }


def _duplicate_pool(name: str) -> Refusal:
    return Refusal(
        code="DuplicatePool",
        fault=Fault.DRIVER,
        path=f"pools[{name}]",
        seen="several pools have this name",
        hint="pool names are unique in a driver",
    )
