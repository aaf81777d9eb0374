"""How the questions of the table are put together: small parts of clusters and claims by name."""

from __future__ import annotations

from collections.abc import Sequence

from dra_core.snapshot.json_value import Json

from tests.integration.oracle.questions import DRIVER, NODE, JsonDict


def question(
    slices: Sequence[JsonDict],
    *claims: JsonDict,
    classes: Sequence[JsonDict] = (),
    allocated: JsonDict | None = None,
    labels: JsonDict | None = None,
    declared: Sequence[str] = (),
) -> JsonDict:
    """A question to the usual node, with the class ``plain`` beside those given."""
    node: JsonDict = {"metadata": {"name": NODE, **({} if labels is None else {"labels": labels})}}
    if declared:
        node["status"] = {"declaredFeatures": list(declared)}
    return {
        "node": node,
        "deviceClasses": [{"metadata": {"name": "plain"}, "spec": {}}, *classes],
        "resourceSlices": list(slices),
        "allocated": allocated or {},
        "claims": list(claims),
    }


def part(
    devices: Sequence[JsonDict] = (), *, name: str = "s", pool: str = "p", driver: str = DRIVER, generation: int = 1,
    count: int = 1, **spec: Json,
) -> JsonDict:  # fmt: skip
    """A slice; of this node if nothing else is said."""
    where = {"nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection"}
    rest: JsonDict = spec if where & set(spec) else {"nodeName": NODE, **spec}
    return {
        "metadata": {"name": name},
        "spec": {
            "driver": driver,
            "pool": {"name": pool, "generation": generation, "resourceSliceCount": count},
            **({"devices": list(devices)} if devices else {}),
            **rest,
        },
    }


def device(name: str, **fields: Json) -> JsonDict:
    """A device."""
    return {"name": name, **fields}


def some(count: int, **fields: Json) -> list[JsonDict]:
    """Devices d0, d1, … that are alike."""
    return [device(f"d{i}", **fields) for i in range(count)]


def models(*names: str) -> list[JsonDict]:
    """Devices d0, d1, … with these values of the attribute ``model``."""
    return [device(f"d{i}", attributes={"model": {"string": name}}) for i, name in enumerate(names)]


def valued(name: str, *values: JsonDict | None) -> list[JsonDict]:
    """Devices d0, d1, … with these values of an attribute."""
    return [device(f"d{i}", attributes={} if v is None else {name: v}) for i, v in enumerate(values)]


def claim(
    *requests: JsonDict, name: str = "claim-0", constraints: Sequence[JsonDict] = (), config: Sequence[JsonDict] = ()
) -> JsonDict:
    """A claim."""
    devices: JsonDict = {"requests": list(requests)}
    if constraints:
        devices["constraints"] = list(constraints)
    if config:
        devices["config"] = list(config)
    return {"metadata": {"name": name, "namespace": "default", "uid": name}, "spec": {"devices": devices}}


def want(name: str = "r", count: int = 1, **fields: Json) -> JsonDict:
    """A request for so many devices."""
    exactly: JsonDict = {"deviceClassName": "plain", "allocationMode": "ExactCount", "count": count, **fields}
    return {"name": name, "exactly": exactly}


def every(name: str = "r", **fields: Json) -> JsonDict:
    """A request for all devices."""
    return {"name": name, "exactly": {"deviceClassName": "plain", "allocationMode": "All", **fields}}


def first(name: str, *alternatives: JsonDict) -> JsonDict:
    """A prioritised list; each alternative is written as a request."""
    items: list[Json] = []
    for item in alternatives:
        exactly = item["exactly"]
        assert isinstance(exactly, dict)
        items.append({"name": item["name"], **exactly})
    return {"name": name, "firstAvailable": items}


def cel(*expressions: str) -> list[Json]:
    """Selectors."""
    return [{"cel": {"expression": expression}} for expression in expressions]


def match(attribute: str, *requests: str) -> JsonDict:
    """A matchAttribute constraint."""
    return {"matchAttribute": attribute, **({"requests": list(requests)} if requests else {})}


