"""What the chart's values do to devices, as the scheduler and containers see it; and the metrics."""

from __future__ import annotations

import pytest
from dra_core.snapshot.json_value import JsonObject, at, list_at, text_at
from local_cluster.driver import NAMESPACE

from tests.e2e.objects import claim, collection, pod, request
from tests.e2e.world import World, allocated_devices, eventually


@pytest.fixture
def driver(namespace: str) -> str:
    """One for each run of a test: slices outlive a plugin by 30 s, and the next would be given devices that were."""
    return f"{namespace}.example.com"


def _result(claim: JsonObject) -> JsonObject:
    (result,) = list_at(claim, "status", "allocation", "devices", "results")
    assert isinstance(result, dict)
    return result


def test_shares_of_one_gpu_by_two_claims(world: World, namespace: str, driver: str) -> None:
    """Both have the same device, a share ID each, and see their own part of its capacity."""
    part = request("gpu", driver, capacity={"requests": {"memory": "16Gi", "compute": "20"}})
    values = ("kubeletPlugin.numDevices=1", "kubeletPlugin.gpuAllowMultipleAllocations=true")
    with world.second_release(driver, *values):
        world.run(
            *(claim(namespace, name, part) for name in ("one", "two")),
            *(pod(namespace, name, {"gpu": name}) for name in ("one", "two")),
        )
        results = [_result(world.read("ResourceClaim", namespace, name)) for name in ("one", "two")]
        assert {result["device"] for result in results} == {"gpu-0"}
        assert len({text_at(result, "shareID") for result in results} - {""}) == 2
        for name in ("one", "two"):
            environment = world.environment(namespace, name)
            assert environment["GPU_DEVICE_0"] == "gpu-0"
            assert (environment["GPU_DEVICE_0_MEMORY"], environment["GPU_DEVICE_0_COMPUTE"]) == ("16Gi", "20")
        assert len(world.prepared(driver)) == 2
        world.empty_of_pods(namespace)


def test_partitions_and_an_extended_resource(world: World, namespace: str, driver: str) -> None:
    """Two partitions for a claim; another for a pod that knows nothing of claims and asks for example.com/gpu: 1."""
    values = ("kubeletPlugin.numDevices=1", "kubeletPlugin.gpuPartitions=4")
    with world.second_release(driver, *values, "deviceClass.extendedResourceName=example.com/gpu"):
        plain = pod(namespace, "plain", {})
        (container,) = list_at(plain, "spec", "containers")
        assert isinstance(container, dict)
        container["resources"] = {"limits": {"example.com/gpu": "1"}}
        partition = {"cel": {"expression": f"'partition' in device.attributes['{driver}']"}}
        two = request("gpus", driver, allocationMode="ExactCount", count=2, selectors=[partition])
        world.run(claim(namespace, "two", two), pod(namespace, "two", {"gpus": "two"}), plain)
        devices = allocated_devices(world.read("ResourceClaim", namespace, "two"))
        assert len(set(devices)) == 2
        assert all("partition" in device for device in devices)
        status = at(world.read("Pod", namespace, "plain"), "status", "extendedResourceClaimStatus")
        (mapping,) = list_at(status, "requestMappings")
        assert text_at(mapping, "resourceName") == "example.com/gpu"
        environment = world.environment(namespace, "plain")
        assert environment["DRA_RESOURCE_DRIVER_NAME"] == driver
        assert not set(devices) & set(environment.values())
        world.empty_of_pods(namespace)


def test_gpus_with_binding_conditions_are_reported_ready_by_the_controller(
    world: World, namespace: str, driver: str
) -> None:
    """And by nobody else: the pod waits until then."""
    waiting = ("kubeletPlugin.bindingConditions=true", "controller.replicas=0")
    with world.second_release(driver, *waiting):
        world.create(claim(namespace, "gpu", request("gpu", driver)), pod(namespace, "user", {"gpu": "gpu"}))
        eventually("the allocation", lambda: bool(allocated_devices(world.read("ResourceClaim", namespace, "gpu"))))
        assert text_at(world.read("Pod", namespace, "user"), "spec", "nodeName") == ""
        world.update_second_release(driver, "kubeletPlugin.bindingConditions=true", "controller.bindingConditions=true")
        world.wait_ready(namespace, "user")
        world.empty_of_pods(namespace)


def test_two_pods_share_a_network_card_and_find_it_described_in_a_file(
    world: World, namespace: str, driver: str
) -> None:
    show = "cat /var/run/kubernetes.io/dra-device-attributes/resourceclaims/$0/card/*.json; env | sort"
    command = ("sh", "-c", f"trap 'exit 0' TERM; {show}; sleep 9999 & wait")
    values = ("deviceProfile=net", "kubeletPlugin.numDevices=1", "kubeletPlugin.deviceMetadata=true")
    with world.second_release(driver, *values):
        for name in ("one", "two"):
            world.create(
                claim(namespace, name, request("card", driver, capacity={"requests": {"ingressBandwidth": "2G"}}))
            )
            world.create(pod(namespace, name, {"card": name}, command=(*command, name)))
        world.wait_ready(namespace, "one", "two")
        results = [_result(world.read("ResourceClaim", namespace, name)) for name in ("one", "two")]
        assert {result["device"] for result in results} == {"nic-0"}
        for name in ("one", "two"):
            printed = world.printed(namespace, name)
            assert '"kind":"DeviceMetadata"' in printed.replace(" ", "")
            assert "NET_DEVICE_0_INGRESS_RATE=2000000000" in printed
        world.empty_of_pods(namespace)


def test_metrics_of_the_plugin_count_prepares(world: World, namespace: str) -> None:
    path = f"{collection('Pod', NAMESPACE)}/{text_at(world.plugin(), 'metadata', 'name')}:8080/proxy/metrics"
    name = 'dra_example_driver_prepare_claims_total{result="success"}'
    before = world.metrics(path).get(name, 0)
    world.run(claim(namespace, "gpu"), pod(namespace, "user", {"gpu": "gpu"}))
    # The kubelet asks again when an answer comes too late for it, so there may be more than one more.
    eventually("one more", lambda: world.metrics(path).get(name, 0) > before)
