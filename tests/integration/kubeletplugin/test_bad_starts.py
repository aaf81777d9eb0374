"""Starts that cannot succeed: exit code 1, and one clear line."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.kubeletplugin.conftest import StartPlugin
from tests.integration.kubeletplugin.kubelet_side import KubeletSide
from tests.integration.kubeletplugin.little_api import LittleApi
from tests.integration.kubeletplugin.plugin_process import NodeDirectories, PluginProcess


def one_line(plugin: PluginProcess) -> str:
    """The only thing that it says, beside its log, and how it ends."""
    assert plugin.wait() == 1, plugin.lines
    (line,) = [each for each in plugin.lines if not each.startswith("{")]
    assert line.startswith("dra-kubeletplugin: ")
    return line


def test_a_second_plugin_of_the_same_name(plugin: PluginProcess, start: StartPlugin, kubelet: KubeletSide) -> None:
    assert "another plugin already serves the driver gpu.example.com on this node" in one_line(start())
    kubelet.wait_for_plugin()
    assert plugin.stop() == 0


def test_a_second_plugin_of_the_same_name_and_pod(start: StartPlugin, kubelet: KubeletSide) -> None:
    start("--pod-uid", "the-same-uid")
    kubelet.wait_for_plugin()
    assert "another plugin already serves" in one_line(start("--pod-uid", "the-same-uid"))


def test_a_stranger_that_serves_the_driver(start: StartPlugin, node: NodeDirectories) -> None:
    """A driver in another language knows nothing of our lock, but listens."""
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.bind(str(node.registry / "gpu.example.com-reg.sock"))
        stranger.listen()
        assert "another plugin already serves" in one_line(start())


def test_an_api_server_that_is_older_than_v1(start: StartPlugin, api: LittleApi) -> None:
    """It would publish nothing, and find no claim."""
    api.served = ["v1beta2", "v1beta1"]
    line = one_line(start())
    assert "serves v1beta2 at the newest, and the plugin needs v1" in line
    assert "1.34" in line


@pytest.mark.parametrize("which", ["registry", "plugins"])
def test_a_missing_kubelet_directory(start: StartPlugin, node: NodeDirectories, which: str) -> None:
    directory: Path = getattr(node, which)
    directory.rmdir()
    line = one_line(start())
    assert f"the kubelet's directory {directory} does not exist" in line
    assert "-directory-path)" in line, "the flag that says where it is"


def test_a_cdi_directory_that_cannot_be_made(start: StartPlugin, node: NodeDirectories) -> None:
    file = node.root / "file"
    file.touch()
    line = one_line(start("--cdi-root", str(file / "cdi")))
    assert f"cannot make the directory {file / 'cdi'}" in line
    assert "--cdi-root" in line


def test_a_cdi_directory_that_cannot_be_written(start: StartPlugin) -> None:
    """/proc is as good as a read-only mount: not even root makes files there."""
    line = one_line(start("--cdi-root", "/proc/self/fdinfo"))
    assert "/proc/self/fdinfo" in line
    assert "--cdi-root" in line or "could not be written" in line


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        ("{", "kubeconfig"),
        ("[]", "no context is set"),
        ('{"current-context": "a"}', "there is no context named 'a'"),
        ('{"current-context": "a", "contexts": [{"name": "a", "context": {"cluster": "b"}}]}', "the cluster 'b'"),
    ],
)
def test_a_wrong_kubeconfig(start: StartPlugin, node: NodeDirectories, content: str | None, said: str) -> None:
    path = node.root / "other-kubeconfig"
    if content is not None:
        path.write_text(content)
    line = one_line(start(kubeconfig=path))
    assert str(path) in line
    assert said in line


def test_no_kubeconfig_outside_of_a_pod(start: StartPlugin) -> None:
    line = one_line(start(environment={"KUBECONFIG": "", "KUBERNETES_SERVICE_HOST": ""}))
    assert "not a pod" in line
    assert "--kubeconfig" in line


def test_a_driver_name_too_long_for_any_socket(start: StartPlugin, node: NodeDirectories) -> None:
    deep = node.root / ("d" * 40)
    deep.mkdir()
    line = one_line(start("--kubelet-plugins-directory-path", str(deep), "--driver-name", "a" * 60, "--pod-uid", "u"))
    assert "longer than the kernel takes" in line


@pytest.mark.parametrize("flag", ["--healthcheck-port", "--metrics-port"])
def test_a_port_that_is_taken(start: StartPlugin, node: NodeDirectories, flag: str) -> None:
    with socket.socket(socket.AF_INET6) as taken:
        taken.bind(("::", 0))
        taken.listen()
        assert str(taken.getsockname()[1]) in one_line(start(flag, str(taken.getsockname()[1])))
    assert node.sockets() == set(), "nothing stays behind"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--driver-name", "Not a DNS name"], "--driver-name"),
        (["--driver-name", "a" * 64], "--driver-name"),
        (["--num-devices", "-1"], "--num-devices"),
        (["--gpu-partitions", "41"], "--gpu-partitions"),
        (["--device-profile", "toaster"], "--device-profile"),
        (["--device-profile", "net", "--gpu-partitions", "2"], "--device-profile"),
        (["--metrics-port", "65536"], "--metrics-port"),
        (["--invention"], "--invention"),
    ],
)
def test_wrong_flags_are_exit_code_2(start: StartPlugin, flags: list[str], said: str) -> None:
    plugin = start(*flags)
    assert plugin.wait() == 2
    assert said in "\n".join(plugin.lines)


def test_without_a_node_name() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "NODE_NAME"}
    command = [sys.executable, "-m", "dra_kubeletplugin"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "--node-name" in done.stderr
    assert "NODE_NAME" in done.stderr


def test_a_kubeconfig_with_a_program_is_run(start: StartPlugin, node: NodeDirectories, api: LittleApi) -> None:
    """As the kubeconfigs of managed clusters have it."""
    program = node.root / "login"
    answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "fresh"}}
    program.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
    program.chmod(0o755)
    access = json.loads(api.kubeconfig(node.root / "kubeconfig").read_text())
    access["users"][0]["user"] = {"exec": {"apiVersion": answer["apiVersion"], "command": str(program)}}
    path = node.root / "with-program"
    path.write_text(json.dumps(access))
    start(kubeconfig=path)
    api.wait(lambda: len(api.slices()) == 1, "a slice")
    assert set(api.tokens) == {"Bearer fresh"}