def distinct(attribute: str, *requests: str) -> JsonDict:
    """A distinctAttribute constraint."""
    return {"distinctAttribute": attribute, **({"requests": list(requests)} if requests else {})}


def opaque(kind: str, *requests: str, driver: str = DRIVER) -> JsonDict:
    """Configuration."""
    parameters: JsonDict = {"driver": driver, "parameters": {"kind": kind}}
    return {"opaque": parameters, **({"requests": list(requests)} if requests else {})}


def of_class(name: str, *expressions: str, config: Sequence[JsonDict] = ()) -> JsonDict:
    """A device class."""
    spec: JsonDict = {}
    if expressions:
        spec["selectors"] = cel(*expressions)
    if config:
        spec["config"] = list(config)
    return {"metadata": {"name": name}, "spec": spec}


def held(*names: str, pool: str = "p", driver: str = DRIVER) -> list[Json]:
    """Devices in use."""
    return [{"driver": driver, "pool": pool, "device": name} for name in names]


def counters(**amounts: str) -> JsonDict:
    """Counters with amounts."""
    return {name: {"value": amount} for name, amount in amounts.items()}


def sets(**of_set: JsonDict) -> list[Json]:
    """Counter sets."""
    return [{"name": name.replace("_", "-"), "counters": amounts} for name, amounts in of_set.items()]


def takes(counter_set: str, *groups: str, **amounts: str) -> JsonDict:
    """What a device takes from a counter set."""
    taken: JsonDict = {"counterSet": counter_set, "counters": counters(**amounts)}
    if groups:
        taken["compatibilityGroups"] = list(groups)
    return taken


def shared(value: str = "8Gi", policy: JsonDict | None = None, **fields: Json) -> JsonDict:
    """The fields of a device that many may share, with some memory."""
    memory: JsonDict = {"value": value, **({} if policy is None else {"requestPolicy": policy})}
    return {"allowMultipleAllocations": True, "capacity": {"memory": memory}, **fields}


def memory(amount: Json) -> JsonDict:
    """A capacity request."""
    return {"requests": {"memory": amount}}


def taint(effect: str = "NoSchedule", key: str = "k", value: str = "") -> JsonDict:
    """A taint."""
    return {"key": key, "value": value, "effect": effect, "timeAdded": "2026-01-02T03:04:05Z"}


def selector(*terms: JsonDict) -> JsonDict:
    """A node selector."""
    return {"nodeSelectorTerms": list(terms)}


def expressions(*requirements: tuple[str, str, list[str]]) -> JsonDict:
    """A term over labels."""
    return {"matchExpressions": [{"key": k, "operator": o, "values": list(v)} for k, o, v in requirements]}


def fields(*requirements: tuple[str, str, list[str]]) -> JsonDict:
    """A term over fields."""
    return {"matchFields": [{"key": k, "operator": o, "values": list(v)} for k, o, v in requirements]}


MODEL, INDEX, NUMA = f"{DRIVER}/model", f"{DRIVER}/index", f"{DRIVER}/numa"
TWO, THREE, FOUR = [part(some(2))], [part(some(3))], [part(some(4))]
ON_EAST = selector(expressions(("zone", "In", ["east"])))
ON_WEST = selector(expressions(("zone", "In", ["west"])))
PARTITIONS = [
    part(
        [
            device("whole", consumesCounters=[takes("set", units="4")]),
            device("half-0", consumesCounters=[takes("set", units="2")]),
            device("half-1", consumesCounters=[takes("set", units="2")]),
            device("free"),
        ],
        count=2,
    ),
    part(name="t", count=2, sharedCounters=sets(set=counters(units="4"))),
]
BROKEN = of_class("broken", "device.attributes['a.example.com'].missing == 1")
X_ONLY = "device.attributes['a.example.com'].model == 'x'"
HAS_MODEL = "'model' in device.attributes['a.example.com']"
TOLERATE_ALL: JsonDict = {"operator": "Exists"}
