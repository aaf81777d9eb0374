"""NodePrepareResources: what is granted, in which order it reaches the disk, and every reason why not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import msgspec
import pytest
from dra_core.preparation import (
    Checkpoint,
    ClaimFound,
    ClaimMissing,
    ClaimRead,
    ClaimReference,
    ClaimUnreadable,
    DriverOnNode,
    EffectFailure,
    Preparation,
    PreparedClaim,
    PreparedClaims,
    RemoveCdiSpec,
    SaveCheckpoint,
    WriteCdiSpec,
    prepare,
    read_checkpoint,
)
from dra_core.profiles import GpuProfile
from dra_core.refusal import Fault, Refusals, sentences
from dra_core.snapshot.json_value import JsonObject, text_at
from pyrsistent import pmap
from returns.result import Success

from tests.property.claims import DRIVER, NODE, claim, config, gpu_config, result

PROFILE = GpuProfile()
NODE_DRIVER = DriverOnNode(driver_name=DRIVER, node_name=NODE, profile=PROFILE, pools=PROFILE.enumerate(NODE))
NOTHING = read_checkpoint(None)
COMMON = "k8s.gpu.example.com-gpu_common.json"
FILE_1 = "k8s.gpu.example.com-gpu_uid-1.json"
LONG = gpu_config({"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": "Long"}})
SHARE_1, SHARE_2 = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def reference(uid: str = "uid-1", name: str = "claim") -> ClaimReference:
    return ClaimReference(uid=uid, namespace="default", name=name)


def prepare_one(
    value: JsonObject, checkpoint: Checkpoint = NOTHING, files: Sequence[str] = (), uid: str = "uid-1"
) -> Preparation:
    name = text_at(value, "metadata", "name")
    return prepare(NODE_DRIVER, checkpoint, files, [reference(uid, name)], {uid: ClaimFound(value)})


def refusals(preparation: Preparation, uid: str = "uid-1") -> Refusals:
    return preparation.answers[uid].failure()


def environment(preparation: Preparation, uid: str = "uid-1") -> list[str]:
    """What a container sees that gets all the claim's devices."""
    return [variable for device in preparation.answers[uid].unwrap() for variable in device.edits.env]


def codes(preparation: Preparation, uid: str = "uid-1") -> list[str]:
    return [each.code for each in refusals(preparation, uid)]


