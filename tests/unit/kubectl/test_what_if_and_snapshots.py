"""The what-if options, ``kubectl-dra snapshot``, ``diff`` and ``lint`` from the outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from dra_core.planning import (
    AddNodes,
    Devices,
    Drain,
    Edit,
    FailDevices,
    Repartition,
    TaintDevices,
    TaintNode,
    UntaintDevices,
    UntaintNode,
    Without,
)
from dra_core.snapshot.json_value import JsonObject
from dra_kubectl.__main__ import main
from dra_kubectl.what_if import NotAnEditError, edits_of

from benchmarks.big_cluster import cluster_list


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


@pytest.fixture
def cluster(tmp_path: Path) -> str:
    path = tmp_path / "cluster.json"
    path.write_text(json.dumps(cluster_list(nodes=3, gpus=2, claims=6)))
    return str(path)


@pytest.mark.parametrize(
    ("option", "values", "edit"),
    [
        ("--add-node", ("like=node-1×20",), AddNodes(like="node-1", count=20)),
        ("--add-node", ("like=node-1*2",), AddNodes(like="node-1", count=2)),
        ("--add-node", ("like=node-1x20",), AddNodes(like="node-1", count=20)),
        ("--add-node", ("like=box-x2",), AddNodes(like="box-x2")),
        ("--add-node", ("like=box-x2x3",), AddNodes(like="box-x2", count=3)),
        ("--add-node", ("like=node-1",), AddNodes(like="node-1")),
        ("--drain", ("node-1",), Drain(node="node-1")),
        ("--device-failure", ("node-1/gpu-0",), FailDevices(devices=Devices(pool="node-1", device="gpu-0"))),
        ("--device-failure", ("d/a/b/gpu-0",), FailDevices(devices=Devices("d", "a/b", "gpu-0"))),
        ("--repartition", ("node-1/gpu-0=4",), Repartition(pool="node-1", counter_set="gpu-0", parts=4)),
        ("--taint", ("node-1", "k=v:NoSchedule"), TaintNode(node="node-1", key="k", value="v", effect="NoSchedule")),
        (
            "--taint",
            ("*/gpu-0", "k:NoExecute"),
            TaintDevices(devices=Devices(device="gpu-0"), key="k", effect="NoExecute"),
        ),
        ("--untaint", ("node-1", "k"), UntaintNode(node="node-1", key="k")),
        ("--untaint", ("*/*", "k"), UntaintDevices(devices=Devices(), key="k")),
        ("--without", ("claim/mine",), Without(kind="ResourceClaim", namespace="team", name="mine")),
        ("--without", ("pod/other/mine",), Without(kind="Pod", namespace="other", name="mine")),
    ],
)
def test_options_are_edits(option: str, values: tuple[str, ...], edit: Edit) -> None:
    assert edits_of([(option, [values])], "team", {"node-1", "box-x2"}) == [edit]


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("--add-node", ("node-1",)),
        ("--add-node", ("like=node-1×0",)),
        ("--device-failure", ("gpu-0",)),
        ("--repartition", ("node-1/gpu-0",)),
        ("--taint", ("node-1", "k=v")),
        ("--taint", ("node-1", "k=v:None")),
        ("--taint", ("node-1/gpu-0", "k=v:PreferNoSchedule")),
        ("--without", ("mine",)),
        ("--without", ("secret/mine",)),
    ],
)
def test_what_cannot_be_read_is_told(option: str, values: tuple[str, ...]) -> None:
    with pytest.raises(NotAnEditError, match=f"^{option} {values[0].replace('×', '.')}"):
        edits_of([(option, [values])], "team")


def test_a_what_if_changes_the_answer(cluster: str) -> None:
    assert run("explain", "-f", cluster).exit_code == 1
    more = run("explain", "-f", cluster, "--add-node", "like=node-0×2")
    assert more.stdout == "team/waiting fits on 2 of 5 nodes: node-0-new-1, node-0-new-2\n"
    without = run("explain", "-f", cluster, "-n", "team", "--without", "pod/run-0")
    assert without.stdout == "team/waiting fits on 1 of 3 nodes: node-0\n"
    wrong = run("explain", "-f", cluster, "--drain", "node-7")
    assert (wrong.exit_code, wrong.stderr) == (2, 'error: there is no node node-7 (did you mean "node-2"?)\n')


WHOLE: JsonObject = {"name": "whole", "consumesCounters": [{"counterSet": "gpu-0", "counters": {"m": {"value": "8"}}}]}
BOARD: JsonObject = {
    "apiVersion": "resource.k8s.io/v1",
    "kind": "ResourceSlice",
    "metadata": {"name": "board"},
    "spec": {
        "driver": "gpu.example.com",
        "nodeName": "node-0",
        "pool": {"name": "board", "generation": 1, "resourceSliceCount": 1},
        "devices": [
            {"name": "whole", "consumesCounters": [{"counterSet": "gpu-0", "counters": {"m": {"value": "8"}}}]}
        ],
    },
}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--remove-node", "box"), "there is no node box (there are node-0, node-1, node-2)"),
        (("--add-node", "like=node-9"), 'there is no node node-9 (did you mean "node-2"?)'),
        (("--taint", "*", "k:NoSchedule"), "there is no node * (devices are named as POOL/DEVICE, e.g. '*/*' for all)"),
        (("--untaint", "node-1", "k"), "node node-1 has no taint k (it has none)"),
        (("--untaint", "*/*", "k"), "no device */*/* has a taint k (there are no taints)"),
        (("--device-failure", "node-1/gpu-7"), "there is no device */node-1/gpu-7 (pool node-1 has gpu-0, gpu-1)"),
        (("--device-failure", "node-7/gpu-0"), 'there is no device */node-7/gpu-0 (did you mean pool "node-2"?)'),
        (
            ("--repartition", "board/gpu-1=4"),
            "no device of pool board draws from a counter set gpu-1 (it has the sets gpu-0)",
        ),
        (
            ("--repartition", "node-1/gpu-0=4"),
            "no device of pool node-1 draws from a counter set gpu-0 (pools with partitionable devices are board; "
            "e.g. board/gpu-0=4)",
        ),
        (("--without", "pod/run-9"), 'there is no Pod run-9 in namespace team (did you mean "run-5"?)'),
        (("--without", "rule/mine"), "there is no DeviceTaintRule mine"),
        (
            ("--without", "node/node-1"),
            "--without node/node-1: write it as KIND/NAME or KIND/NAMESPACE/NAME, e.g. claim/mine; kinds are claim, "
            "pod, deployment and the like, template, class and rule; for nodes there is --remove-node",
        ),
        (
            ("--taint", "node-1", "k"),
            "--taint node-1 k: write the taint as key=value:EFFECT, with the effect NoSchedule, NoExecute or "
            "PreferNoSchedule",
        ),
    ],
)
def test_an_edit_that_means_nothing_says_what_there_is(
    cluster: str, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    board = tmp_path / "board.json"
    board.write_text(json.dumps(BOARD))
    found = run("status", "-f", cluster, "-f", str(board), "-n", "team", *arguments)
    assert (found.exit_code, found.stderr) == (2, f"error: {told}\n")


def test_a_taint_that_says_no_execute_ends_who_does_not_tolerate_it(cluster: str) -> None:
    on_node = run("status", "-f", cluster, "--taint", "node-0", "k:NoExecute").stdout
    assert on_node.endswith("2 claims have no devices yet: team/run-0-gpu-abcde, team/run-3-gpu-abcde\n")
    on_device = run("status", "-f", cluster, "--taint", "node-0/gpu-0", "k:NoExecute").stdout
    assert on_device.endswith("1 claim has no devices yet: team/run-0-gpu-abcde\n")
    assert "yet" not in run("status", "-f", cluster, "--taint", "node-0/gpu-0", "k:NoSchedule").stdout


def test_a_snapshot_of_a_what_if_shows_in_a_diff(cluster: str, tmp_path: Path) -> None:
    after = tmp_path / "after.json"
    after.write_text(run("snapshot", "-f", cluster, "-n", "team", "--without", "pod/run-0").stdout)
    found = run("diff", cluster, str(after))
    assert found.exit_code == 1
    assert found.stdout == (
        "- ResourceClaim team/run-0-gpu-abcde\n- Pod team/run-0\n\n"
        "DEVICE                         CHANGE\n"
        "gpu.example.com/node-0/gpu-0   InUse by team/run-0-gpu-abcde → Free\n"
    )
    same = run("diff", cluster, cluster)
    assert (same.exit_code, same.stdout) == (0, "nothing is different\n")


def test_a_taint_and_an_object_made_anew_show_in_a_diff(cluster: str, tmp_path: Path) -> None:
    before = json.loads(Path(cluster).read_text())
    pod = next(item for item in before["items"] if item["kind"] == "Pod")
    pod["metadata"]["uid"] = "another"
    after = tmp_path / "after.json"
    after.write_text(json.dumps(before))
    tainted = tmp_path / "tainted.json"
    tainted.write_text(run("snapshot", "-f", str(after), "--taint", "node-0/gpu-0", "k:NoSchedule").stdout)
    user = "InUse by team/run-0-gpu-abcde"
    assert run("diff", cluster, str(tainted)).stdout.splitlines() == [
        "~ ResourceSlice 00000-gpu.example.com-node-0-abcde: spec changed",
        f"~ Pod team/{pod['metadata']['name']}: was made anew",
        "",
        "DEVICE                         CHANGE",
        f"gpu.example.com/node-0/gpu-0   {user} → {user}, tainted k:NoSchedule",
    ]


def test_plans_are_compared_by_where_pods_go(cluster: str, tmp_path: Path) -> None:
    plans = []
    for number, node in enumerate(("node-1", "node-2")):
        plan = tmp_path / f"plan-{number}.json"
        plan.write_text(run("plan", "-f", cluster, "--add-node", f"like={node}", "-o", "json").stdout)
        plans.append(str(plan))
    found = run("diff", *plans)
    assert found.exit_code == 1
    assert found.stdout.splitlines()[1].split() == ["team/waiting", "node-1-new-1", "node-2-new-1"]
    assert run("diff", plans[0], plans[0]).exit_code == 0
    assert run("diff", plans[0], cluster).exit_code == 2


def test_plans_are_plans_as_yaml_too_and_what_is_neither_is_no_snapshot(cluster: str, tmp_path: Path) -> None:
    plans = []
    for number, node in enumerate(("node-1", "node-2")):
        plan = tmp_path / f"plan-{number}.yaml"
        plan.write_text(run("plan", "-f", cluster, "--add-node", f"like={node}", "-o", "yaml").stdout)
        plans.append(str(plan))
    assert run("diff", *plans).stdout.splitlines()[1].split() == ["team/waiting", "node-1-new-1", "node-2-new-1"]
    other = tmp_path / "other.yaml"
    other.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n")
    found = run("diff", str(other), str(other))
    assert (found.exit_code, found.stderr) == (
        2,
        f"error: {other}: nothing in it is about devices or pods, only ConfigMap\n",
    )
    broken = tmp_path / "broken.json"
    broken.write_text('{"apiVersion": "drakit.dev/v1alpha1", "kind": "Plan", ')
    assert run("diff", str(broken), cluster).exit_code == 2


def test_redacted_snapshots_agree_for_the_same_salt_only(cluster: str) -> None:
    one, same, other = (run("snapshot", "-f", cluster, "--redact", "--salt", salt).stdout for salt in ("a", "a", "b"))
    assert one == same != other
    assert "node-0" not in one
    assert "LATEST-GPU-MODEL" in one


def test_lint_tells_faults_and_exits_for_ci(cluster: str, tmp_path: Path) -> None:
    assert (run("lint", "-f", cluster).exit_code, run("lint", "-f", cluster).stdout) == (0, "no faults found\n")
    path = tmp_path / "claim.yaml"
    path.write_text(
        "apiVersion: resource.k8s.io/v1\nkind: ResourceClaim\nmetadata: {name: C}\nspec: {devices: {x: 1}}\n"
    )
    found = run("lint", "-f", str(path))
    assert found.exit_code == 1
    assert [line.rpartition(" ")[2] for line in found.stdout.splitlines()] == ["[UnknownField]", "[Invalid]"]
    report = json.loads(run("lint", "-f", str(path), "-o", "json").stdout)
    assert (report["kind"], len(report["findings"])) == ("LintReport", 2)
    assert run("lint", "-f", str(tmp_path / "none.yaml")).exit_code == 2
