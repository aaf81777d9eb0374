"""What a container's process is started with."""

from __future__ import annotations

import pytest
from dra_core.snapshot.json_value import JsonObject
from dra_sandbox.kubelet.environment import Sources, expand, replace_paths, replace_ports, start_of
from dra_sandbox.kubelet.images import DRIVER, SHELL, command_line, image_for, unknown_image
from returns.result import Failure, Success

POD: JsonObject = {
    "metadata": {"name": "pod", "namespace": "ns", "uid": "u", "labels": {"app": "a"}, "annotations": {"note": "n"}},
    "spec": {"nodeName": "node-0", "serviceAccountName": "default"},
    "status": {"podIP": "127.0.0.1", "hostIP": "127.0.0.1"},
}
SOURCES = Sources(
    config_maps={"config": {"key": "value"}}, secrets={"secret": {"word": "s3"}}, allocatable={"cpu": "4"}
)


def test_variables_come_from_literals_fields_resources_config_maps_and_secrets() -> None:
    container: JsonObject = {
        "name": "c",
        "command": ["run", "$(LITERAL)", "$$(LITERAL)", "$(UNKNOWN)"],
        "args": ["--node=$(NODE)"],
        "resources": {"limits": {"memory": "1Gi"}},
        "envFrom": [{"prefix": "P_", "configMapRef": {"name": "config"}}, {"secretRef": {"name": "secret"}}],
        "env": [
            {"name": "LITERAL", "value": "x"},
            {"name": "TWICE", "value": "$(LITERAL)$(LITERAL)"},
            {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "LABEL", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
            {"name": "MEMORY", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory"}}},
            {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
            {"name": "KEY", "valueFrom": {"configMapKeyRef": {"name": "config", "key": "key"}}},
            {"name": "MAYBE", "valueFrom": {"secretKeyRef": {"name": "none", "key": "k", "optional": True}}},
        ],
    }
    started = start_of(POD, container, SOURCES, {"PATH": "/bin"}).unwrap()
    assert started.env == {
        "PATH": "/bin",
        "P_key": "value",
        "word": "s3",
        "LITERAL": "x",
        "TWICE": "xx",
        "NODE": "node-0",
        "IP": "127.0.0.1",
        "LABEL": "a",
        "MEMORY": "1Gi",
        "CPU": "4",
        "KEY": "value",
    }
    assert started.command == ("run", "x", "$(LITERAL)", "$(UNKNOWN)")
    assert started.arguments == ("--node=node-0",)


def test_all_missing_sources_are_named_at_once() -> None:
    container: JsonObject = {
        "envFrom": [{"configMapRef": {"name": "none"}}],
        "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "secret", "key": "no"}}}],
    }
    assert start_of(POD, container, SOURCES, {}) == Failure(
        'configmap "none" not found; couldn\'t find key no in secret secret'
    )


def test_without_sources_there_is_nothing_but_the_image() -> None:
    assert isinstance(start_of(POD, {}, SOURCES, {}), Success)
    assert expand("$(A)$$", {"A": "1"}) == "1$"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/var/run/cdi", "/n/cdi"),
        ("--cdi-root=/var/run/cdi/", "--cdi-root=/n/cdi/"),
        ("/var/run/cdi-other", "/var/run/cdi-other"),
        ("/host/var/run/cdi", "/host/var/run/cdi"),
        ("cat /var/run/cdi/x /var/lib/kubelet/plugins/y", "cat /n/cdi/x /n/plugins/y"),
        ("/var/lib/kubelet/plugins_registry", "/n/registry"),
    ],
)
def test_mounted_paths_are_exchanged_where_they_stand_for_themselves(text: str, expected: str) -> None:
    places = {
        "/var/run/cdi": "/n/cdi",
        "/var/lib/kubelet/plugins": "/n/plugins",
        "/var/lib/kubelet/plugins_registry/": "/n/registry",
    }
    assert replace_paths(text, places) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8080", "40000"),
        (":8080", ":40000"),
        ("--port=8080", "--port=40000"),
        ("18080", "18080"),
        ("8080 x", "8080 x"),
    ],
)
def test_declared_ports_are_exchanged_where_a_value_is_a_port(text: str, expected: str) -> None:
    assert replace_ports(text, {8080: 40000}) == expected


def test_images_are_known_by_their_last_name() -> None:
    assert image_for("docker.io/library/busybox:1.36") is SHELL
    assert image_for("registry.k8s.io/e2e-test-images/busybox@sha256:00") is SHELL
    assert image_for("localhost:5000/drakit/dra-example-driver:v0.1.0") is DRIVER
    assert image_for("nginx") is None
    assert "busybox" in unknown_image("nginx")


def test_the_drivers_console_scripts_become_its_modules() -> None:
    line = command_line(DRIVER, ("dra-kubeletplugin",), ("--num-devices=2",), "/python")
    assert line == ("/python", "-m", "dra_kubeletplugin", "--num-devices=2")
    assert command_line(DRIVER, (), (), "/python") == ("/python", "-m", "dra_kubeletplugin")
    assert command_line(DRIVER, ("/usr/bin/dra-controller",), (), "/python") == ("/python", "-m", "dra_controller")
    assert command_line(SHELL, (), (), "/python") == ("sh",)
    assert command_line(SHELL, ("sh", "-c"), ("env",), "/python") == ("sh", "-c", "env")
