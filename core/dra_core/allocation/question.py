"""Questions about allocation as JSON, one object each: the machine interface (``kubectl-dra allocate --jsonl``).

A question is read as Go reads Kubernetes objects: null is as good as absent, a quantity may be a number, and fields
that nobody knows are passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec
from returns.result import Failure, Result, Success

from dra_core.allocation.allocate import Allocation, Answer, Wrong, allocate
from dra_core.allocation.allocated import Allocated, DeviceId
from dra_core.allocation.features import Features
from dra_core.allocation.inventory import Inventory
from dra_core.allocation.selectors import Questions
from dra_core.allocation.why_not import why_not
from dra_core.refusal import Fault, Refusal, Refusals
from dra_core.snapshot.codec import decode_reporting, encode
from dra_core.snapshot.device_class import DeviceClass
from dra_core.snapshot.json_value import Json, JsonObject, list_at, object_at, text_at
from dra_core.snapshot.node import Node
from dra_core.snapshot.quantity import parse
from dra_core.snapshot.resource_claim import AllocationResult, ResourceClaim
from dra_core.snapshot.resource_slice import ResourceSlice

Record = TypeVar("Record", bound=msgspec.Struct)

_AMOUNTS = ("value", "default", "min", "max", "step")  # fields of DeviceCapacity, its policies, and Counter
_OPAQUE = "parameters"  # belongs to drivers: passed on as it is


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Can these claims be allocated on this node, and what do they get?"""

    name: str
    features: Features
    node: Node
    classes: Mapping[str, DeviceClass]
    slices: tuple[ResourceSlice, ...]
    allocated: Allocated
    claims: tuple[ResourceClaim, ...]


def read_question(value: Json) -> Result[Question, Refusals]:
    """Read a question, or say everything that is wrong with it."""
    if not isinstance(value, Mapping):
        return Failure((_refusal("", "the line is not a JSON object"),))
    faults: list[Refusal] = []
    node = _record(Node, {"metadata": {}, **object_at(value, "node")}, "node", faults)
    classes = _records(DeviceClass, value, "deviceClasses", faults)
    slices = _records(ResourceSlice, value, "resourceSlices", faults)
    claims = _records(ResourceClaim, value, "claims", faults)
    allocated = _allocated(object_at(value, "allocated"), faults)
    faults += _amount_faults(slices, claims)
    if node is None or faults:
        return Failure(tuple(faults))
    switches = object_at(value, "features")
    return Success(
        Question(
            name=text_at(value, "name"),
            features=Features.named({name: switch is True for name, switch in switches.items()}),
            node=node,
            classes={item.metadata.name: item for item in reversed(classes)},
            slices=tuple(slices),
            allocated=allocated,
            claims=tuple(claims),
        )
    )


def answer_question(
    question: Question, questions: Questions, share_ids: Callable[[], str], budget: int
) -> tuple[Inventory, Answer]:
    """The answer, and the inventory that it was found in."""
    inventory = Inventory(question.slices, question.features)
    answer = allocate(
        inventory,
        question.allocated,
        question.node,
        question.claims,
        question.classes,
        questions,
        share_ids=share_ids,
        budget=budget,
    )
    return inventory, answer


def reasons_of(
    question: Question, inventory: Inventory, answer: Answer, questions: Questions, budget: int
) -> JsonObject:
    """Why not, as JSON."""
    account = why_not(
        inventory,
        question.allocated,
        question.node,
        question.claims,
        question.classes,
        questions,
        error=answer.text if isinstance(answer, Wrong) else "",
        budget=budget,
    )
    reasons: JsonObject = msgspec.json.decode(msgspec.json.encode(account))
    return reasons


def written(name: str, answer: Answer, reasons: Json) -> JsonObject:
    """The answer as JSON."""
    if isinstance(answer, Allocation):
        results = list(map(_result, answer.results))
        return {"name": name, "success": True, "results": results, "error": None, "reasons": None}
    error = answer.text if isinstance(answer, Wrong) else answer.gave_up or None
    return {"name": name, "success": False, "results": [], "error": error, "reasons": reasons}


def unreadable(name: str, faults: Refusals) -> JsonObject:
    """The answer to a line that is no question."""
    text = "; ".join(fault.sentence for fault in faults)
    reasons = [{"code": fault.code, "path": fault.path, "seen": fault.seen, "hint": fault.hint} for fault in faults]
    return {"name": name, "success": False, "results": [], "error": f"malformed: {text}", "reasons": reasons}


