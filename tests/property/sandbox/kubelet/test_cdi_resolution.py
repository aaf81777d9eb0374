"""CDI: a container gets exactly the edits of its devices, whatever else lies in the directories."""

from __future__ import annotations

from dra_core.snapshot.json_value import Json, JsonObject
from dra_sandbox.kubelet.cdi_resolution import SpecFile, read_devices, resolve
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Success

NAMES = ("a", "b", "c")


def spec(kind: str, names: frozenset[str]) -> JsonObject:
    devices: list[Json] = [
        {"name": name, "containerEdits": {"env": [f"DEVICE_{kind[-1].upper()}_{name.upper()}={kind}={name}"]}}
        for name in sorted(names)
    ]
    return {"cdiVersion": "0.6.0", "kind": kind, "devices": devices, "containerEdits": {"env": [f"SPEC={kind}"]}}


specs = st.builds(
    spec, st.sampled_from(["example.com/x", "example.com/y"]), st.frozensets(st.sampled_from(NAMES), min_size=1)
)
RUBBISH: tuple[Json, ...] = (None, [], {}, {"kind": "example.com/x"}, {"cdiVersion": "9", "kind": "x", "devices": []})
rubbish = st.sampled_from(RUBBISH)
files = st.lists(st.tuples(st.integers(0, 1), specs | rubbish), max_size=5).map(
    lambda found: tuple(
        SpecFile(path=f"/{priority}/{number}.json", priority=priority, content=content)
        for number, (priority, content) in enumerate(found)
    )
)
ids = st.lists(st.tuples(st.sampled_from(["example.com/x", "example.com/y"]), st.sampled_from(NAMES)), max_size=4).map(
    lambda found: tuple(f"{kind}={name}" for kind, name in found)
)


@given(files, ids)
def test_resolution_is_all_or_nothing(found: tuple[SpecFile, ...], wanted: tuple[str, ...]) -> None:
    devices = read_devices(found)
    match resolve(devices, wanted):
        case Success(edits):
            for name in wanted:
                kind, _, device = name.partition("=")
                assert edits.env[f"DEVICE_{kind[-1].upper()}_{device.upper()}"] == name
            given_variables = {name for name in edits.env if name.startswith("DEVICE_")}
            assert len(given_variables) == len(set(wanted))
        case Failure(text):
            missing = [name for name in wanted if name not in devices.by_id or name in devices.conflicts]
            assert missing
            assert all(name in text for name in missing)
        case _:
            raise AssertionError


@given(files, ids)
def test_the_order_in_which_a_directory_is_listed_does_not_matter(
    found: tuple[SpecFile, ...], wanted: tuple[str, ...]
) -> None:
    assert resolve(read_devices(found), wanted) == resolve(read_devices(found[::-1]), wanted)


@given(specs)
def test_a_device_defined_twice_with_equal_priority_cannot_be_used(content: JsonObject) -> None:
    """Until a directory of higher priority decides."""
    low = tuple(SpecFile(path=f"/etc/cdi/{name}", priority=0, content=content) for name in ("1.json", "2.json"))
    name = f"{content['kind']}={content['devices'][0]['name']}"  # type: ignore[index,call-overload]
    assert isinstance(resolve(read_devices(low), (name,)), Failure)
    high = SpecFile(path="/var/run/cdi/1.json", priority=1, content=content)
    assert isinstance(resolve(read_devices((*low, high)), (name,)), Success)