class TestGranted:
    def test_the_answer_has_what_the_kubelet_needs(self) -> None:
        (device,) = prepare_one(claim("uid-1", [result("gpu-3")])).answers["uid-1"].unwrap()
        assert device.request_names == ("gpu",)
        assert (device.pool, device.device, device.share_id) == (NODE, "gpu-3", None)
        assert device.cdi_device_ids == ("k8s.gpu.example.com/gpu=uid-1-gpu-3", "k8s.gpu.example.com/gpu=common")

    def test_files_come_first_and_the_checkpoint_last(self) -> None:
        common, own, save = prepare_one(claim("uid-1", [result("gpu-3")])).effects
        assert isinstance(common, WriteCdiSpec)
        assert isinstance(own, WriteCdiSpec)
        assert isinstance(save, SaveCheckpoint)
        assert (common.file_name, own.file_name) == (COMMON, FILE_1)
        assert [each["name"] for each in json.loads(own.text)["devices"]] == ["uid-1-gpu-3"]

    def test_the_container_sees_its_claim(self) -> None:
        assert environment(prepare_one(claim("uid-1", [result("gpu-3")])))[-2:] == [
            "GPU_DEVICE_3_RESOURCE_CLAIM=uid-1",
            "DRA_ADMIN_ACCESS=false",
        ]

    def test_the_common_file_is_written_once(self) -> None:
        first = prepare_one(claim("uid-1", [result("gpu-3")]), files=[COMMON]).effects[0]
        assert isinstance(first, WriteCdiSpec)
        assert first.file_name == FILE_1

    def test_subrequests_are_answered_by_the_main_request(self) -> None:
        """The kubelet compares request names exactly."""
        (device,) = prepare_one(claim("uid-1", [result("gpu-0", "gpu/large")])).answers["uid-1"].unwrap()
        assert device.request_names == ("gpu",)

    def test_shares_are_echoed_and_told_apart(self) -> None:
        shares = [result("gpu-0", "a", share_id=SHARE_1), result("gpu-0", "b", share_id=SHARE_2)]
        devices = prepare_one(claim("uid-1", shares)).answers["uid-1"].unwrap()
        assert [device.share_id for device in devices] == [SHARE_1, SHARE_2]
        assert devices[1].cdi_device_ids[0] == f"k8s.gpu.example.com/gpu=uid-1-gpu-0-{SHARE_2}"

    def test_devices_keep_the_order_of_the_allocation(self) -> None:
        preparation = prepare_one(claim("uid-1", [result("gpu-5"), result("gpu-2"), result("gpu-7")]))
        assert [device.device for device in preparation.answers["uid-1"].unwrap()] == ["gpu-5", "gpu-2", "gpu-7"]

    def test_other_drivers_devices_are_theirs(self) -> None:
        mixed = [result("nic-0", driver="net.example.com"), result("gpu-3")]
        (device,) = prepare_one(claim("uid-1", mixed)).answers["uid-1"].unwrap()
        assert device.device == "gpu-3"

    def test_each_request_gets_its_configuration(self) -> None:
        split = gpu_config({"strategy": "SpacePartitioning", "spacePartitioningConfig": {"partitionCount": 10}})
        configs = [config(LONG, "FromClass"), config(split, "FromClaim", ["sp"])]
        seen = environment(prepare_one(claim("uid-1", [result("gpu-0", "ts"), result("gpu-1", "sp/x")], configs)))
        assert "GPU_DEVICE_0_TIMESLICE_INTERVAL=Long" in seen
        assert "GPU_DEVICE_1_PARTITION_COUNT=10" in seen

    def test_admin_access_is_told_and_leaves_the_device_alone(self) -> None:
        """The whole claim counts as accessed by an administrator if any of its devices is."""
        seen = environment(
            prepare_one(claim("uid-1", [result("gpu-0", admin_access=True), result("gpu-1")], [config(LONG)]))
        )
        assert seen.count("DRA_ADMIN_ACCESS=true") == 2
        assert "GPU_DEVICE_0_SHARING_STRATEGY=TimeSlicing" not in seen
        assert "GPU_DEVICE_1_SHARING_STRATEGY=TimeSlicing" in seen

    def test_fields_of_a_newer_api_server_do_not_matter(self) -> None:
        value = {**claim("uid-1", [result("gpu-0")]), "invention": {"of": "1.40"}}
        assert isinstance(prepare_one(value).answers["uid-1"], Success)


class TestRepeated:
    def test_the_same_again_though_everything_changed(self) -> None:
        """Configuration, API server, devices: what is prepared is answered from the checkpoint, and nothing written."""
        first = prepare_one(claim("uid-1", [result("gpu-3")], [config(LONG)]))
        files = [COMMON, FILE_1]
        other = claim("uid-1", [result("gpu-3")], [config({"kind": "Nonsense"})])
        without_devices = msgspec.structs.replace(NODE_DRIVER, pools=())
        reads: list[ClaimRead] = [
            ClaimFound(other),
            ClaimFound(claim("uid-2", [result("gpu-3")])),
            ClaimFound(claim("uid-1", None)),
            ClaimFound({"kind": 3}),
            ClaimMissing(),
            ClaimUnreadable("timeout"),
        ]
        for read in reads:
            again = prepare(without_devices, first.checkpoint, files, [reference()], {"uid-1": read})
            assert again.answers["uid-1"] == first.answers["uid-1"]
            assert again.effects == ()
            assert again.checkpoint == first.checkpoint

    def test_a_lost_file_is_written_again(self) -> None:
        first = prepare_one(claim("uid-1", [result("gpu-3")]))
        again = prepare_one(claim("uid-1", [result("gpu-3")]), first.checkpoint)
        assert again.effects == first.effects[:2]

    def test_a_claim_allocated_anew_is_prepared_anew(self) -> None:
        """A claim that outlives its pods may get other devices under the same UID."""
        first = prepare_one(claim("uid-1", [result("gpu-3")]))
        again = prepare_one(claim("uid-1", [result("gpu-4")]), first.checkpoint, [COMMON, FILE_1])
        (device,) = again.answers["uid-1"].unwrap()
        assert device.device == "gpu-4"
        write, save = again.effects
        assert isinstance(write, WriteCdiSpec)
        assert "uid-1-gpu-4" in write.text
        assert isinstance(save, SaveCheckpoint)

    def test_a_claim_known_by_its_uid_only_is_filled_in(self) -> None:
        """After the example driver; its file goes, for two files with the same device would hide it."""
        known = PreparedClaims(pmap({"uid-1": PreparedClaim()}))
        old = FILE_1.replace(".json", ".yaml")
        preparation = prepare_one(claim("uid-1", [result("gpu-3")]), known, [COMMON, old])
        assert [type(effect) for effect in preparation.effects] == [RemoveCdiSpec, WriteCdiSpec, SaveCheckpoint]
        assert preparation.effects[0] == RemoveCdiSpec(old)


