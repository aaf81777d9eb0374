"""Whatever a file holds, the program answers with an exit code of its own and never with a traceback."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
import pytest
import yaml
from click.testing import CliRunner
from dra_core.snapshot.json_value import Json
from dra_kubectl.__main__ import main
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.big_cluster import cluster_list

CLUSTER = msgspec.json.decode(msgspec.json.encode(cluster_list(2, 2, 2)))
STRANGE: st.SearchStrategy[Json] = st.sampled_from(
    [
        None,
        True,
        -1,
        0,
        2**70,
        1.5,
        "",
        "x",
        "-1",
        "1e999",
        "9" * 400,
        [],
        [None],
        {},
        {"a": None},
        [[{}]],
        "é\ud7ff\x7f",
    ]
)
COMMANDS = [["explain"], ["status", "--by", "device"], ["plan"], ["capacity"], ["lint"], ["snapshot", "--redact"]]


@st.composite
def broken_clusters(draw: st.DrawFn) -> Json:
    """A cluster with some values anywhere in it replaced."""
    value: Json = CLUSTER
    for _ in range(draw(st.integers(1, 3))):
        value = _broken(draw, value, draw(st.integers(1, 9)))
    return value


def _broken(draw: st.DrawFn, value: Json, depth: int) -> Json:
    """The value with something strange at a place so deep inside, or where it ends."""
    if depth and isinstance(value, dict) and value:
        key = draw(st.sampled_from(sorted(value)))
        return {**value, key: _broken(draw, value[key], depth - 1)}
    if depth and isinstance(value, list) and value:
        number = draw(st.integers(0, len(value) - 1))
        return [*value[:number], _broken(draw, value[number], depth - 1), *value[number + 1 :]]
    return draw(STRANGE)


def run(command: list[str], name: str, text: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(text)
        result = CliRunner().invoke(main, [*command, "-f", str(path), "--namespace", "team"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    assert result.exit_code in (0, 1, 2)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
@given(value=broken_clusters())
def test_broken_json(command: list[str], value: Json) -> None:
    run(command, "cluster.json", msgspec.json.encode(value))


@given(value=broken_clusters(), command=st.sampled_from(COMMANDS))
def test_broken_yaml(command: list[str], value: Json) -> None:
    run(command, "cluster.yaml", yaml.safe_dump(value).encode())


@given(text=st.binary(max_size=200), name=st.sampled_from(["a.json", "a.yaml"]), command=st.sampled_from(COMMANDS))
def test_anything(command: list[str], name: str, text: bytes) -> None:
    run(command, name, text)


@given(place=st.integers(0, 4000), byte=st.binary(min_size=1, max_size=2), command=st.sampled_from(COMMANDS))
def test_strange_bytes_inside(place: int, byte: bytes, command: list[str]) -> None:
    text = msgspec.json.encode(CLUSTER)
    run(command, "cluster.json", text[:place] + byte + text[place + 1 :])


@given(cut=st.integers(0, 4000), name=st.sampled_from(["a.json", "a.yaml"]))
def test_cut_files(cut: int, name: str) -> None:
    text = msgspec.json.encode(CLUSTER) if name == "a.json" else yaml.safe_dump(CLUSTER).encode()
    run(["lint"], name, text[: min(cut, len(text) - 1)])
