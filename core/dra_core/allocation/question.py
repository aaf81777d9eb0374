"""Questions about allocation as JSON, one object each: the machine interface (``kubectl-dra allocate --jsonl``).

A question is read as Go reads Kubernetes objects (``as_go_reads``); fields that nobody knows are passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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
from dra_core.snapshot.as_go_reads import amount, with_go_zeros
from dra_core.snapshot.codec import decode_reporting, encode
from dra_core.snapshot.device import CapacityRequestPolicy
from dra_core.snapshot.device_class import DeviceClass
from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, object_at, text_at
from dra_core.snapshot.node import Node
from dra_core.snapshot.quantity import parse
from dra_core.snapshot.resource_claim import AllocationResult, ResourceClaim
from dra_core.snapshot.resource_slice import ResourceSlice

Record = TypeVar("Record", bound=msgspec.Struct)


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
    faults: list[Refusal] = _shape_faults(value)
    node = _record(Node, {"metadata": {}, **object_at(value, "node")}, "node", faults)
    classes = _records(DeviceClass, value, "deviceClasses", faults)
    slices = _records(ResourceSlice, value, "resourceSlices", faults)
    claims = _records(ResourceClaim, value, "claims", faults)
    allocated = _allocated(object_at(value, "allocated"), faults)
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


def _shape_faults(value: JsonObject) -> list[Refusal]:
    """Members of the question itself that are of a wrong type; null is as good as absent."""
    faults: list[Refusal] = []
    if not isinstance(value.get("name", ""), str | None):
        faults.append(_refusal("name", "expected a text"))
    for field in ("node", "allocated", "features"):
        if not isinstance(value.get(field), Mapping | None):
            faults.append(_refusal(field, "expected an object"))
    for name, switch in object_at(value, "features").items():
        if name in Features.__struct_encode_fields__ and not isinstance(switch, bool | None):
            faults.append(_refusal(f"features.{name}", "expected true or false"))
    for field in ("devices", "sharedDeviceIDs", "aggregatedCapacity"):
        items = at(value, "allocated", field)
        if not isinstance(items, list | None):
            faults.append(_refusal(f"allocated.{field}", "expected a list"))
        for i, item in enumerate(list_at(value, "allocated", field)):
            faults += _held_faults(item, f"allocated.{field}[{i}]")
    return faults


def _held_faults(item: Json, path: str) -> list[Refusal]:
    if item is None:
        return []
    if not isinstance(item, Mapping):
        return [_refusal(path, "expected an object")]
    names = ("driver", "pool", "device", "shareID")
    faults = [
        _refusal(f"{path}.{name}", "expected a text") for name in names if not isinstance(item.get(name), str | None)
    ]
    if not isinstance(item.get("consumedCapacity"), Mapping | None):
        faults.append(_refusal(f"{path}.consumedCapacity", "expected an object"))
    return faults


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
    """Why not, as JSON; found in a quarter of the steps, so that nobody waits twice."""
    account = why_not(
        inventory,
        question.allocated,
        question.node,
        question.claims,
        question.classes,
        questions,
        error=answer.text if isinstance(answer, Wrong) else "",
        budget=max(1, budget // 4),
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
    if kind is ResourceClaim and isinstance(value, Mapping):
        value = {name: item for name, item in value.items() if name != "status"}  # decides nothing, whatever it holds
    decoded = decode_reporting(kind, value)
    if not isinstance(decoded, Failure) and not _not_quantities(decoded.unwrap().record):
        return decoded.unwrap().record
    decoded = decode_reporting(kind, with_go_zeros(kind, value))
    if isinstance(decoded, Failure):
        faults += [fault.below(path) for fault in decoded.failure() if fault.code != "UnknownField"]
        return None
    record = decoded.unwrap().record
    faults += [_refusal(path, f"{text!r} is not a quantity") for text in _not_quantities(record)]
    return record


def _allocated(value: JsonObject, faults: list[Refusal]) -> Allocated:
    consumed: list[tuple[DeviceId, Mapping[str, int]]] = []
    for i, item in enumerate(list_at(value, "aggregatedCapacity")):
        amounts: dict[str, int] = {}
        for name, written_amount in object_at(item, "consumedCapacity").items():
            parsed = parse(str(amount(written_amount)))
            if parsed is None:
                path = f"allocated.aggregatedCapacity[{i}].consumedCapacity.{name}"
                faults.append(_refusal(path, f"{written_amount!r} is not a quantity"))
            else:
                amounts[name] = parsed.nanos
        consumed.append((_device_id(item), amounts))
    return Allocated().having(
        [_device_id(item) for item in list_at(value, "devices")],
        [_device_id(item) for item in list_at(value, "sharedDeviceIDs")],
        consumed,
    )


def _device_id(item: Json) -> DeviceId:
    return text_at(item, "driver"), text_at(item, "pool"), text_at(item, "device")


def _not_quantities(record: msgspec.Struct) -> list[str]:
    """Texts that should be quantities and are not, as they stand."""
    return sorted(text for text in set(_amounts(record)) if not parse(text))


def _amounts(record: msgspec.Struct) -> Iterator[str]:
    match record:
        case ResourceSlice(spec=spec):
            for counter_set in spec.shared_counters:
                yield from (counter.value for counter in counter_set.counters.values())
            for device in spec.devices:
                for taken in device.consumes_counters:
                    yield from (counter.value for counter in taken.counters.values())
                for capacity in device.capacity.values():
                    yield capacity.value
                    if capacity.request_policy is not None:
                        yield from _of_policy(capacity.request_policy)
        case ResourceClaim(spec=claimed):
            for request in claimed.devices.requests:
                for part in (request.exactly, *request.first_available):
                    if part is not None and part.capacity is not None:
                        yield from part.capacity.requests.values()
        case _:
            return


def _of_policy(policy: CapacityRequestPolicy) -> Iterator[str]:
    bounds = policy.valid_range
    limits = (bounds.min, bounds.max, bounds.step) if bounds is not None else ()
    yield from (text for text in (policy.default, *policy.valid_values, *limits) if text is not None)
