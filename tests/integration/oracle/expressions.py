"""Expressions for two devices: our answers in the form of the oracle's."""

from __future__ import annotations

from collections.abc import Sequence

from dra_core.cel.environment import Environment
from dra_core.cel.expression import Expression, Fault, compile_condition, compile_derived
from dra_core.snapshot.codec import decode, encode
from dra_core.snapshot.device import Device
from dra_core.snapshot.json_value import Json, JsonObject, list_at

DRIVER = "gpu.example.com"
DEVICES: Sequence[JsonObject] = (
    {
        "name": "full",
        "attributes": {
            "model": {"string": "A100"},
            "index": {"int": 3},
            "flag": {"bool": True},
            "ver": {"version": "1.2.3"},
            "ints": {"ints": [1, 2, 3]},
            "strs": {"strings": ["a", "b"]},
            "empty": {"ints": []},
            "neg": {"int": -5},
            "vers": {"versions": ["1.0.0", "1.1.0"]},
            "other.org/name": {"string": "foo"},
            "other.org/bools": {"bools": [False, True]},
        },
        "capacity": {"memory": {"value": "80Gi"}, "units": {"value": "4"}, "frac": {"value": "1500m"}},
    },
    {"name": "bare"},
)
_RECORDS = [decode(Device, device).unwrap() for device in DEVICES]


def question(expression: str, *, derived: bool) -> JsonObject:
    """A question for the oracle."""
    return {"expression": expression, "driver": DRIVER, "devices": DEVICES, "derived": derived}


def ours(expression: str, *, derived: bool) -> JsonObject:
    """What drakit answers."""
    environment = Environment()
    found = (
        compile_derived(expression, environment)
        if derived
        else compile_condition(expression, environment, counted=True)
    )
    if isinstance(found, Fault):
        return {"compileError": found.text}
    return {"outputType": found.checked.output, "devices": [_one(found, device, derived) for device in _RECORDS]}


def _one(expression: Expression, device: Device, derived: bool) -> JsonObject:
    evaluated = expression.evaluate(DRIVER, device)
    answer: dict[str, Json] = {} if isinstance(evaluated, Fault) or derived else {"cost": evaluated.cost}
    result = expression.attribute(DRIVER, device) if derived else expression.holds(DRIVER, device)
    if isinstance(result, Fault):
        answer["error"] = result.text
    elif isinstance(result, bool):
        answer["matches"] = result
    else:
        answer["attribute"] = {name: item for name, item in encode(result).items() if item != []}
    return answer


def comparable(answer: JsonObject) -> JsonObject:
    """What both sides must agree in: refusal, type, and per device the result or failure, and the cost of results."""
    if answer.get("compileError"):
        return {"compileError": answer["compileError"]}
    return {"outputType": answer["outputType"], "devices": [_outcome(item) for item in list_at(answer, "devices")]}


def _outcome(item: Json) -> Json:
    assert isinstance(item, dict)
    return {key: value for key, value in item.items() if key in ("matches", "attribute", "error")}


def costs(answer: JsonObject) -> Sequence[Json]:
    """The cost of each device that has a result."""
    return [item.get("cost") for item in list_at(answer, "devices") if isinstance(item, dict) and "error" not in item]
