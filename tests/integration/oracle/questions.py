"""Generated allocation questions: small clusters and claims that use every feature and many combinations of them."""

from __future__ import annotations

from typing import TypeAlias

from dra_core.allocation.features import Features
from dra_core.snapshot.json_value import Json
from hypothesis import settings
from hypothesis import strategies as st

Draw: TypeAlias = st.DrawFn
JsonDict: TypeAlias = dict[str, Json]

DRIVER, OTHER_DRIVER = "a.example.com", "b.example.com"
CLASSES = ("plain", "small", "broken", "configured")
NODE, OTHER_NODE = "node-1", "node-2"
FEATURES = tuple(sorted(Features.__struct_encode_fields__))
STABLE_FEATURES = ("AdminAccess", "DeviceTaints", "PartitionableDevices", "PrioritizedList")

EXPRESSIONS = (
    "true",
    "device.driver == 'a.example.com'",
    "device.attributes['a.example.com'].model == 'x'",
    "device.attributes['a.example.com'].index >= 1",
    "device.attributes['a.example.com'].missing == 1",
    "'model' in device.attributes['a.example.com']",
    "device.capacity['a.example.com'].memory.compareTo(quantity('4Gi')) >= 0",
    "device.allowMultipleAllocations",
)
SAFE_EXPRESSIONS = (
    *EXPRESSIONS[:2],
    *EXPRESSIONS[5:6],
    "device.attributes['a.example.com'].?model.orValue('') == 'x'",
    "device.attributes[device.driver].?index.orValue(0) < 3",
    "device.capacity['a.example.com'].?memory.orValue(quantity('1Gi')).isGreaterThan(quantity('500Mi'))",
    "cel.bind(own, device.attributes['a.example.com'], !has(own.model) || own.model.matches('^[xy]$'))",
    "device.attributes['a.example.com'].all(name, value, name != 'numa' || value != 0)",
)
BAD_EXPRESSIONS = (
    "device.driver == ",
    "device.driver",
    "device.nothing == 1",
    "device.driver == 1",
    "nothing",
    "device.attributes['a.example.com'].numa",
    "device.attributes['a.example.com'].model > 3",
    "device.attributes['a.example.com'].numa.isGreaterThan(semver('1.1.0'))",
)
DERIVED = (
    "device.attributes['a.example.com'].index",
    "device.driver",
    "device.attributes['a.example.com'].missing",
    "device.attributes['a.example.com'].?numa.orValue(7)",
    "['x', device.driver]",
    "device.attributes['a.example.com'].?index.orValue(0) > 1",
    "semver('1.0.0')",
    "1.5",
    "device.capacity",
)
AMOUNTS = ("0", "1", "2", "4", "1Gi", "2Gi", "4Gi", "1024Mi", "8Gi", "500m", "1500m", "3", "10", "0.5", "1e1")
ENOUGH = ("4", "10", "4Gi", "8Gi", "8Gi")


def examples(usual: int) -> int:
    """How many generated questions a test takes: drawing one is slow; the nightly profile asks for more."""
    default = settings.default
    return max(usual, default.max_examples) if default is not None and default.max_examples > 100 else usual