class TestRefused:
    def test_an_unknown_claim(self) -> None:
        preparation = prepare(NODE_DRIVER, NOTHING, [], [reference()], {"uid-1": ClaimMissing()})
        assert codes(preparation) == ["ClaimNotFound"]
        assert "ResourceClaim default/claim does not exist" in sentences(refusals(preparation))

    def test_a_claim_that_could_not_be_read(self) -> None:
        reads: Mapping[str, ClaimRead]
        for reads in ({"uid-1": ClaimUnreadable("connection refused")}, {}):
            preparation = prepare(NODE_DRIVER, NOTHING, [], [reference()], reads)
            assert codes(preparation) == ["ClaimNotReadable"]
            assert refusals(preparation)[0].fault is Fault.ENVIRONMENT

    def test_a_claim_that_is_not_understood(self) -> None:
        preparation = prepare(NODE_DRIVER, NOTHING, [], [reference()], {"uid-1": ClaimFound({"status": "allocated"})})
        assert codes(preparation) == ["ClaimNotUnderstood"]

    def test_an_unallocated_claim(self) -> None:
        assert codes(prepare_one(claim("uid-1", None))) == ["ClaimNotAllocated"]

    def test_a_claim_made_anew_under_the_same_name(self) -> None:
        preparation = prepare_one(claim("uid-2", [result("gpu-0")]), uid="uid-1")
        assert codes(preparation) == ["ClaimUIDChanged"]
        assert "uid-2" in sentences(refusals(preparation))

    def test_a_claim_of_another_driver(self) -> None:
        preparation = prepare_one(claim("uid-1", [result("nic-0", driver="net.example.com")]))
        assert codes(preparation) == ["NoDeviceOfThisDriver"]
        assert "net.example.com" in sentences(refusals(preparation))

    def test_an_unknown_device(self) -> None:
        preparation = prepare_one(claim("uid-1", [result("gpu-0"), result("gpu-99")]))
        assert codes(preparation) == ["UnknownDevice"]
        assert refusals(preparation)[0].path == "status.allocation.devices.results[1]"

    def test_invalid_configuration_with_all_its_faults(self) -> None:
        """Also of an entry that another one overrides, and each with the path that its author knows."""
        bad = gpu_config({"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": "Often"}, "colour": "red"})
        configs = [config({}, "FromClass"), config(bad), config(LONG)]
        preparation = prepare_one(claim("uid-1", [result("gpu-0")], configs))
        assert [(each.path, each.fault) for each in refusals(preparation)] == [
            ("status.allocation.devices.config[0].opaque.parameters.apiVersion", Fault.ADMINISTRATOR),
            ("status.allocation.devices.config[0].opaque.parameters.kind", Fault.ADMINISTRATOR),
            ("spec.devices.config[0].opaque.parameters.sharing.timeSlicingConfig.interval", Fault.USER),
            ("spec.devices.config[0].opaque.parameters.sharing.colour", Fault.USER),
        ]

    def test_everything_that_is_wrong_at_once(self) -> None:
        held = prepare_one(claim("uid-0", [result("gpu-0")], name="holder"), uid="uid-0").checkpoint
        preparation = prepare_one(claim("uid-1", [result("gpu-0"), result("gpu-99")], [config({})]), held)
        assert codes(preparation) == ["UnknownDevice", "DeviceHeld", "Required", "Required"]

    def test_a_name_that_cdi_does_not_allow(self) -> None:
        preparation = prepare_one(claim("../uid", [result("gpu-0")]), uid="../uid")
        assert codes(preparation, "../uid") == ["InvalidCdiSpec"]

    def test_nothing_reaches_the_disk(self) -> None:
        preparation = prepare_one(claim("uid-1", None))
        assert preparation.effects == ()
        assert preparation.checkpoint == NOTHING


