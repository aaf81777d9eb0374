"""The core's allocator as the scheduler asks it: API objects become records, its answer the scheduler's words."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

import msgspec
from dra_core.allocation.allocate import Allocation, Wrong, allocate
from dra_core.allocation.allocated import Allocated, DeviceId
from dra_core.allocation.features import Features
from dra_core.allocation.inventory import Inventory
from dra_core.allocation.selectors import Language, Questions
from dra_core.allocation.why_not import why_not
from dra_core.snapshot.codec import decode_reporting, encode
from dra_core.snapshot.device import Device
from dra_core.snapshot.device_class import DeviceClass
from dra_core.snapshot.device_taint_rule import DeviceTaintRule
from dra_core.snapshot.first_use import make_ready
from dra_core.snapshot.json_value import JsonObject
from dra_core.snapshot.node import Node
from dra_core.snapshot.resource_claim import ResourceClaim
from dra_core.snapshot.resource_slice import ResourceSlice
from returns.result import Success

from dra_sandbox.scheduler.decision import Allocate, Found, NotFound
from dra_sandbox.scheduler.records import records
from dra_sandbox.world.objects import CLAIM, DEVICE_CLASS, SLICE, TAINT_RULE, Place, World

KUBERNETES = "1.37"
BUDGET = 500_000  # steps of a search: some seconds, as the scheduler gives a node (DRASchedulerFilterTimeout)
CANNOT = "cannot allocate all claims"  # kube-scheduler, plugin DynamicResources
MOST_REMEMBERED = 1000  # expressions whose answers are kept


make_ready(Node, ResourceClaim)


class Devices:
    """Answers for one snapshot after the other; what has not changed is not read again."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._questions = Questions(language)
        self._read_from: tuple[Mapping[Place, JsonObject], ...] = ()
        self._inventory = Inventory((), Features.of_version(KUBERNETES))

    def allocate(self, world: World) -> Allocate:
        """How claims are allocated in this snapshot."""
        if self._questions.size > MOST_REMEMBERED:
            self._questions = Questions(self._language)
        inventory, questions = self._inventory_of(world), self._questions
        claims = tuple(records(ResourceClaim, world, CLAIM))
        allocated = Allocated().with_claims(claims)
        classes = {item.metadata.name: item for item in records(DeviceClass, world, DEVICE_CLASS)}
        holders = holders_of(claims)

        def ask(node_object: JsonObject, wanted: tuple[JsonObject, ...]) -> Found | NotFound:
            node = decode_reporting(Node, node_object)
            asked = [decode_reporting(ResourceClaim, claim) for claim in wanted]
            if not isinstance(node, Success) or not all(isinstance(claim, Success) for claim in asked):
                return NotFound("object(s) that cannot be read", everywhere=True)
            here, claims_here = node.unwrap().record, [claim.unwrap().record for claim in asked]
            answer = allocate(
                inventory,
                allocated,
                here,
                claims_here,
                classes,
                questions,
                share_ids=lambda: str(uuid.uuid4()),
                budget=BUDGET,
            )
            if isinstance(answer, Allocation):
                return Found(tuple({"devices": {}, **encode(result)} for result in answer.results))
            if isinstance(answer, Wrong):
                return NotFound(answer.text, everywhere=not answer.node_only)
            account = why_not(
                inventory, allocated, here, claims_here, classes, questions, holders=holders, budget=BUDGET
            )
            return NotFound(CANNOT, answer.gave_up or account.summary)

        return ask

    def _inventory_of(self, world: World) -> Inventory:
        read_from = (world.of(SLICE), world.of(TAINT_RULE))
        if read_from != self._read_from:
            rules = tuple(records(DeviceTaintRule, world, TAINT_RULE))
            slices = (with_rules(item, rules) for item in records(ResourceSlice, world, SLICE))
            self._inventory = Inventory(slices, Features.of_version(KUBERNETES))
            self._read_from = read_from
        return self._inventory


def with_rules(item: ResourceSlice, rules: Sequence[DeviceTaintRule]) -> ResourceSlice:
    """The slice with the taints of DeviceTaintRules, which are laid over slices and not written to them (KEP-5055)."""
    devices = tuple(_with_rules(device, item, rules) for device in item.spec.devices)
    if devices == item.spec.devices:
        return item
    return msgspec.structs.replace(item, spec=msgspec.structs.replace(item.spec, devices=devices))


def _with_rules(device: Device, item: ResourceSlice, rules: Sequence[DeviceTaintRule]) -> Device:
    added = tuple(
        rule.spec.taint
        for rule in rules
        if (selector := rule.spec.device_selector) is None
        or (
            selector.driver in (None, item.spec.driver)
            and selector.pool in (None, item.spec.pool.name)
            and selector.device in (None, device.name)
        )
    )
    return msgspec.structs.replace(device, taints=device.taints + added) if added else device


def holders_of(claims: Sequence[ResourceClaim]) -> Mapping[DeviceId, str]:
    """Who holds each device: ``namespace/claim``."""
    return {
        (result.driver, result.pool, result.device): f"{claim.metadata.namespace}/{claim.metadata.name}"
        for claim in claims
        if claim.status.allocation is not None
        for result in claim.status.allocation.devices.results
        if not result.admin_access
    }
