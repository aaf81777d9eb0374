"""What is free, in use and by whom, for every device of a cluster; counted by node, driver, class, namespace.

status = status_of(cluster)
[device for device in status.devices if device.state == "Free"]
by_node(status)                    # rows of counts
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

import msgspec

from dra_core.allocation.allocated import PoolId
from dra_core.allocation.inventory_device import InventoryDevice, InventorySlice
from dra_core.allocation.selectors import Failure
from dra_core.planning.cluster import Cluster, Holder, natural
from dra_core.planning.explain import API_VERSION
from dra_core.snapshot.quantity import DECIMAL_SI, canonical, parse

SEVERAL_NODES = "(several nodes)"  # where devices are that no single node owns
_CLAIM = "claim "  # before the name of a claim that no pod uses, among names of pods
HEALTH_CONDITIONS = ("Ready", "Healthy")  # of status.devices: False means that the driver reports trouble

State = Literal["Free", "InUse", "Shared", "Blocked", "Unavailable"]
"""``Shared``: shares are out. ``Blocked``: counters or consumed capacity leave nothing. ``Unavailable``: the pool is
incomplete, so that nothing of it can be allocated."""
STATES: tuple[State, ...] = ("Free", "InUse", "Shared", "Blocked", "Unavailable")


class Use(msgspec.Struct, frozen=True, rename="camel"):
    """One result of an allocated claim.

    Attributes:
        claim: ``namespace/name``.
        pods: Names of the pods it is reserved for.
        request: The request, or ``list/alternative``.
        admin: Admin access: it keeps nobody else away.
        consumed: What a share consumes, as quantities.
    """

    claim: str
    pods: tuple[str, ...]
    request: str
    admin: bool = False
    consumed: Mapping[str, str] = {}


class CapacityUse(msgspec.Struct, frozen=True, rename="camel"):
    """A capacity of a device, as quantities."""

    name: str
    value: str
    consumed: str


class DeviceStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One device.

    Attributes:
        node: Its node, or ``SEVERAL_NODES``.
        state: See ``State``.
        taints: Blocking taints, as ``key=value:effect``.
        unhealthy: What the driver reports about it in a claim's status; "" if nothing bad.
        uses: Who uses it.
        capacity: What shares consume, for devices that can be shared.
    """

    driver: str
    pool: str
    device: str
    node: str
    state: State
    taints: tuple[str, ...] = ()
    unhealthy: str = ""
    uses: tuple[Use, ...] = ()
    capacity: tuple[CapacityUse, ...] = ()


