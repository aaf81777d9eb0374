"""What an administrator sees of the plugin: metrics, probes, logs, help."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
import urllib.request
from functools import partial
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.integration.kubeletplugin.conftest import StartPlugin
from tests.integration.kubeletplugin.kubelet_side import Claim, KubeletSide
from tests.integration.kubeletplugin.little_api import LittleApi
from tests.integration.kubeletplugin.plugin_process import DRIVER, NODE, NodeDirectories, PluginProcess
from tests.integration.kubeletplugin.waiting import eventually
from tests.property.claims import claim, result

ROOT = Path(__file__).resolve().parents[3]


def metrics(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")}


def test_metrics_count_claims_time_registration_writes_and_health(
    start: StartPlugin, kubelet: KubeletSide, api: LittleApi, node: NodeDirectories
) -> None:
    api.add(claim("uid-1", [result("gpu-1")]))
    plugin = start("--metrics-port", "0")
    kubelet.wait_for_plugin()
    plugin.wait_for("registered")
    plugin.wait_for("slices published")
    kubelet.prepare(Claim("uid-1", "claim"), Claim("uid-9", "nobody"))
    kubelet.unprepare(Claim("uid-1", "claim"))
    seen = metrics(plugin.port("metrics served"))
    prefix = "dra_example_driver"
    assert seen[f'{prefix}_prepare_claims_total{{result="success"}}'] == 1
    assert seen[f'{prefix}_prepare_claims_total{{result="error"}}'] == 1
    assert seen[f'{prefix}_unprepare_claims_total{{result="success"}}'] == 1
    assert seen[f"{prefix}_prepare_claim_duration_seconds_count"] == 2
    assert seen[f"{prefix}_unprepare_claim_duration_seconds_count"] == 1
    assert seen[f"{prefix}_registered"] == 1
    assert seen[f'{prefix}_slice_writes_total{{kind="CreateSlice"}}'] == 1
    assert seen[f"{prefix}_unhealthy_devices"] == 0
    assert seen["process_resident_memory_bytes"] > 0
    directory = node.data() / "unhealthy"
    directory.mkdir()
    (directory / "gpu-3").touch()
    eventually(
        lambda: metrics(plugin.port("metrics served"))[f"{prefix}_unhealthy_devices"] == 1, "an unhealthy device"
    )


def serves(stub: health_pb2_grpc.HealthStub, service: str = "") -> bool:
    """What one probe is told; the plugin gives itself two seconds, and a kubelet asks more than once."""
    answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=30)
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def test_probes_call_the_plugin_through_its_own_sockets(start: StartPlugin, kubelet: KubeletSide) -> None:
    plugin = start("--healthcheck-port", "0")
    kubelet.wait_for_plugin()
    with grpc.insecure_channel(f"127.0.0.1:{plugin.port('probes answered')}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for service in ("", "liveness"):
            eventually(partial(serves, stub, service), f"a good answer to the probe {service!r}")
        with pytest.raises(grpc.RpcError) as raised:
            stub.Check(health_pb2.HealthCheckRequest(service="toast"), timeout=30)
        assert raised.value.code() is grpc.StatusCode.NOT_FOUND


def test_logs_are_json_with_time_level_driver_and_node(
    plugin: PluginProcess, kubelet: KubeletSide, api: LittleApi
) -> None:
    api.add(claim("uid-1", [result("gpu-1")]))
    kubelet.prepare_one(Claim("uid-1", "claim"))
    assert plugin.stop() == 0
    for line in plugin.lines:
        value = json.loads(line)
        assert (value["driver"], value["node"]) == (DRIVER, NODE)
        assert value["level"] in {"debug", "info", "warning", "error"}
        assert datetime.datetime.fromisoformat(value["timestamp"]).tzinfo is not None
    (prepared,) = plugin.events("prepared")
    assert (prepared["claim"], prepared["uid"]) == ("default/claim", "uid-1")
    assert plugin.log_count("stopped") == 1


def test_logs_for_people_and_by_level(start: StartPlugin, kubelet: KubeletSide) -> None:
    plugin = start(environment={"LOG_FORMAT": "console", "LOG_LEVEL": "warning"})
    kubelet.wait_for_plugin()
    kubelet.prepare(Claim("uid-1", "nobody"))
    assert plugin.stop() == 0
    # A request that was not answered in time is a warning as well, for instance.
    assert {line.split()[1] for line in plugin.lines} <= {"warning", "error"}
    (line,) = [line for line in plugin.lines if "not prepared" in line]
    assert "default/nobody" in line
    assert not line.startswith("{")


def test_every_flag_has_its_twin_in_the_environment_and_help_names_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dra_kubeletplugin", "--help"], capture_output=True, text=True, timeout=60, check=True
    )
    text = " ".join(done.stdout.split())
    for option in text.split("Options:", 1)[1].split(" --")[1:-1]:
        assert "[env var: " in option or "env var:" in option, option
    for variable in ("NODE_NAME", "POD_UID", "CDI_ROOT", "HEALTHCHECK_PORT", "METRICS_PORT", "KUBECONFIG", "LOG_LEVEL"):
        assert variable in text


def test_every_variable_of_the_chart_is_one_of_the_plugins() -> None:
    from dra_kubeletplugin.command_line import command

    known = {option.envvar for option in command.params if hasattr(option, "envvar")}
    template = (ROOT / "helm/dra-example-driver/templates/daemonset.yaml").read_text()
    given = {
        line.split("- name:", 1)[1].strip()
        for line in template.splitlines()
        if "- name:" in line and line.split("- name:", 1)[1].strip().isupper()
    }
    assert given
    assert given <= known
