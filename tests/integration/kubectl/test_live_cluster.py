"""``kubectl dra`` against a running (embedded) cluster: what it says is what the cluster's scheduler does."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from dra_core.snapshot.json_value import JsonObject, text_at
from dra_kubectl.__main__ import main
from dra_sandbox.cluster import Sandbox, sandbox
from dra_sandbox.demo.installation import DRIVER, install_driver
from dra_sandbox.world.objects import POD, World, condition_status, name_of, namespace_of

from tests.integration.sandbox import workloads
from tests.integration.sandbox.workloads import PATIENCE

os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
_numbers = itertools.count(1)
ATTRIBUTES = f"device.attributes['{DRIVER}']"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Sandbox]:
    """Two nodes with devices."""
    with sandbox(nodes=2) as made:
        install_driver(made, PATIENCE)
        yield made


@pytest.fixture
def space(cluster: Sandbox) -> Iterator[str]:
    """A namespace that goes with its pods: the next test, or a second run of this one, finds all devices free."""
    name = f"planning-{next(_numbers)}"
    cluster.create([workloads.namespace(name)])
    yield name
    workloads.delete_namespace(cluster, name)


def run(cluster: Sandbox, space: str, *arguments: str) -> Result:
    options = ("--kubeconfig", str(cluster.kubeconfig), "-n", space)
    return CliRunner().invoke(main, [*arguments, *options], catch_exceptions=False)


def verdict(world: World, where: str, name: str) -> str:
    """What became of a pod: its node, "Pending" once the scheduler has refused it, "" before."""
    pod = world.get(POD, where, name) or {}
    if text_at(pod, "spec", "nodeName"):
        return text_at(pod, "spec", "nodeName")
    return "Pending" if condition_status(pod, "PodScheduled") == "False" else ""


REFUSED: list[tuple[str, JsonObject, str]] = [
    ("no-such-class", workloads.claim_spec(deviceClassName="gpu.example.co"), "ClassMissing"),
    ("too-many", workloads.claim_spec(count=30), "on a node: "),
    (
        "no-such-model",
        workloads.claim_spec(expression=f"device.attributes['{DRIVER}'].model == 'x'"),
        "does not select",
    ),
    ("failing", workloads.claim_spec(expression=f"device.attributes['{DRIVER}'].absent == 'x'"), "an error stops it"),
]


@pytest.mark.parametrize(("name", "spec", "words"), REFUSED, ids=[name for name, *_ in REFUSED])
def test_explain_names_the_reason_for_which_the_scheduler_refuses(
    cluster: Sandbox, space: str, name: str, spec: JsonObject, words: str
) -> None:
    cluster.create(
        [
            workloads.template(space, name, spec),
            workloads.pod(space, name, workloads.pod_spec(templates=[name])),
        ]
    )
    assert cluster.wait_for(lambda world: verdict(world, space, name), f"a verdict on {name}", PATIENCE) == "Pending"
    result = run(cluster, space, "explain", "pod", name)
    assert result.exit_code == 1
    assert words in result.stdout


def test_plan_predicts_which_pods_fit_and_how_many_go_where(cluster: Sandbox, space: str, tmp_path: Path) -> None:
    """The embedded scheduler chooses among nodes by its own order, so that counts are compared."""
    claim = workloads.claim_spec(count=1)
    objects = [workloads.template(space, "one", claim)]
    pods = [workloads.pod(space, f"planned-{i}", workloads.pod_spec(templates=["one"])) for i in range(20)]
    path = tmp_path / "workload.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [*objects, *pods]}))
    plan = json.loads(run(cluster, space, "plan", "-f", str(path), "-o", "json").stdout)
    capacity = json.loads(run(cluster, space, "capacity", "-f", str(path), "-o", "json").stdout)
    assert 0 < len(plan["placed"]) < 20
    assert capacity["fits"] == len(plan["placed"])
    predicted = sorted(item["node"] for item in plan["placed"])

    cluster.create([*objects, *pods])

    def settled(world: World) -> list[str] | None:
        verdicts = [verdict(world, space, f"planned-{i}") for i in range(20)]
        return verdicts if all(verdicts) else None

    verdicts = cluster.wait_for(settled, "all pods to be decided about", PATIENCE)
    assert sorted(item for item in verdicts if item != "Pending") == predicted
    status = json.loads(run(cluster, space, "status", "-o", "json").stdout)
    assert all(device["state"] == "InUse" for device in status["devices"])
    assert "in use" in run(cluster, space, "explain", "pod", next(iter(_pending(verdicts)))).stdout


def _pending(verdicts: list[str]) -> Iterator[str]:
    return (f"planned-{i}" for i, found in enumerate(verdicts) if found == "Pending")


def test_a_plan_looks_at_its_namespace_at_all_of_them_or_at_whom_a_what_if_displaces(
    cluster: Sandbox, space: str
) -> None:
    def plan(*arguments: str) -> dict[str, list[str]]:
        options = ("--kubeconfig", str(cluster.kubeconfig), "-n", "default", "-o", "json")
        found = json.loads(CliRunner().invoke(main, ["plan", *arguments, *options], catch_exceptions=False).stdout)
        return {key: [item["pod"]["metadata"]["name"] for item in found[key]] for key in ("placed", "pending")}

    cluster.create(
        [
            workloads.template(space, "many", workloads.claim_spec(count=30)),
            workloads.pod(space, "stuck", workloads.pod_spec(templates=["many"])),
            workloads.pod(space, "plain", workloads.pod_spec(templates=[])),
        ]
    )

    def node_of(world: World) -> str:
        return text_at(world.get(POD, space, "plain") or {}, "spec", "nodeName")

    node = cluster.wait_for(node_of, "a node for the pod without claims", PATIENCE)
    assert "stuck" in plan("-A")["pending"]
    assert plan() == {"placed": [], "pending": []}
    moved = plan("--drain", node, "--add-node", f"like={node}")
    assert "plain" in moved["placed"]
    assert "stuck" not in moved["pending"]


def test_a_cluster_that_does_not_answer_is_bad_input(cluster: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(cluster.kubeconfig.read_text().replace(cluster.url, "http://127.0.0.1:1"))
    result = CliRunner().invoke(main, ["status", "--kubeconfig", str(path)], catch_exceptions=False)
    assert result.exit_code == 2
    assert "does not answer" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_snapshot_answers_as_the_cluster_does(cluster: Sandbox, space: str, tmp_path: Path) -> None:
    cluster.create(
        [
            workloads.template(space, "one", workloads.claim_spec(count=1)),
            workloads.template(space, "many", workloads.claim_spec(count=30)),
            workloads.pod(space, "runs", workloads.pod_spec(templates=["one"])),
            workloads.pod(space, "stuck", workloads.pod_spec(templates=["many"])),
        ]
    )
    workloads.wait_ready(cluster, space, "runs")

    def at_rest(world: World) -> bool:
        return all(verdict(world, namespace_of(pod), name_of(pod)) for pod in world.all(POD))

    # A status tells of claims and verdicts that pods still wait for.
    cluster.wait_for(at_rest, "every pod to be decided about", PATIENCE)
    path = tmp_path / "snapshot.json"
    path.write_text(run(cluster, space, "snapshot").stdout)
    offline = CliRunner().invoke(main, ["status", "-f", str(path), "-o", "json"], catch_exceptions=False)
    assert json.loads(offline.stdout) == json.loads(run(cluster, space, "status", "-o", "json").stdout)
