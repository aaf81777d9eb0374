"""Pods wait for devices with binding conditions until the controller has reported them ready."""

from __future__ import annotations

from dra_apiserver import RESOURCE_CLAIMS, Selection
from dra_core.snapshot.json_value import JsonObject, list_at, text_at
from dra_sandbox.cluster import sandbox
from dra_sandbox.files import example_manifest
from dra_sandbox.manifests import objects_in

from tests.integration.controller.controller_process import ControllerProcess
from tests.integration.controller.over_http import OverHttp, eventually
from tests.integration.controller.plugins_alone import install_plugins
from tests.integration.sandbox.workloads import wait_ready

EXAMPLE = "basic-resourceclaimtemplate"  # its namespace, too


def test_pods_run_once_their_devices_are_reported_ready() -> None:
    with sandbox() as cluster:
        install_plugins(cluster, {"BINDING_CONDITIONS": "true"})
        api = OverHttp(cluster.kubeconfig)
        cluster.create(objects_in(example_manifest(EXAMPLE)))

        def allocated() -> list[JsonObject]:
            found = api.client.list(RESOURCE_CLAIMS, Selection(namespace=EXAMPLE)).unwrap().objects
            return [claim for claim in found if list_at(claim, "status", "allocation", "devices", "results")]

        eventually(lambda: len(allocated()) == 2 or None, "both claims are allocated")
        assert all(not list_at(claim, "status", "devices") for claim in allocated()), "and nobody has reported anything"
        controller = ControllerProcess(cluster.kubeconfig, ["--leader-election", "false", "--binding-conditions"])
        try:
            wait_ready(cluster, EXAMPLE, "pod0", "pod1")
        finally:
            controller.end()
        for claim in allocated():
            (device,) = list_at(claim, "status", "devices")
            (condition,) = list_at(device, "conditions")
            assert (text_at(condition, "type"), text_at(condition, "status")) == ("BindingConditions", "True")
