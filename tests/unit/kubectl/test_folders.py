"""Folders of -f, and folders inside of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from dra_kubectl.__main__ import main


def node(name: str) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inner = tmp_path / "cluster" / "nodes" / "rack-1"
    inner.mkdir(parents=True)
    (inner / "b.json").write_text(node("b"))
    (inner / "notes.txt").write_text("no object")
    return tmp_path / "cluster"


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    return result.exit_code, result.output


@pytest.mark.parametrize("option", ["-R", "--recursive"])
def test_recursive_reads_folders_inside_of_folders(folder: Path, option: str) -> None:
    (folder / "a.json").write_text(node("a"))
    shallow = json.loads(run("snapshot", "-f", str(folder))[1])
    deep = json.loads(run("snapshot", "-f", str(folder), option)[1])
    names = [[item["metadata"]["name"] for item in found["items"]] for found in (shallow, deep)]
    assert names == [["a"], ["a", "b"]]
    assert run("lint", "-f", str(folder), option)[0] == 0


def test_a_folder_with_nothing_but_folders_says_what_looks_into_them(folder: Path) -> None:
    code, text = run("snapshot", "-f", str(folder))
    assert code == 2
    assert text.endswith("the folder has no .json, .yaml, .yml file; -R looks into its folders\n")