class TestHeldDevices:
    def test_a_device_that_another_claim_holds(self) -> None:
        held = prepare_one(claim("uid-0", [result("gpu-0")], name="holder"), uid="uid-0").checkpoint
        preparation = prepare_one(claim("uid-1", [result("gpu-0")]), held)
        assert codes(preparation) == ["DeviceHeld"]
        assert "default/holder (UID uid-0)" in sentences(refusals(preparation))

    @pytest.mark.parametrize(
        ("holder", "wanted", "free"),
        [
            (result("gpu-0"), result("gpu-1"), True),
            (result("gpu-0", admin_access=True), result("gpu-0"), True),
            (result("gpu-0"), result("gpu-0", admin_access=True), True),
            (result("gpu-0"), result("gpu-0", admin_access=False), False),
            (result("gpu-0", share_id=SHARE_1), result("gpu-0", share_id=SHARE_2), True),
            (result("gpu-0", share_id=SHARE_1), result("gpu-0", share_id=SHARE_1), False),
            (result("gpu-0", share_id=SHARE_1), result("gpu-0"), False),
            (result("gpu-0"), result("gpu-0", share_id=SHARE_1), False),
        ],
    )
    def test_admin_access_and_different_shares_are_let_in(
        self, holder: JsonObject, wanted: JsonObject, free: bool
    ) -> None:
        held = prepare_one(claim("uid-0", [holder], name="holder"), uid="uid-0").checkpoint
        answer = prepare_one(claim("uid-1", [wanted]), held).answers["uid-1"]
        assert isinstance(answer, Success) is free

    def test_of_two_in_one_call_the_first_gets_it(self) -> None:
        claims = {
            "uid-1": ClaimFound(claim("uid-1", [result("gpu-0")], name="a")),
            "uid-2": ClaimFound(claim("uid-2", [result("gpu-0")], name="b")),
            "uid-3": ClaimFound(claim("uid-3", [result("gpu-1")], name="c")),
        }
        requests = [reference("uid-1", "a"), reference("uid-2", "b"), reference("uid-3", "c")]
        preparation = prepare(NODE_DRIVER, NOTHING, [], requests, claims)
        assert isinstance(preparation.answers["uid-1"], Success)
        assert codes(preparation, "uid-2") == ["DeviceHeld"]
        assert isinstance(preparation.answers["uid-3"], Success)

    def test_a_claim_whose_predecessor_of_the_same_name_is_still_prepared(self) -> None:
        held = prepare_one(claim("uid-0", [result("gpu-0")]), uid="uid-0").checkpoint
        preparation = prepare_one(claim("uid-1", [result("gpu-1")]), held)
        assert codes(preparation) == ["OldClaimStillPrepared"]
        other_namespace = claim("uid-1", [result("gpu-1")], namespace="other")
        where = ClaimReference(uid="uid-1", namespace="other", name="claim")
        answers = prepare(NODE_DRIVER, held, [], [where], {"uid-1": ClaimFound(other_namespace)}).answers
        assert isinstance(answers["uid-1"], Success)


class TestOneOfMany:
    def test_failure_of_one_leaves_the_others(self) -> None:
        claims: dict[str, ClaimRead] = {"uid-1": ClaimMissing(), "uid-2": ClaimFound(claim("uid-2", [result("gpu-0")]))}
        preparation = prepare(NODE_DRIVER, NOTHING, [], [reference("uid-1", "gone"), reference("uid-2")], claims)
        assert codes(preparation) == ["ClaimNotFound"]
        assert isinstance(preparation.answers["uid-2"], Success)
        assert sum(isinstance(effect, SaveCheckpoint) for effect in preparation.effects) == 1

    def test_when_the_disk_is_full_nothing_is_promised(self) -> None:
        claims: dict[str, ClaimRead] = {"uid-1": ClaimMissing(), "uid-2": ClaimFound(claim("uid-2", [result("gpu-0")]))}
        preparation = prepare(NODE_DRIVER, NOTHING, [], [reference("uid-1", "gone"), reference("uid-2")], claims)
        told = {}
        for effect in preparation.effects:
            answers = preparation.after_failure(EffectFailure(effect, "no space left on device"))
            assert answers["uid-1"] == preparation.answers["uid-1"]
            (refusal,) = answers["uid-2"].failure()
            assert "no space left on device" in refusal.seen
            told[type(effect)] = refusal.code
        assert told == {WriteCdiSpec: "CdiFileNotWritten", SaveCheckpoint: "CheckpointNotSaved"}

    def test_no_claims_no_answers(self) -> None:
        preparation = prepare(NODE_DRIVER, NOTHING, [], [], {})
        assert preparation.answers == {}
        assert preparation.effects == ()
