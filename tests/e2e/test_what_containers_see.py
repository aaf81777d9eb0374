"""What containers see: classes' and claims' configuration, requests, sharing, on a real container runtime."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest
from dra_core.snapshot.json_value import Json, JsonObject

from tests.e2e.objects import DRIVER, claim, gpu_config, pod, request
from tests.e2e.world import World, eventually

LONG: JsonObject = {"sharing": {"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": "Long"}}}
SHORT: JsonObject = {"sharing": {"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": "Short"}}}
HALVES: JsonObject = {"sharing": {"strategy": "SpacePartitioning", "spacePartitioningConfig": {"partitionCount": 2}}}
CLASS = "short-slices"


def _gpus(environment: Mapping[str, str]) -> set[str]:
    return {
        value
        for key, value in environment.items()
        if key.startswith("GPU_DEVICE_") and value.startswith("gpu-") and "_UUID" not in key
    }


def _settings(environment: Mapping[str, str], key: str) -> list[str]:
    return sorted(value for name, value in environment.items() if name.startswith("GPU_DEVICE_") and name.endswith(key))


@pytest.fixture
def class_with_configuration(world: World) -> Iterator[str]:
    """A class whose devices have short time slices unless the claim says otherwise."""
    selector = {"cel": {"expression": f"device.driver == '{DRIVER}'"}}
    configured = [{"opaque": gpu_config(SHORT)["opaque"]}]
    world.create(
        {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "DeviceClass",
            "metadata": {"name": CLASS},
            "spec": {"selectors": [selector], "config": configured},
        }
    )
    yield CLASS
    world.delete("DeviceClass", "", CLASS)


def test_configuration_for_all_requests_and_for_one_of_class_and_of_claim(
    world: World, namespace: str, class_with_configuration: str
) -> None:
    """The class's counts where the claim is silent; the claim's own for one request wins over its own for all."""
    world.run(
        claim(namespace, "by-class", request("gpu", class_with_configuration)),
        pod(namespace, "by-class", {"gpu": "by-class"}),
        claim(
            namespace,
            "by-claim",
            request("one", class_with_configuration),
            request("two", class_with_configuration),
            config=[gpu_config(LONG), gpu_config(HALVES, "two")],
        ),
        pod(namespace, "by-claim", {"gpus": "by-claim"}),
    )
    assert _settings(world.environment(namespace, "by-class"), "_TIMESLICE_INTERVAL") == ["Short"]
    both = world.environment(namespace, "by-claim")
    assert _settings(both, "_TIMESLICE_INTERVAL") == ["Long"]
    assert _settings(both, "_PARTITION_COUNT") == ["2"]


def test_container_with_one_request_sees_only_its_devices_and_one_with_the_claim_all(
    world: World, namespace: str
) -> None:
    world.run(
        claim(namespace, "gpus", request("one"), request("two", allocationMode="ExactCount", count=2)),
        pod(
            namespace,
            "three",
            {"gpus": "gpus"},
            {
                "one": [{"name": "gpus", "request": "one"}],
                "two": [{"name": "gpus", "request": "two"}],
                "all": [{"name": "gpus"}],
                "none": [],
            },
        ),
    )
    seen = {name: _gpus(world.environment(namespace, "three", name)) for name in ("one", "two", "all", "none")}
    assert (len(seen["one"]), len(seen["two"]), len(seen["none"])) == (1, 2, 0)
    assert seen["one"].isdisjoint(seen["two"])
    assert seen["all"] == seen["one"] | seen["two"]


def test_configuration_of_a_main_request_holds_for_the_chosen_alternative(world: World, namespace: str) -> None:
    """With firstAvailable results are named ``gpu/<alternative>``; containers and configuration say ``gpu``."""
    impossible: JsonObject = {
        "cel": {"expression": f"device.capacity['{DRIVER}'].memory.compareTo(quantity('1Ti')) > 0"}
    }
    alternatives: Sequence[Json] = [
        {"name": "huge", "deviceClassName": DRIVER, "selectors": [impossible]},
        {"name": "normal", "deviceClassName": DRIVER},
    ]
    world.run(
        claim(namespace, "gpu", {"name": "gpu", "firstAvailable": alternatives}, config=[gpu_config(LONG, "gpu")]),
        pod(namespace, "flexible", {"gpu": "gpu"}, {"ctr0": [{"name": "gpu", "request": "gpu"}]}),
    )
    environment = world.environment(namespace, "flexible")
    assert len(_gpus(environment)) == 1
    assert _settings(environment, "_TIMESLICE_INTERVAL") == ["Long"]


def test_one_claim_by_five_pods_at_once_and_again_after_the_first_has_ended(world: World, namespace: str) -> None:
    names = [f"user-{number}" for number in range(5)]
    world.run(claim(namespace, "shared"), *(pod(namespace, name, {"gpu": "shared"}) for name in names))
    seen = [_gpus(world.environment(namespace, name)) for name in names]
    assert len(seen[0]) == 1
    assert all(gpus == seen[0] for gpus in seen)
    world.delete("Pod", namespace, names[0])
    world.wait_gone(namespace, names[0])
    assert world.prepared() == {world.claim_uid(namespace, "shared")}
    world.run(pod(namespace, "late", {"gpu": "shared"}))
    assert _gpus(world.environment(namespace, "late")) == seen[0]


def test_pod_waits_when_all_devices_are_used_and_runs_when_one_is_free(world: World, namespace: str) -> None:
    world.run(
        claim(namespace, "seven", request("gpus", allocationMode="ExactCount", count=7)),
        pod(namespace, "seven", {"gpus": "seven"}),
        claim(namespace, "eighth"),
        pod(namespace, "eighth", {"gpu": "eighth"}),
    )
    world.create(claim(namespace, "ninth"), pod(namespace, "ninth", {"gpu": "ninth"}))
    world.wait_for_event(namespace, "ninth", "FailedScheduling", "cannot allocate all claims")
    world.delete("Pod", namespace, "eighth")
    world.delete("ResourceClaim", namespace, "eighth")
    world.wait_ready(namespace, "ninth")
    eventually("two prepared claims", lambda: len(world.prepared()) == 2)
