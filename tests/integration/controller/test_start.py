"""How the controller begins: what it speaks, and what it says where it cannot run."""

from __future__ import annotations

from pathlib import Path

from dra_core.snapshot.json_value import JsonObject

from tests.integration.controller.controller_process import ControllerProcess
from tests.integration.controller.over_http import write_kubeconfig
from tests.unit.apiserver.scripted_server import Answer, ScriptedServer


def group(*versions: str) -> JsonObject:
    return {"kind": "APIGroup", "name": "resource.k8s.io", "versions": [{"version": each} for each in versions]}


def test_a_server_with_neither_generation_is_refused_in_one_line(tmp_path: Path) -> None:
    with ScriptedServer(Answer(body=group("v1alpha3"))) as server:
        write_kubeconfig(tmp_path / "kubeconfig", server.url)
        process = ControllerProcess(tmp_path / "kubeconfig")
        code = process.wait()
        process.end()
    assert code == 1
    assert "serves only v1alpha3" in process.lines[-1]
    assert "feature gate DynamicResourceAllocation" in process.lines[-1]


def test_a_server_that_does_not_answer_is_asked_again(tmp_path: Path) -> None:
    with ScriptedServer(Answer(status=503, body="not yet"), Answer(body=group("v1beta1", "v1alpha2"))) as server:
        write_kubeconfig(tmp_path / "kubeconfig", server.url)
        process = ControllerProcess(tmp_path / "kubeconfig")
        try:
            process.wait_for("the API server does not say what it serves; asking again")
            said = process.wait_for("speaking")
            assert (said["generation"], said["version"], said["driver"]) == ("modern", "v1beta1", "gpu.example.com")
        finally:
            process.end()


def test_a_given_driver_name_wins(tmp_path: Path) -> None:
    with ScriptedServer(Answer(body=group("v1alpha2"))) as server:
        write_kubeconfig(tmp_path / "kubeconfig", server.url)
        process = ControllerProcess(tmp_path / "kubeconfig", ["--driver-name", "mine.example.com"])
        try:
            said = process.wait_for("speaking")
            assert (said["generation"], said["driver"]) == ("classic", "mine.example.com")
        finally:
            process.end()