def seldom(often: int) -> st.SearchStrategy[bool]:
    """True about once in ``often``; the bounds of a range come too often to be the rare case."""
    return st.integers(0, often).map(lambda value: value == max(1, often // 2))


@st.composite
def questions(draw: Draw) -> JsonDict:
    """A question with everything drawn."""
    features = draw(_features())
    pools = draw(st.sampled_from((0, 1, 1, 1, 1, 2, 2, 2, 3, 3)))
    plain = draw(st.booleans())  # nothing odd about the pools, so that more is found
    slices = [item for number in range(pools) for item in draw(_pool(number, plain))]
    if draw(seldom(4)):
        slices = list(draw(st.permutations(slices)))
    lenient = draw(seldom(8))  # may use what is not enabled
    claims = [
        draw(_claim(number, FEATURES if lenient else features, plain))
        for number in range(draw(st.sampled_from((1, 1, 1, 1, 2, 2, 3))))
    ]
    labels = {"zone": draw(st.sampled_from(("east", "east", "west"))), "size": "7"}
    node: JsonDict = {"metadata": {"name": NODE, "labels": labels}}
    if draw(st.booleans()):
        node["status"] = {"declaredFeatures": ["DRAOptionalNodeOperations"]}
    return {
        "name": "generated",
        "features": dict.fromkeys(features, True),
        "node": node,
        "deviceClasses": [_class(name) for name in CLASSES],
        "resourceSlices": slices,
        "allocated": draw(_allocated(slices)),
        "claims": claims,
    }


def _features() -> st.SearchStrategy[tuple[str, ...]]:
    by_name = {field: field for field in FEATURES}
    defaults = tuple(name for name in by_name if getattr(Features.of_version("1.37"), _snake(name)))
    return st.one_of(
        st.just(FEATURES),
        st.just(FEATURES),
        st.just(defaults),
        st.just(defaults),
        st.just(STABLE_FEATURES),
        st.lists(st.sampled_from(FEATURES), unique=True).map(tuple),
        st.lists(st.sampled_from(FEATURES), unique=True, max_size=2).map(
            lambda without: tuple(name for name in FEATURES if name not in without)
        ),
    )


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def _class(name: str) -> JsonDict:
    spec: JsonDict = {}
    if name == "small":
        spec = {"selectors": [{"cel": {"expression": EXPRESSIONS[1]}}]}
    if name == "broken":
        spec = {"selectors": [{"cel": {"expression": EXPRESSIONS[4]}}]}
    if name == "configured":
        spec = {
            "config": [
                {"opaque": {"driver": DRIVER, "parameters": {"kind": "A"}}},
                {"opaque": {"driver": OTHER_DRIVER, "parameters": {"kind": "B", "null": None}}},
            ]
        }
    return {"metadata": {"name": name}, "spec": spec}


@st.composite
def _pool(draw: Draw, number: int, plain: bool) -> list[JsonDict]:
    driver = draw(st.sampled_from((DRIVER, DRIVER, OTHER_DRIVER)))
    pool = f"pool-{number}"
    generation = draw(st.sampled_from((1, 1, 1, 2)))
    partitions = draw(seldom(3))
    amount = draw(st.integers(1, 3))
    where = draw(_where())
    slices: list[JsonDict] = []
    for index in range(amount):
        here = {"nodeName": NODE} if draw(st.booleans()) else {"allNodes": True}
        spec: JsonDict = {**(here if plain else where if draw(seldom(2)) else draw(_where()))}
        devices: list[Json] = [
            draw(_device(f"dev-{index}-{i}", partitions, "perDeviceNodeSelection" in spec, plain))
            for i in range(draw(st.integers(0, 5)))
        ]
        if devices and not plain and draw(seldom(60)):
            devices.append(devices[0])
        if partitions and not plain and draw(seldom(20)):
            spec["sharedCounters"] = [{"name": f"set-{index}", "counters": {"units": {"value": "4"}}}]
        if draw(seldom(6)):
            spec["skipNodeOperations"] = draw(st.sampled_from((["NodeUnprepareResources"], ["*"])))
        slices.append(_slice(driver, pool, index, generation, spec | {"devices": devices}))
    if partitions and (plain or draw(seldom(10)) is False):
        sets: list[Json] = [
            {"name": f"set-{i}", "counters": {"units": {"value": draw(st.sampled_from(("2", "3", "4", "0")))}}}
            for i in range(2)
        ]
        spec = where if draw(st.booleans()) else draw(_where())
        slices.append(_slice(driver, pool, amount, generation, {**spec, "sharedCounters": sets}))
    count = len(slices) + (1 if not plain and draw(seldom(30)) else 0)
    if not plain and draw(seldom(20)):
        slices.append(_slice(driver, pool, 9, generation + draw(st.sampled_from((-1, 1))), {**draw(_where())}))
    for item in slices:
        item["spec"]["pool"]["resourceSliceCount"] = count  # type: ignore[index, call-overload]  # built above
    return slices


def _slice(driver: str, pool: str, index: int, generation: int, spec: JsonDict) -> JsonDict:
    return {
        "metadata": {"name": f"{pool}-{9 - index}"},
        "spec": {"driver": driver, "pool": {"name": pool, "generation": generation}, **spec},
    }


@st.composite
def _where(draw: Draw) -> JsonDict:
    return draw(
        st.sampled_from(
            (
                *({"nodeName": NODE} for _ in range(6)),
                *({"allNodes": True} for _ in range(3)),
                {"nodeName": OTHER_NODE},
                {"nodeSelector": _selector("zone", "east")},
                {"nodeSelector": _selector("zone", "west")},
                {"nodeSelector": draw(_odd_selector())},
                {"perDeviceNodeSelection": True},
                {"perDeviceNodeSelection": True},
            )
        )
    )


def _odd_selector() -> st.SearchStrategy[JsonDict]:
    """Selectors of each operator, of fields, of several terms, and such as are wrong."""
    requirement: st.SearchStrategy[JsonDict] = st.sampled_from(
        (
            {"key": "zone", "operator": "NotIn", "values": ["west"]},
            {"key": "zone", "operator": "Exists"},
            {"key": "nothing", "operator": "DoesNotExist"},
            {"key": "size", "operator": "Gt", "values": ["5"]},
            {"key": "size", "operator": "Lt", "values": ["5"]},
            {"key": "zone", "operator": "In", "values": ["east", "west"]},
            {"key": "zone", "operator": "Like", "values": ["east"]},
            {"key": "zone", "operator": "In"},
            {"key": "zone", "operator": "Gt", "values": ["x"]},
        )
    )
    field: st.SearchStrategy[JsonDict] = st.sampled_from(
        (
            {"key": "metadata.name", "operator": "In", "values": [NODE]},
            {"key": "metadata.name", "operator": "NotIn", "values": [NODE]},
            {"key": "metadata.uid", "operator": "In", "values": [NODE]},
        )
    )
    term: st.SearchStrategy[JsonDict] = st.one_of(
        st.fixed_dictionaries({"matchExpressions": st.lists(requirement, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"matchFields": st.lists(field, min_size=1, max_size=1)}),
        st.fixed_dictionaries(
            {"matchFields": st.just([_this_node()]), "matchExpressions": st.lists(requirement, max_size=1)}
        ),
        st.just({}),
    )
    return st.lists(term, min_size=1, max_size=2).map(lambda terms: {"nodeSelectorTerms": terms})


def _this_node() -> JsonDict:
    return {"key": "metadata.name", "operator": "In", "values": [NODE]}


def _selector(key: str, value: str) -> JsonDict:
    return {"nodeSelectorTerms": [{"matchExpressions": [{"key": key, "operator": "In", "values": [value]}]}]}


@st.composite
def _device(draw: Draw, name: str, partitions: bool, own_node: bool, plain: bool) -> JsonDict:
    device: JsonDict = {"name": name}
    if own_node:
        device |= draw(
            st.sampled_from(
                (
                    {"nodeName": NODE},
                    {"allNodes": True},
                    {"nodeName": OTHER_NODE},
                    {"nodeSelector": _selector("zone", "east")},
                    {"nodeSelector": _selector("zone", "west")},
                )
            )
        )
    attributes = draw(_attributes())
    if not plain and draw(seldom(60)):
        attributes["odd"] = draw(st.sampled_from(({}, {"version": "1.x"}, {"versions": ["1"]})))
    device["attributes"] = attributes
    if draw(seldom(2)):
        device["capacity"] = draw(_capacity())
    if draw(seldom(3)):
        device["allowMultipleAllocations"] = True
    if partitions and draw(seldom(3)) is False:
        device["consumesCounters"] = draw(_consumed(plain))
    if draw(seldom(8 if plain else 5)):
        device["taints"] = [
            {
                "key": draw(st.sampled_from(("k", "l"))),
                "value": draw(st.sampled_from(("", "v"))),
                "effect": draw(st.sampled_from(("NoSchedule", "NoExecute", "None", "Unheard"))),
                "timeAdded": "2026-01-02T03:04:05Z",
            }
            for _ in range(draw(st.sampled_from((1, 1, 2))))
        ]
    if draw(seldom(8)):
        device["bindingConditions"] = ["ready"]
        device["bindingFailureConditions"] = ["failed"]
    if draw(seldom(8)):
        device["bindsToNode"] = True
    if draw(seldom(20)):
        device["nodeAllocatableResources"] = {"cpu": {"mapping": {"deviceMultiplier": "2"}}}
    return device


@st.composite
def _attributes(draw: Draw) -> JsonDict:
    attributes: JsonDict = {}
    if draw(seldom(8)) is False:
        attributes["model"] = {"string": draw(st.sampled_from(("x", "y", "z")))}
    if draw(seldom(8)) is False:
        attributes["index"] = {"int": draw(st.integers(0, 3))}
    if draw(seldom(3)):
        attributes["a.example.com/numa"] = draw(
            st.sampled_from(
                (
                    {"int": 0}, {"int": 1}, {"string": "0"}, {"bool": True}, {"version": "1.0.0"}, {"version": "1.2.0"},
                    {"ints": [0, 1]}, {"ints": [1, 2]}, {"strings": ["0"]}, {"bools": [True]},
                    {"versions": ["1.0.0", "1.1.0"]}, {"ints": []},
                )
            )
        )  # fmt: skip
    return attributes


@st.composite
def _capacity(draw: Draw) -> JsonDict:
    capacity: JsonDict = {}
    for name in draw(st.sampled_from((("memory",), ("memory", "units"), ("units",)))):
        item: JsonDict = {"value": draw(st.sampled_from(AMOUNTS + ENOUGH * 3))}
        policy = draw(st.sampled_from((0, 0, 0, 1, 2, 3, 4)))
        if policy == 1:
            item["requestPolicy"] = {"default": draw(st.sampled_from(AMOUNTS))}
        if policy == 2:
            values = draw(st.lists(st.sampled_from(AMOUNTS), min_size=1, max_size=3, unique=True))
            item["requestPolicy"] = {"default": draw(st.sampled_from(values)), "validValues": values}
        if policy >= 3:
            bounds: JsonDict = {"min": draw(st.sampled_from(AMOUNTS))}
            if draw(st.booleans()):
                bounds["max"] = draw(st.sampled_from(AMOUNTS))
            if draw(st.booleans()):
                bounds["step"] = draw(st.sampled_from([item for item in AMOUNTS if item != "0"]))
            item["requestPolicy"] = {"default": draw(st.sampled_from(AMOUNTS)), "validRange": bounds}
        capacity[name] = item
    return capacity


@st.composite
def _consumed(draw: Draw, plain: bool) -> list[JsonDict]:
    consumed: list[JsonDict] = []
    for name in draw(st.sampled_from((("set-0",), ("set-1",), ("set-0", "set-1")))):
        if not plain and draw(seldom(40)):
            name = "set-9"
        counter = "others" if not plain and draw(seldom(40)) else "units"
        taken: JsonDict = {"counterSet": name, "counters": {counter: {"value": draw(st.sampled_from(("1", "2", "3")))}}}
        if draw(seldom(5)):
            taken["compatibilityGroups"] = draw(st.sampled_from((["g"], ["h"], ["g", "h"])))
        consumed.append(taken)
    return consumed


@st.composite
def _allocated(draw: Draw, slices: list[JsonDict]) -> JsonDict:
    devices: list[JsonDict] = []
    shared: list[JsonDict] = []
    amounts: list[JsonDict] = []
    for item in slices:
        spec = item["spec"]
        assert isinstance(spec, dict)
        pool = spec["pool"]
        listed = spec.get("devices", [])
        assert isinstance(pool, dict)
        assert isinstance(listed, list)
        for device in listed:
            assert isinstance(device, dict)
            named = {"driver": spec["driver"], "pool": pool["name"], "device": device["name"]}
            use = draw(st.integers(0, 9))
            if device.get("allowMultipleAllocations") and use in (0, 1, 2):
                shared.append({**named, "shareID": f"share-{len(shared)}"})
                capacity = device.get("capacity")
                if isinstance(capacity, dict) and use > 0:
                    taken = {name: draw(st.sampled_from(AMOUNTS)) for name in capacity}
                    amounts.append({**named, "consumedCapacity": taken})
            elif use == 3:
                devices.append(named)
    return {"devices": devices, "sharedDeviceIDs": shared, "aggregatedCapacity": amounts}


@st.composite
def _claim(draw: Draw, number: int, features: tuple[str, ...], plain: bool) -> JsonDict:
    requests = [draw(_request(f"req-{i}", features, plain)) for i in range(draw(st.sampled_from((1, 1, 1, 2, 2, 3))))]
    names = [str(request["name"]) for request in requests]
    for request in requests:
        alternatives = request.get("firstAvailable")
        if isinstance(alternatives, list):
            names += [f"{request['name']}/{item['name']}" for item in alternatives if isinstance(item, dict)]
    some_names: st.SearchStrategy[list[str]] = st.one_of(
        st.just([]), st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True)
    )
    devices: JsonDict = {"requests": requests}
    if draw(seldom(3)):
        devices["constraints"] = [
            {
                "requests": draw(some_names),
                draw(st.sampled_from(("matchAttribute", "distinctAttribute"))): draw(
                    st.sampled_from(
                        ("a.example.com/model", "a.example.com/numa", "a.example.com/index", "a.example.com/derived")
                    )
                ),
            }
            for _ in range(draw(st.integers(1, 2)))
        ]
    if draw(seldom(3)):
        devices["config"] = [
            {"requests": draw(some_names), "opaque": {"driver": DRIVER, "parameters": {"number": i}}}
            for i in range(draw(st.integers(1, 2)))
        ]
    return {"metadata": {"name": f"claim-{number}", "namespace": "default", "uid": f"uid-{number}"},
            "spec": {"devices": devices}}  # fmt: skip


@st.composite
def _request(draw: Draw, name: str, features: tuple[str, ...], plain: bool) -> JsonDict:
    if "PrioritizedList" in features and draw(seldom(4)):
        return {
            "name": name,
            "firstAvailable": [
                {"name": f"sub-{i}", **draw(_exactly(True, features, plain))} for i in range(draw(st.integers(1, 3)))
            ],
        }
    return {"name": name, "exactly": draw(_exactly(False, features, plain))}


@st.composite
def _exactly(draw: Draw, in_list: bool, features: tuple[str, ...], plain: bool) -> JsonDict:
    request: JsonDict = {
        "deviceClassName": draw(
            st.sampled_from(
                (*(CLASSES[:1] * 12), *(CLASSES[1:2] * 5), *(("configured",) * 4), *("broken",) * (not plain))
            )
        )
    }
    if draw(seldom(80)):
        request["deviceClassName"] = draw(st.sampled_from(("unknown", "")))
    mode = draw(st.sampled_from(("ExactCount",) * 5 + ("All",)))
    if draw(seldom(100)):
        mode = draw(st.sampled_from(("", "Some")))
    request["allocationMode"] = mode
    if mode == "ExactCount":
        usual = (1, 1, 1, 1, 2) if plain else (1, 1, 2)
        request["count"] = draw(st.sampled_from((1, 1, 1, 1, 2, 2, 3, 0, 20, 33) if draw(seldom(12)) else usual))
    if draw(seldom(3)):
        odd_ones = not plain and draw(seldom(8))
        usable: tuple[str, ...] = (*EXPRESSIONS, *EXPRESSIONS, *BAD_EXPRESSIONS) if odd_ones else SAFE_EXPRESSIONS
        selectors: list[Json] = [
            {"cel": {"expression": draw(st.sampled_from(usable))}} for _ in range(draw(st.integers(1, 2)))
        ]
        request["selectors"] = selectors + ([{}] if draw(seldom(80)) else [])
    if not in_list and "AdminAccess" in features and draw(seldom(5)):
        request["adminAccess"] = draw(st.sampled_from((True, True, False)))
    if draw(seldom(4)):
        request["tolerations"] = [draw(_toleration()) for _ in range(draw(st.sampled_from((1, 1, 2))))]
    if "ConsumableCapacity" in features and draw(seldom(3)):
        wanted = draw(st.sampled_from((("memory",), ("memory",), ("units",), ("memory", "units"), ())))
        request["capacity"] = {"requests": {name: draw(st.sampled_from(AMOUNTS)) for name in wanted}}
    if "ConsumableCapacity" in features and draw(seldom(60)):
        request["capacity"] = draw(
            st.sampled_from(({}, {"requests": {"a.example.com/memory": "1"}}, {"requests": {"x": "1"}}))
        )
    if "DerivedAttributes" in features and draw(seldom(10)):
        request["derivedAttributes"] = [
            {"name": f"{DRIVER}/{name}", "expression": draw(st.sampled_from(DERIVED[:2] if plain else DERIVED))}
            for name in draw(
                st.sampled_from((("a.example.com/derived",), ("a.example.com/derived", "a.example.com/model")))
            )
        ]
    return request


def _toleration() -> st.SearchStrategy[JsonDict]:
    return st.sampled_from(
        (
            {"operator": "Exists"},
            {"key": "k", "operator": "Exists"},
            {"key": "k", "operator": "Equal", "value": "v"},
            {"key": "l", "operator": "Equal", "value": "", "effect": "NoSchedule"},
            {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 30},
            {"key": "k", "operator": "Equal", "value": ""},
            {"key": "k", "operator": "Unheard", "value": "v"},
            {"value": "v"},
        )
    )