class CounterUse(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A counter that the devices of a pool share, as quantities."""

    driver: str
    pool: str
    counter_set: str
    counter: str
    value: str
    used: str


class Status(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All devices and counters; ``drakit.dev/v1alpha1`` of its JSON.

    Attributes:
        devices: By node, driver, pool, in the order of the slices.
        counters: By driver, pool, set, name.
        bare_nodes: Nodes for which no driver publishes anything.
        waiting: Claims without devices (``namespace/name``).
    """

    api_version: str = API_VERSION
    kind: str = "Status"
    devices: tuple[DeviceStatus, ...]
    counters: tuple[CounterUse, ...] = ()
    bare_nodes: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


class Row(msgspec.Struct, frozen=True, rename="camel"):
    """Devices counted by state; ``tainted`` and ``unhealthy`` ones count under their state as well.

    ``users`` are pods as ``namespace/name`` (of a namespace's row: ``name``), or ``claim …`` where no pod uses it.
    """

    name: str
    devices: int
    states: Mapping[str, int]
    tainted: int
    unhealthy: int
    users: tuple[str, ...]


def status_of(cluster: Cluster) -> Status:
    """The status of every device of the newest generation of each pool."""
    devices: list[DeviceStatus] = []
    counters: list[CounterUse] = []
    unhealthy = _unhealthy(cluster)
    for pool, slices in cluster.inventory.pools.items():
        newest = newest_generation(slices)
        complete = len(newest) == newest[0].record.spec.pool.resource_slice_count
        left = _counters_left(cluster, pool, newest)
        counters += _counter_uses(pool, newest, left)
        for part in newest:
            for device in part.devices:
                devices.append(_device(cluster, part, device, complete, left, unhealthy))
    key = functools.cache(natural)
    devices.sort(key=lambda item: (key(item.node), item.driver, key(item.pool)))
    counters.sort(key=lambda item: (item.driver, natural(item.pool), natural(item.counter_set), item.counter))
    owning = {device.node for device in devices}
    shared = SEVERAL_NODES in owning
    bare = () if shared else tuple(n.metadata.name for n in cluster.nodes if n.metadata.name not in owning)
    waiting = tuple(
        f"{claim.metadata.namespace}/{claim.metadata.name}"
        for claim in cluster.snapshot.claims
        if claim.status.allocation is None
    )
    return Status(devices=tuple(devices), counters=tuple(counters), bare_nodes=bare, waiting=waiting)


def newest_generation(slices: Iterable[InventorySlice]) -> list[InventorySlice]:
    """The slices of a pool that count, by name."""
    found = list(slices)
    newest = max(item.record.spec.pool.generation for item in found)
    found = [item for item in found if item.record.spec.pool.generation == newest]
    return sorted(found, key=lambda item: item.record.metadata.name)


def _unhealthy(cluster: Cluster) -> Mapping[tuple[str, str, str], str]:
    """What drivers report in the status of claims."""
    found: dict[tuple[str, str, str], str] = {}
    for claim in cluster.snapshot.claims:
        for item in claim.status.devices:
            bad = [
                condition.message or condition.reason or f"{condition.type} is {condition.status}"
                for condition in item.conditions
                if condition.type in HEALTH_CONDITIONS and condition.status == "False"
            ]
            if bad:
                found[item.driver, item.pool, item.device] = "; ".join(bad)
    return found


def _counters_left(
    cluster: Cluster, pool: PoolId, slices: Iterable[InventorySlice]
) -> dict[tuple[str, str], tuple[int, int]]:
    """Value and use of each counter of the pool, in billionths."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    slices = list(slices)
    for part in slices:
        for counter_set in part.record.spec.shared_counters:
            for name, counter in counter_set.counters.items():
                amount = parse(counter.value)
                found[counter_set.name, name] = (amount.nanos if amount else 0, 0)
    for part in slices if found else ():
        for device in part.devices:
            if not device.consumes or not cluster.allocated.holds(pool, device.record.name):
                continue
            for taken in device.consumes:
                for name, nanos in taken.counters:
                    value, used = found.get((taken.counter_set, name), (0, 0))
                    found[taken.counter_set, name] = (value, used + nanos)
    return found


def _counter_uses(
    pool: PoolId, slices: Iterable[InventorySlice], left: Mapping[tuple[str, str], tuple[int, int]]
) -> Iterable[CounterUse]:
    forms = {
        (counter_set.name, name): amount.format
        for part in slices
        for counter_set in part.record.spec.shared_counters
        for name, counter in counter_set.counters.items()
        if (amount := parse(counter.value)) is not None
    }
    for key, (value, used) in left.items():
        form = forms.get(key, DECIMAL_SI)
        yield CounterUse(
            driver=pool[0],
            pool=pool[1],
            counter_set=key[0],
            counter=key[1],
            value=canonical(value, form),
            used=canonical(used, form),
        )


def _device(
    cluster: Cluster,
    part: InventorySlice,
    device: InventoryDevice,
    complete: bool,
    left: Mapping[tuple[str, str], tuple[int, int]],
    unhealthy: Mapping[tuple[str, str, str], str],
) -> DeviceStatus:
    spec = part.record.spec
    holders = cluster.holders.get(device.id, ())
    capacity = _capacity_uses(cluster, device) if device.multiple else ()
    return DeviceStatus(
        driver=device.id[0],
        pool=device.id[1],
        device=device.id[2],
        node=spec.node_name or device.record.node_name or SEVERAL_NODES,
        state=_state(cluster, device, holders, complete, left, capacity),
        taints=tuple(f"{t.key}{'=' if t.value else ''}{t.value}:{t.effect}" for t in device.blocking),
        unhealthy=unhealthy.get(device.id, ""),
        uses=tuple(
            Use(
                holder.claim,
                holder.pods,
                holder.result.request,
                bool(holder.result.admin_access),
                holder.result.consumed_capacity,
            )
            for holder in holders
        ),
        capacity=capacity,
    )


def _state(
    cluster: Cluster,
    device: InventoryDevice,
    holders: Iterable[Holder],
    complete: bool,
    left: Mapping[tuple[str, str], tuple[int, int]],
    capacity: Iterable[CapacityUse],
) -> State:
    pool, name = (device.id[0], device.id[1]), device.id[2]
    if name in cluster.allocated.devices.get(pool, ()):
        return "InUse"
    shared = any(not holder.result.admin_access for holder in holders)
    if not complete:
        return "Unavailable"
    if shared:
        used_up = any(item.value == item.consumed and item.value != "0" for item in capacity)
        return "Blocked" if used_up else "Shared"
    for taken in device.consumes:
        for counter, nanos in taken.counters:
            value, used = left.get((taken.counter_set, counter), (0, 0))
            if nanos > value - used:
                return "Blocked"
    return "Free"


def _capacity_uses(cluster: Cluster, device: InventoryDevice) -> tuple[CapacityUse, ...]:
    consumed = cluster.allocated.consumed.get(device.id, {})
    return tuple(
        CapacityUse(
            name, canonical(item.value.nanos, item.value.format), canonical(consumed.get(name, 0), item.value.format)
        )
        for name, item in device.capacity.items()
    )


def by_node(status: Status) -> tuple[Row, ...]:
    """Counts by node and driver."""
    return _rows(status.devices, lambda device: (f"{device.node}\0{device.driver}",))


def by_driver(status: Status) -> tuple[Row, ...]:
    """Counts by driver."""
    return _rows(status.devices, lambda device: (device.driver,))


def by_namespace(status: Status) -> tuple[Row, ...]:
    """Counts by the namespaces whose claims use the devices; a shared device counts in each."""
    used = [device for device in status.devices if device.uses]
    rows = _rows(used, lambda device: tuple(dict.fromkeys(use.claim.partition("/")[0] for use in device.uses)))
    return tuple(msgspec.structs.replace(row, users=_names_in(row.users, row.name)) for row in rows)


def _names_in(users: Iterable[str], namespace: str) -> tuple[str, ...]:
    """Those of the namespace, which goes without saying."""
    own = (user.removeprefix(_CLAIM).startswith(f"{namespace}/") for user in users)
    return tuple(user.replace(f"{namespace}/", "", 1) for user, meant in zip(users, own, strict=True) if meant)


def by_class(cluster: Cluster, status: Status) -> tuple[Row, ...]:
    """Counts by class; a device counts in every class that selects it. Classes that cannot be asked have no devices."""
    known = {
        device.id: device for slices in cluster.inventory.pools.values() for part in slices for device in part.devices
    }
    found: list[Row] = []
    for name, device_class in sorted(cluster.classes.items()):
        expressions = [item.cel.expression for item in device_class.spec.selectors if item.cel is not None]
        failing = any(isinstance(cluster.questions.selector(expression), Failure) for expression in expressions)
        members = [
            device
            for device in status.devices
            if not failing
            and all(
                cluster.questions.ask(expression, known[device.driver, device.pool, device.device]) is True
                for expression in expressions
            )
        ]
        found.append(_row(name, members))
    return tuple(found)


def _rows(devices: Iterable[DeviceStatus], keys: Callable[[DeviceStatus], tuple[str, ...]]) -> tuple[Row, ...]:
    groups: dict[str, list[DeviceStatus]] = {}
    for device in devices:
        for key in keys(device):
            groups.setdefault(key, []).append(device)
    return tuple(_row(name, groups[name]) for name in sorted(groups, key=natural))


def _row(name: str, devices: list[DeviceStatus]) -> Row:
    states: dict[str, int] = {}
    for device in devices:
        states[device.state] = states.get(device.state, 0) + 1
    users = dict.fromkeys(user for device in devices for use in device.uses for user in _users(use))
    return Row(
        name,
        len(devices),
        states,
        sum(bool(device.taints) for device in devices),
        sum(bool(device.unhealthy) for device in devices),
        tuple(users),
    )


def _users(use: Use) -> tuple[str, ...]:
    """Pods as namespace/name, as many namespaces have pods of the same name; without any, the claim."""
    namespace = use.claim.partition("/")[0]
    return tuple(f"{namespace}/{pod}" for pod in use.pods) or (f"{_CLAIM}{use.claim}",)
