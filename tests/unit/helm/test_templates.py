"""What the chart renders. Needs helm: on the PATH, as $HELM, or built by demo/clusters/local."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from click.core import Command
from dra_core.snapshot.json_value import JsonObject, at, list_at, object_at, text_at
from dra_kubeletplugin.command_line import command

CHART = Path(__file__).parents[3] / "helm" / "dra-example-driver"
BUILT_HERE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "drakit" / "bin" / "helm"
HELM = os.environ.get("HELM") or shutil.which("helm", path=f"{os.environ.get('PATH', '')}:{BUILT_HERE}") or ""
RELEASE = "dra-example-driver"

pytestmark = pytest.mark.skipif(not HELM, reason="there is no helm; `demo/clusters/local/cluster build` makes one")


def _helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([HELM, *arguments], capture_output=True, text=True, timeout=60)


def _render(*values: str, namespace: str = RELEASE) -> list[JsonObject]:
    settings = [argument for value in values for argument in ("--set", value)]
    where = ["--namespace", namespace, "--kube-version", "1.37.2"]
    done = _helm("template", RELEASE, str(CHART), *where, *settings)
    assert done.returncode == 0, done.stderr
    return [item for item in yaml.safe_load_all(done.stdout) if item]


def _one(objects: list[JsonObject], kind: str) -> JsonObject:
    (found,) = [item for item in objects if item["kind"] == kind]
    return found


def _container(objects: list[JsonObject]) -> JsonObject:
    (container,) = list_at(_one(objects, "DaemonSet"), "spec", "template", "spec", "containers")
    assert isinstance(container, dict)
    return container


def _environment(objects: list[JsonObject]) -> dict[str, str]:
    entries = (item for item in list_at(_container(objects), "env") if isinstance(item, dict))
    return {text_at(item, "name"): text_at(item, "value") for item in entries}


def test_lint_finds_nothing() -> None:
    done = _helm("lint", "--strict", str(CHART), "--namespace", RELEASE)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_variable_is_one_that_the_plugin_reads() -> None:
    """A flag that was renamed would leave the chart setting something that nobody reads."""
    assert isinstance(command, Command)
    known = {str(parameter.envvar) for parameter in command.params if parameter.envvar}
    assert set(_environment(_render())) <= known


@pytest.mark.parametrize(
    ("setting", "variable", "value"),
    [
        ("kubeletPlugin.numDevices=3", "NUM_DEVICES", "3"),
        ("kubeletPlugin.gpuPartitions=4", "GPU_PARTITIONS", "4"),
        ("kubeletPlugin.gpuAllowMultipleAllocations=true", "GPU_ALLOW_MULTIPLE_ALLOCATIONS", "true"),
        ("kubeletPlugin.bindingConditions=true", "BINDING_CONDITIONS", "true"),
        ("kubeletPlugin.cdiDirectoryPath=/etc/cdi", "CDI_ROOT", "/etc/cdi"),
        ("kubeletPlugin.logLevel=debug", "LOG_LEVEL", "debug"),
        ("kubeletPlugin.logFormat=console", "LOG_FORMAT", "console"),
        ("kubeletPlugin.healthcheckPort=-1", "HEALTHCHECK_PORT", "-1"),
        ("kubeletPlugin.metricsPort=9090", "METRICS_PORT", "9090"),
        ("driverName=gpu.vendor.example", "DRIVER_NAME", "gpu.vendor.example"),
    ],
)
def test_value_reaches_the_plugin(setting: str, variable: str, value: str) -> None:
    assert _environment(_render(setting))[variable] == value


def test_directories_are_mounted_where_the_plugin_looks_for_them() -> None:
    objects = _render("kubeletPlugin.kubeletPluginsDirectoryPath=/data/kubelet/plugins")
    mounts = {text_at(item, "mountPath") for item in list_at(_container(objects), "volumeMounts")}
    volumes = list_at(_one(objects, "DaemonSet"), "spec", "template", "spec", "volumes")
    environment = _environment(objects)
    wanted = {
        environment["KUBELET_PLUGINS_DIRECTORY_PATH"],
        environment["KUBELET_REGISTRAR_DIRECTORY_PATH"],
        environment["CDI_ROOT"],
    }
    assert mounts == wanted == {text_at(item, "hostPath", "path") for item in volumes}
    assert "/data/kubelet/plugins" in wanted


def test_class_has_the_drivers_name_and_selects_its_devices() -> None:
    found = _one(
        _render("driverName=gpu.vendor.example", "deviceClass.extendedResourceName=example.com/gpu"), "DeviceClass"
    )
    assert at(found, "metadata", "name") == "gpu.vendor.example"
    assert at(found, "spec", "extendedResourceName") == "example.com/gpu"
    (selector,) = list_at(found, "spec", "selectors")
    assert text_at(selector, "cel", "expression") == "device.driver == 'gpu.vendor.example'"
    assert not [item for item in _render("deviceClass.create=false") if item["kind"] == "DeviceClass"]


def test_role_allows_no_more_than_the_plugin_does() -> None:
    """Each addition here is a decision."""
    allowed = {
        (str(resource), str(verb))
        for rule in list_at(_one(_render(), "ClusterRole"), "rules")
        for resource in list_at(rule, "resources")
        for verb in list_at(rule, "verbs")
    }
    slices = {("resourceslices", verb) for verb in ("get", "list", "watch", "create", "update", "delete")}
    assert allowed == {("resourceclaims", "get"), ("nodes", "get"), *slices}


def test_role_and_policy_are_bound_to_the_same_account() -> None:
    objects = _render("serviceAccount.name=plugin")
    (subject,) = list_at(_one(objects, "ClusterRoleBinding"), "subjects")
    assert (text_at(subject, "name"), text_at(subject, "namespace")) == ("plugin", RELEASE)
    assert at(_one(objects, "DaemonSet"), "spec", "template", "spec", "serviceAccountName") == "plugin"
    (condition,) = list_at(_one(objects, "ValidatingAdmissionPolicy"), "spec", "matchConditions")
    assert f'"system:serviceaccount:{RELEASE}:plugin"' in text_at(condition, "expression")
    policy = at(_one(objects, "ValidatingAdmissionPolicy"), "metadata", "name")
    assert at(_one(objects, "ValidatingAdmissionPolicyBinding"), "spec", "policyName") == policy


def test_plugin_has_no_privileges() -> None:
    context = object_at(_container(_render()), "securityContext")
    assert context["privileged"] is False
    assert context["allowPrivilegeEscalation"] is False
    assert context["readOnlyRootFilesystem"] is True
    assert at(context, "capabilities", "drop") == ["ALL"]


def test_update_lets_the_new_plugin_come_before_the_old_one_goes() -> None:
    strategy = object_at(_one(_render(), "DaemonSet"), "spec", "updateStrategy")
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    names = {text_at(item, "name") for item in list_at(_container(_render()), "env")}
    assert "POD_UID" in names, "without it old and new plugin would want the same sockets"


def test_ports_below_zero_switch_probes_and_metrics_off() -> None:
    objects = _render("kubeletPlugin.healthcheckPort=-1", "kubeletPlugin.metricsPort=-1")
    assert not {"startupProbe", "readinessProbe", "livenessProbe", "ports"} & set(_container(objects))
    assert not [item for item in objects if item["kind"] == "Service"]


def test_all_objects_of_two_releases_have_names_of_their_own() -> None:
    def names(release: str, driver: str) -> set[tuple[str, str]]:
        done = _helm("template", release, str(CHART), "--namespace", "drivers", "--set", f"driverName={driver}")
        objects = (item for item in yaml.safe_load_all(done.stdout) if item)
        return {(text_at(item, "kind"), text_at(item, "metadata", "name")) for item in objects}

    assert names("one", "one.example.com") & names("two", "two.example.com") == set()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--namespace", "default"], "does not belong into the namespace"),
        (["--namespace", "x", "--set", "serviceAccount.create=false"], "serviceAccount.name is needed"),
        (["--namespace", "x", "--set", "kubeletPlugin.numDevice=3"], "numDevice"),
        (["--namespace", "x", "--kube-version", "1.33.0"], "kubeVersion"),
    ],
)
def test_mistakes_are_refused_with_words(arguments: list[str], words: str) -> None:
    done = _helm("template", RELEASE, str(CHART), *arguments)
    assert done.returncode != 0
    assert words in done.stderr
