"""Why claims cannot be allocated on a node, as a value: for every request what each rule refused, and what is nearest.

Nothing of this is worked out while a solution is searched; it is asked for afterwards. A device counts under the first
rule that refuses it, in the scheduler's order of rules. If every request finds enough devices for itself, the fault
lies in the combination: the smallest set of requests and constraints that cannot be met together is looked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from dra_core.allocation.allocate import STEPS
from dra_core.allocation.allocated import Allocated, DeviceId
from dra_core.allocation.in_flight import InFlight
from dra_core.allocation.inventory import Inventory
from dra_core.allocation.pools import Candidate, Pool
from dra_core.allocation.refusing_rule import RULES, Refused, refusing_rule
from dra_core.allocation.requests import ReadClaim, Request, read_claims
from dra_core.allocation.selectors import Questions
from dra_core.allocation.smallest_conflict import Conflict, smallest_conflict
from dra_core.snapshot.device_class import DeviceClass
from dra_core.snapshot.node import Node
from dra_core.snapshot.resource_claim import ResourceClaim


class RuleRefusals(msgspec.Struct, frozen=True, rename="camel"):
    """How many devices a rule refused, with one of them.

    Attributes:
        rule: See ``refusing_rule.RULES``.
        devices: How many.
        example: Driver, pool and name of the first of them.
        detail: What the rule saw there: the selector and the value that made it false, the taint, what is short.
    """

    rule: str
    devices: int
    example: DeviceId
    detail: str


class RequestAccount(msgspec.Struct, frozen=True, rename="camel"):
    """What became of one request (or alternative) on its own.

    Attributes:
        wanted: How many devices; -1 for all that match.
        fitting: How many devices no rule refuses while nothing else is asked for.
        refused: In the order of the rules.
        nearest: The device that came furthest, and what stopped it.
    """

    claim: str
    request: str
    wanted: int
    fitting: int
    refused: tuple[RuleRefusals, ...] = ()
    nearest: Refused | None = None

    @property
    def enough(self) -> bool:
        """Whether the request could be met if it were alone."""
        return self.fitting >= max(self.wanted, 1) if self.wanted < 0 else self.fitting >= self.wanted


class PoolTrouble(msgspec.Struct, frozen=True, rename="camel"):
    """A pool that gives no devices."""

    pool: str
    trouble: str


class WhyNot(msgspec.Struct, frozen=True, rename="camel"):
    """The account.

    Attributes:
        summary: One sentence for people.
        error: What the scheduler would report as error, "" for a plain "does not fit".
        requests: Every request that cannot be met on its own; empty if all can.
        conflict: What cannot be met together, if every request could be met alone.
        pools: Pools of this node that are incomplete or contradict themselves.
        elsewhere: How many devices there are that cannot be used on this node.
    """

    summary: str
    error: str = ""
    requests: tuple[RequestAccount, ...] = ()
    conflict: Conflict | None = None
    pools: tuple[PoolTrouble, ...] = ()
    elsewhere: int = 0


def why_not(
    inventory: Inventory,
    allocated: Allocated,
    node: Node,
    claims: Sequence[ResourceClaim],
    classes: Mapping[str, DeviceClass],
    questions: Questions,
    *,
    error: str = "",
    holders: Mapping[DeviceId, str] | None = None,
    budget: int = STEPS,
) -> WhyNot:
    """Account for a failure on a node.

    Args:
        inventory: As for ``allocate``.
        allocated: As for ``allocate``.
        node: As for ``allocate``.
        claims: As for ``allocate``.
        classes: As for ``allocate``.
        questions: As for ``allocate``.
        error: The error that the scheduler reports, if it is one.
        holders: Who holds a device (``namespace/claim``), where that is known.
        budget: Steps for finding what conflicts; the account of single requests needs none.
    """
    read = read_claims(claims, classes, inventory.features, questions)
    pools = inventory.for_node(node)
    here = {candidate.device.id for candidate in pools.candidates}
    elsewhere = sum(
        1 for slices in inventory.pools.values() for item in slices for device in item.devices if device.id not in here
    )
    troubles = tuple(_trouble(pool) for pool in pools.pools if pool.incomplete or pool.invalid_reason)
    accounts: list[RequestAccount] = []
    for claim in read:
        for alternatives in claim.requests:
            found = [
                _account(
                    request,
                    claim,
                    InFlight(node, inventory.features, allocated, read, questions),
                    pools.candidates,
                    holders,
                )
                for request in alternatives
            ]
            if not any(account.enough for account in found):
                accounts += found
    conflict = None
    if not accounts and not error and read:
        conflict = smallest_conflict(inventory, allocated, node, read, questions, budget)
    summary = error or _summary(accounts, conflict, troubles, len(here), elsewhere)
    return WhyNot(summary, error, tuple(accounts), conflict, troubles, elsewhere)


def _trouble(pool: Pool) -> PoolTrouble:
    if pool.incomplete:
        return PoolTrouble(pool.name, "incomplete: slices of its newest generation are missing")
    return PoolTrouble(pool.name, f"invalid: {pool.invalid_reason}")


def _account(
    request: Request,
    claim: ReadClaim,
    state: InFlight,
    candidates: Sequence[Candidate],
    holders: Mapping[DeviceId, str] | None,
) -> RequestAccount:
    wanted = -1 if request.all_devices else request.count
    if request.error:
        return RequestAccount(claim.label, request.full_name, wanted, 0)
    fitting = 0
    first: dict[str, Refused] = {}
    count: dict[str, int] = {}
    for candidate in candidates:
        refused = refusing_rule(request, candidate, state, holders or {})
        if refused is None:
            fitting += 1
        else:
            first.setdefault(refused.rule, refused)
            count[refused.rule] = count.get(refused.rule, 0) + 1
    rules = [rule for rule in RULES if rule in first]
    refusals = tuple(RuleRefusals(rule, count[rule], first[rule].device, first[rule].detail) for rule in rules)
    if request.all_devices and any(rule not in ("Class", "Request", "OtherNode") for rule in rules):
        fitting = 0  # all that match are wanted, and one of them is refused
    return RequestAccount(
        claim.label, request.full_name, wanted, fitting, refusals, first[rules[-1]] if rules else None
    )


def _summary(
    accounts: Sequence[RequestAccount],
    conflict: Conflict | None,
    troubles: Sequence[PoolTrouble],
    here: int,
    elsewhere: int,
) -> str:
    parts: list[str] = []
    for account in accounts:
        if not here:
            others = f"; {elsewhere} elsewhere" if elsewhere else ""
            parts.append(f"request {account.request}: the node has no devices{others}")
            continue
        wanted = "all matching devices" if account.wanted < 0 else f"{account.wanted} of {here} devices"
        refusals = ", ".join(f"{item.devices} {_IN_WORDS[item.rule]} ({item.detail})" for item in account.refused)
        parts.append(f"request {account.request} wants {wanted}, {account.fitting} fit: {refusals}")
    if conflict is not None:
        parts.append(conflict.sentence)
    parts += [f"pool {trouble.pool} is {trouble.trouble}" for trouble in troubles]
    return "; ".join(parts) or "the claims do not fit on the node"


_IN_WORDS: Mapping[str, str] = {
    "InUse": "in use",
    "BindingConditions": "with binding conditions",
    "Class": "not of the class",
    "Request": "not selected by the request",
    "Error": "with an error",
    "OtherNode": "for other nodes",
    "Capacity": "without the capacity",
    "NodeOperations": "that the node cannot use",
    "Partitions": "that are partitions",
    "CompatibilityGroups": "incompatible with what is in use",
    "Counter": "without counters left",
    "Taint": "tainted",
    "Constraint": "against a constraint",
}