def _result(result: AllocationResult) -> Json:
    return {"devices": {}, **encode(result)}


def _refusal(path: str, seen: str) -> Refusal:
    return Refusal(code="MalformedQuestion", fault=Fault.USER, path=path, seen=seen)


def _records(kind: type[Record], value: JsonObject, field: str, faults: list[Refusal]) -> list[Record]:
    items = value.get(field)
    if items is None:
        return []
    if isinstance(items, str) or not isinstance(items, list | tuple):
        faults.append(_refusal(field, "expected a list"))
        return []
    read = [_record(kind, item, f"{field}[{i}]", faults) for i, item in enumerate(items)]
    return [item for item in read if item is not None]


def _record(kind: type[Record], value: Json, path: str, faults: list[Refusal]) -> Record | None:
    decoded = decode_reporting(kind, value)
    if isinstance(decoded, Failure):
        decoded = decode_reporting(kind, _as_go_reads(value))
    if isinstance(decoded, Failure):
        faults += [fault.below(path) for fault in decoded.failure() if fault.code != "UnknownField"]
        return None
    return decoded.unwrap().record


def _as_go_reads(value: Json) -> Json:
    """The same without nulls, and with amounts as texts."""
    if isinstance(value, Mapping):
        return {key: _field(key, item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_as_go_reads(item) for item in value]
    return value


def _field(key: str, item: Json) -> Json:
    if key == _OPAQUE:
        return item
    if key in _AMOUNTS:
        return _amount(item)
    if key == "validValues" and isinstance(item, list | tuple):
        return [_amount(value) for value in item]
    if key == "requests" and isinstance(item, Mapping):
        return {name: _amount(value) for name, value in item.items()}
    return _as_go_reads(item)


def _amount(item: Json) -> Json:
    if isinstance(item, int | float) and not isinstance(item, bool):
        return f"{item:.0f}" if item == int(item) else str(item)
    return item.strip() if isinstance(item, str) else _as_go_reads(item)


def _allocated(value: JsonObject, faults: list[Refusal]) -> Allocated:
    consumed: list[tuple[DeviceId, Mapping[str, int]]] = []
    for i, item in enumerate(list_at(value, "aggregatedCapacity")):
        amounts: dict[str, int] = {}
        for name, written_amount in object_at(item, "consumedCapacity").items():
            amount = parse(str(_amount(written_amount)))
            if amount is None:
                path = f"allocated.aggregatedCapacity[{i}].consumedCapacity.{name}"
                faults.append(_refusal(path, f"{written_amount!r} is not a quantity"))
            else:
                amounts[name] = amount.nanos
        consumed.append((_device_id(item), amounts))
    return Allocated().having(
        [_device_id(item) for item in list_at(value, "devices")],
        [_device_id(item) for item in list_at(value, "sharedDeviceIDs")],
        consumed,
    )


def _device_id(item: Json) -> DeviceId:
    return text_at(item, "driver"), text_at(item, "pool"), text_at(item, "device")


def _amount_faults(slices: list[ResourceSlice], claims: list[ResourceClaim]) -> list[Refusal]:
    """Texts that should be quantities and are not."""
    faults: list[Refusal] = []
    for i, item in enumerate(slices):
        texts = {counter.value for counters in item.spec.shared_counters for counter in counters.counters.values()}
        for device in item.spec.devices:
            for capacity in device.capacity.values():
                texts.add(capacity.value)
                policy = capacity.request_policy
                if policy is not None:
                    bounds = policy.valid_range
                    limits = (bounds.min, bounds.max, bounds.step) if bounds is not None else ()
                    texts.update(text for text in (policy.default, *policy.valid_values, *limits) if text is not None)
            texts |= {counter.value for taken in device.consumes_counters for counter in taken.counters.values()}
        faults += [_refusal(f"resourceSlices[{i}]", f"{text!r} is not a quantity") for text in texts if not parse(text)]
    for i, claim in enumerate(claims):
        for request in claim.spec.devices.requests:
            for part in (request.exactly, *request.first_available):
                amounts = part.capacity.requests.values() if part is not None and part.capacity is not None else ()
                faults += [
                    _refusal(f"claims[{i}]", f"{text!r} is not a quantity") for text in amounts if not parse(text)
                ]
    return faults
