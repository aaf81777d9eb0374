"""Files that describe a claim's devices to its containers (metadata.resource.k8s.io/v1beta1)."""

from __future__ import annotations

import json

from dra_core.cdi import claim_uid_of
from dra_core.preparation import (
    ClaimFound,
    ClaimReference,
    DriverOnNode,
    Effect,
    PreparedClaims,
    PreparedDevice,
    RemoveCdiSpec,
    WriteCdiSpec,
    checkpoint_text,
    prepare,
    read_checkpoint,
    restore,
    unprepare,
)
from dra_core.profiles import GpuProfile
from dra_core.snapshot.json_value import Json, JsonObject, list_at, object_at, text_at

from tests.property.claims import DRIVER, NODE, claim, result

PROFILE = GpuProfile()
ON_NODE = DriverOnNode(
    driver_name=DRIVER, node_name=NODE, profile=PROFILE, pools=PROFILE.enumerate(NODE), device_metadata=True
)
CDI_FILE = "k8s.gpu.example.com-gpu_uid-1.json"
RESULTS = [result("gpu-1", "one"), result("gpu-2", "many/large"), result("gpu-3", "many/large")]
REQUEST = ClaimReference(uid="uid-1", namespace="default", name="claim")


def prepared(made: JsonObject, before: PreparedClaims | None = None) -> tuple[PreparedClaims, dict[str, str]]:
    """The checkpoint, and the CDI directory."""
    decision = prepare(ON_NODE, before or PreparedClaims(), (), [REQUEST], {"uid-1": ClaimFound(made)})
    assert isinstance(decision.checkpoint, PreparedClaims)
    return decision.checkpoint, written(decision.effects)


def written(effects: tuple[Effect, ...]) -> dict[str, str]:
    return {effect.file_name: effect.text for effect in effects if isinstance(effect, WriteCdiSpec)}


def devices(checkpoint: PreparedClaims) -> tuple[PreparedDevice, ...]:
    return checkpoint.claims["uid-1"].devices


def mount(files: dict[str, str], request: str) -> Json:
    (found,) = [
        each
        for device in list_at(json.loads(files[CDI_FILE]), "devices")
        if text_at(device, "name") == f"uid-1_{request}"
        for each in list_at(device, "containerEdits", "mounts")
    ]
    return found


def test_one_file_for_each_request_with_the_devices_as_published() -> None:
    _, files = prepared(claim("uid-1", RESULTS))
    document = json.loads(files["k8s.gpu.example.com-gpu_uid-1_many.metadata"])
    assert document["apiVersion"] == "metadata.resource.k8s.io/v1beta1"
    assert document["kind"] == "DeviceMetadata"
    assert document["metadata"] == {"name": "claim", "namespace": "default", "uid": "uid-1", "generation": 1}
    assert "podClaimName" not in document
    (request,) = document["requests"]
    assert request["name"] == "many/large", "as allocated"
    assert [(each["driver"], each["pool"], each["name"]) for each in request["devices"]] == [
        (DRIVER, NODE, "gpu-2"),
        (DRIVER, NODE, "gpu-3"),
    ]
    attributes = request["devices"][0]["attributes"]
    assert attributes["index"] == {"int": 2}
    assert attributes["driverVersion"] == {"version": "1.0.0"}
    assert set(attributes) == {"index", "uuid", "model", "driverVersion"}


def test_the_file_is_mounted_read_only_where_programs_look_for_it() -> None:
    _, files = prepared(claim("uid-1", RESULTS))
    place = "/var/run/kubernetes.io/dra-device-attributes/resourceclaims/claim"
    assert mount(files, "many") == {
        "hostPath": "/var/run/cdi/k8s.gpu.example.com-gpu_uid-1_many.metadata",
        "containerPath": f"{place}/many/gpu.example.com-metadata.json",
        "options": ["ro", "bind"],
    }
    assert list(files)[-1] == CDI_FILE, "what it refers to is there before it"


def test_a_claim_from_a_template_is_found_by_the_pods_name_for_it() -> None:
    annotations: JsonObject = {"resource.kubernetes.io/pod-claim-name": "my-gpus"}
    made = claim("uid-1", RESULTS)
    metadata: JsonObject = {**object_at(made, "metadata"), "annotations": annotations}
    _, files = prepared({**made, "metadata": metadata})
    assert json.loads(files["k8s.gpu.example.com-gpu_uid-1_one.metadata"])["podClaimName"] == "my-gpus"
    assert "/resourceclaimtemplates/my-gpus/one/" in text_at(mount(files, "one"), "containerPath")


def test_the_first_device_of_a_request_brings_its_file_so_that_others_requests_stay_unseen() -> None:
    checkpoint, _ = prepared(claim("uid-1", RESULTS))
    brought = {
        device.device: [name.rpartition("=")[2] for name in device.cdi_device_ids if "_" in name]
        for device in devices(checkpoint)
    }
    assert brought == {"gpu-1": ["uid-1_one"], "gpu-2": ["uid-1_many"], "gpu-3": []}


def test_what_is_prepared_keeps_its_files_through_restarts_and_flags_and_loses_them_in_the_end() -> None:
    """Also the files that a reboot took, and whatever the flag says by then."""
    checkpoint, files = prepared(claim("uid-1", RESULTS))
    assert read_checkpoint(checkpoint_text(checkpoint).encode()) == checkpoint
    switched_off = DriverOnNode(driver_name=DRIVER, node_name=NODE, profile=PROFILE, pools=ON_NODE.pools)
    assert written(restore(switched_off, checkpoint, {}).effects).items() >= files.items()
    stale: dict[str, str | None] = {"k8s.gpu.example.com-gpu_uid-0_one.metadata": "{}"}
    removed = list(restore(ON_NODE, checkpoint, {**files, **stale}).effects)
    assert RemoveCdiSpec("k8s.gpu.example.com-gpu_uid-0_one.metadata") in removed
    names = [name for name in files if claim_uid_of(DRIVER, "gpu", name) == "uid-1"]
    effects = unprepare(switched_off, checkpoint, names, [REQUEST]).effects
    assert [effect.file_name for effect in effects if isinstance(effect, RemoveCdiSpec)] == sorted(names)
    assert len(names) == 3


def test_without_the_flag_nothing_is_described() -> None:
    switched_off = DriverOnNode(driver_name=DRIVER, node_name=NODE, profile=PROFILE, pools=ON_NODE.pools)
    decision = prepare(switched_off, PreparedClaims(), (), [REQUEST], {"uid-1": ClaimFound(claim("uid-1", RESULTS))})
    assert not [name for name in written(decision.effects) if name.endswith(".metadata")]
    assert "mounts" not in written(decision.effects)[CDI_FILE]
