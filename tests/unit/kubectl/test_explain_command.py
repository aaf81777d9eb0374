"""``kubectl-dra explain`` from the outside: what it prints and how it exits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from dra_core.snapshot.json_value import Json, list_at
from dra_kubectl.__main__ import main

from benchmarks.big_cluster import cluster_list


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, list(arguments), input=stdin, catch_exceptions=False)


@pytest.fixture
def cluster(tmp_path: Path) -> str:
    path = tmp_path / "cluster.json"
    path.write_text(json.dumps(cluster_list(nodes=3, gpus=2, claims=4)))
    return str(path)


@pytest.fixture
def full(tmp_path: Path) -> str:
    path = tmp_path / "full.yaml"
    path.write_text(yaml.safe_dump_all(list_at(cluster_list(nodes=3, gpus=2, claims=6), "items")))
    return str(path)


def test_a_pod_that_fits_exits_with_0(cluster: str) -> None:
    result = run("explain", "pod", "waiting", "-n", "team", "-f", cluster)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "team/waiting fits on 2 of 3 nodes: node-1, node-2"


def test_a_pod_that_does_not_fit_exits_with_1_and_names_who_holds(full: str) -> None:
    result = run("explain", "pod/waiting", "-n", "team", "-f", full)
    assert result.exit_code == 1
    assert "6 in use" in result.stdout.splitlines()[0]
    assert "wait for, or end, team/run-3-gpu-abcde (pod run-3): node-0 fits" in result.stdout
    assert "3 nodes (node-0, node-1, node-2)" in result.stdout


def test_without_a_name_all_that_waits_is_explained(full: str) -> None:
    assert run("explain", "-f", full).stdout.startswith("team/waiting fits on none of 3 nodes")


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_the_answer_for_machines_has_a_version(full: str, form: str) -> None:
    result = run("explain", "pod", "waiting", "-n", "team", "-f", full, "-o", form)
    answer: Json = yaml.safe_load(result.stdout)
    assert isinstance(answer, dict)
    assert (answer["apiVersion"], answer["kind"]) == ("drakit.dev/v1alpha1", "Explanation")
    assert answer["verdict"] == "DoesNotFit"


def test_standard_input_is_read(full: str) -> None:
    text = Path(full).read_text()
    assert run("explain", "-f", "-", stdin=text).exit_code == 1


def test_a_misspelt_name_is_bad_input_with_a_hint(cluster: str) -> None:
    result = run("explain", "pod", "waitin", "-n", "team", "-f", cluster)
    assert result.exit_code == 2
    assert result.stderr == 'error: there is no Pod "waitin" in namespace team; did you mean "waiting"?\n'


def test_faulty_files_are_bad_input_and_all_faults_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("kind: Node\napiVersion: v1\nmetadata: 3\n---\na: 1\na: 2\n")
    (tmp_path / "b.json").write_text("{")
    result = run("explain", "-f", str(tmp_path), "-f", str(tmp_path / "none.yaml"))
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert len(lines) == 4
    assert "a.yaml, document 2: line 6: " in lines[0]
    assert "none.yaml, document 1: No such file" in lines[1]
    assert "a.yaml, document 1, Node: metadata: expected an object, found the number 3" in lines[2]
    assert "b.json, document 1: the text is not JSON" in lines[3]
