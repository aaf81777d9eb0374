"""``kubectl-dra status``, ``plan`` and ``capacity`` from the outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from dra_core.planning import POLICIES
from dra_core.snapshot.json_value import Json, JsonObject
from dra_kubectl.__main__ import main

from benchmarks.big_cluster import cluster_list, workload


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, ...]:
    """Three nodes of two GPUs, four of them in use, and a Deployment of three replicas."""
    (tmp_path / "cluster.json").write_text(json.dumps(cluster_list(nodes=3, gpus=2, claims=4)))
    (tmp_path / "workload.yaml").write_text(yaml.safe_dump(workload(3)))
    return "-f", str(tmp_path / "cluster.json"), "-f", str(tmp_path / "workload.yaml")


def test_status_counts_by_node(files: tuple[str, ...]) -> None:
    result = run("status", *files)
    assert result.stdout == (
        "NODE     DRIVER            DEVICES   FREE   IN USE   USED BY\n"
        "node-0   gpu.example.com   2         0      2        team/run-0, team/run-3\n"
        "node-1   gpu.example.com   2         1      1        team/run-1\n"
        "node-2   gpu.example.com   2         1      1        team/run-2\n"
    )


@pytest.mark.parametrize(
    ("by", "line"),
    [
        ("driver", "gpu.example.com   6         2      4        team/run-0, team/run-3, team/run-1, team/run-2"),
        ("class", "gpu.example.com   6         2      4        team/run-0, team/run-3, team/run-1, team/run-2"),
        ("namespace", "team        4         0      4        run-0, run-3, run-1, run-2"),
        ("device", "node-1   gpu.example.com   node-1   gpu-0    free     -          -        -"),
    ],
)
def test_status_counts_by_other_things(files: tuple[str, ...], by: str, line: str) -> None:
    assert line in run("status", "--by", by, *files).stdout.splitlines()


def test_plan_places_in_order_and_says_what_stays(files: tuple[str, ...]) -> None:
    result = run("plan", "deployment", "train", "-n", "team", *files)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0] == "2 of 3 pods fit (policy scheduler)"
    assert (
        "pending: team/train-2: fits on none of 3 nodes: request gpu wants 1 device on a node: 6 in use"
        in result.stdout
    )


def test_plan_all_or_nothing_places_none(files: tuple[str, ...]) -> None:
    result = run("plan", "deployment", "train", "-n", "team", "--all-or-nothing", *files)
    assert result.stdout.startswith("0 of 3 pods fit")
    assert "kept back, because 1 of 3 pods fit nowhere" in result.stdout


def test_plan_prints_the_claims(files: tuple[str, ...]) -> None:
    result = run("plan", "deployment", "train", "-n", "team", "-o", "claims", *files)
    claims = list(yaml.safe_load_all(result.stdout))
    assert [claim["metadata"]["name"] for claim in claims] == ["train-0-gpu", "train-1-gpu"]
    devices = claims[0]["status"]["allocation"]["devices"]["results"]
    assert devices == [{"request": "gpu", "driver": "gpu.example.com", "pool": "node-1", "device": "gpu-0"}]


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_places_what_fits(files: tuple[str, ...], policy: str) -> None:
    result = run("plan", "deployment", "train", "-n", "team", "--policy", policy, "--compare", "best-fit", *files)
    assert result.stdout.startswith("2 of 3 pods fit")
    assert "nodes with all devices free" in result.stdout


def test_capacity_counts_and_says_what_more_would_need(files: tuple[str, ...]) -> None:
    result = run("capacity", "deployment", "train", "-n", "team", "--for", "7", *files)
    assert result.exit_code == 1
    assert result.stdout == (
        "2 of the 7 wanted pods of Deployment team/train fit now\n\n"
        "RUNS OUT   NODES   E.G.\ndevices    3       node-0\n\n"
        "NODES LIKE   THERE ARE   PODS ON AN EMPTY ONE   NEEDED FOR 5 MORE\n"
        "node-0       3           2                      3\n"
    )
    assert run("capacity", "deployment", "train", "-n", "team", "--for", "2", *files).exit_code == 0


def test_capacity_counts_equal_pods_as_one_kind_and_wants_to_know_of_which_else(files: tuple[str, ...]) -> None:
    assert run("capacity", *files).exit_code == 0
    other = workload(1)
    other = {**other, "metadata": {"name": "other", "namespace": "elsewhere"}}
    Path(files[3]).write_text(yaml.safe_dump(other))
    result = run("capacity", *files)
    assert result.exit_code == 2
    assert result.stderr == "error: say which workload to count: pod/waiting, deployment/other\n"


def test_a_daemon_set_has_no_capacity_and_is_in_nobodys_way(files: tuple[str, ...], tmp_path: Path) -> None:
    daemons = {**workload(1), "kind": "DaemonSet"}
    daemons["metadata"] = {"name": "daemons", "namespace": "team"}
    path = tmp_path / "daemons.json"
    path.write_text(json.dumps(daemons))
    named = run("capacity", "daemonset", "daemons", "-n", "team", *files, "-f", str(path))
    told = "error: DaemonSet team/daemons wants one pod on each node; plan says on which of them it fits\n"
    assert (named.exit_code, named.stderr) == (2, told)
    assert run("capacity", *files, "-f", str(path)).stdout == run("capacity", *files).stdout


@pytest.mark.parametrize("command", ["status", "plan", "capacity"])
def test_answers_for_machines_have_a_version(files: tuple[str, ...], command: str) -> None:
    subject = () if command == "status" else ("deployment", "train", "-n", "team")
    answer = json.loads(run(command, *subject, "-o", "json", *files).stdout)
    assert answer["apiVersion"] == "drakit.dev/v1alpha1"
    assert answer["kind"] == command.capitalize()


def test_a_deployments_pods_are_those_of_the_replica_sets_that_it_controls(tmp_path: Path) -> None:
    def owned(kind: str, name: str, owner_kind: str, owner: str) -> JsonObject:
        version = "v1" if kind == "Pod" else "apps/v1"
        reference: JsonObject = {"apiVersion": "apps/v1", "kind": owner_kind, "name": owner, "uid": owner}
        owners: list[Json] = [{**reference, "controller": True}] if owner else []
        metadata: JsonObject = {"name": name, "ownerReferences": owners}
        return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": {}}

    objects: list[Json] = [
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"replicas": 1}},
        owned("ReplicaSet", "hashed", "Deployment", "d"),
        owned("ReplicaSet", "d-own", "", ""),
        owned("Pod", "mine", "ReplicaSet", "hashed"),
        owned("Pod", "other", "ReplicaSet", "d-own"),
    ]
    path = tmp_path / "cluster.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    pending = json.loads(run("plan", "deployment", "d", "-f", str(path), "-o", "json").stdout)
    assert [item["pod"]["metadata"]["name"] for item in (*pending["placed"], *pending["pending"])] == ["mine"]
