"""NodeUnprepareResources and the start of the driver, with checkpoints in every condition."""

from __future__ import annotations

import json

import pytest
from dra_core.preparation import (
    Checkpoint,
    ClaimFound,
    ClaimReference,
    DamagedCheckpoint,
    DriverOnNode,
    EffectFailure,
    NewerCheckpoint,
    PreparedClaim,
    PreparedClaims,
    RemoveCdiSpec,
    Restoration,
    SaveCheckpoint,
    SetAsideCheckpoint,
    WriteCdiSpec,
    checkpoint_text,
    prepare,
    read_checkpoint,
    restore,
    unprepare,
)
from dra_core.profiles import GpuProfile
from dra_core.refusal import sentences
from pyrsistent import pmap

from tests.property.claims import DRIVER, NODE, claim, result

PROFILE = GpuProfile()
NODE_DRIVER = DriverOnNode(driver_name=DRIVER, node_name=NODE, profile=PROFILE, pools=PROFILE.enumerate(NODE))
NOTHING = read_checkpoint(None)
COMMON = "k8s.gpu.example.com-gpu_common.json"
DAMAGED = DamagedCheckpoint(reason="it is not JSON", digest="0123456789abcdef")
NEWER = json.dumps({"formatVersion": 9, "claims": {"uid-1": [1], "uid-2": [2]}, "new": True, "checksum": "?"}).encode()


def file_of(uid: str) -> str:
    return f"k8s.gpu.example.com-gpu_{uid}.json"


def reference(uid: str) -> ClaimReference:
    return ClaimReference(uid=uid, namespace="default", name=f"name-of-{uid}")


def written_by(restoration: Restoration) -> dict[str, str]:
    """All effects, which must be writes of CDI files."""
    written = {}
    for effect in restoration.effects:
        assert isinstance(effect, WriteCdiSpec)
        written[effect.file_name] = effect.text
    return written


def two_prepared() -> tuple[PreparedClaims, dict[str, str]]:
    """The checkpoint, and the CDI directory."""
    claims = {f"uid-{i}": ClaimFound(claim(f"uid-{i}", [result(f"gpu-{i}")], name=f"name-of-uid-{i}")) for i in (1, 2)}
    preparation = prepare(NODE_DRIVER, NOTHING, [], [reference(uid) for uid in claims], claims)
    files = {effect.file_name: effect.text for effect in preparation.effects if isinstance(effect, WriteCdiSpec)}
    assert isinstance(preparation.checkpoint, PreparedClaims)
    return preparation.checkpoint, files


class TestUnprepare:
    def test_the_file_goes_first_and_the_checkpoint_last(self) -> None:
        checkpoint, files = two_prepared()
        decision = unprepare(NODE_DRIVER, checkpoint, files, [reference("uid-1")])
        assert decision.answers == {"uid-1": ()}
        remove, save = decision.effects
        assert remove == RemoveCdiSpec(file_of("uid-1"))
        assert isinstance(save, SaveCheckpoint)
        after = read_checkpoint(save.text.encode())
        assert after == decision.checkpoint
        assert isinstance(after, PreparedClaims)
        assert set(after.claims) == {"uid-2"}

    def test_an_unknown_uid_is_a_success_without_writes(self) -> None:
        checkpoint, files = two_prepared()
        decision = unprepare(NODE_DRIVER, checkpoint, files, [reference("uid-9")])
        assert decision.answers == {"uid-9": ()}
        assert decision.effects == ()

    def test_a_file_without_claim_goes_too(self) -> None:
        """Left by a crash in prepare; or by the example driver, under its own name."""
        left = ["k8s.gpu.example.com-gpu_uid-9.yaml", file_of("uid-9"), "nvidia.json"]
        decision = unprepare(NODE_DRIVER, NOTHING, left, [reference("uid-9")])
        assert decision.effects == (RemoveCdiSpec(left[1]), RemoveCdiSpec(left[0]))

    def test_failure_to_write_is_told_and_tried_again(self) -> None:
        checkpoint, files = two_prepared()
        decision = unprepare(NODE_DRIVER, checkpoint, files, [reference("uid-1")])
        for effect, code in zip(decision.effects, ["CdiFileNotRemoved", "CheckpointNotSaved"], strict=True):
            (refusal,) = decision.after_failure(EffectFailure(effect, "read-only file system"))["uid-1"]
            assert refusal.code == code
            assert "read-only file system" in refusal.seen

    def test_it_ends_on_a_damaged_checkpoint(self) -> None:
        _, files = two_prepared()
        decision = unprepare(NODE_DRIVER, DAMAGED, files, [reference("uid-1")])
        assert decision.answers == {"uid-1": ()}
        assert isinstance(decision.effects[0], RemoveCdiSpec)
        assert not any(isinstance(effect, SaveCheckpoint) for effect in decision.effects)
        assert decision.checkpoint == DAMAGED

    def test_with_the_last_claim_the_damage_ends(self) -> None:
        """And not before the damaged file was copied aside."""
        _, files = two_prepared()
        decision = unprepare(NODE_DRIVER, DAMAGED, files, [reference("uid-1"), reference("uid-2")])
        assert decision.effects[-2:] == (
            SetAsideCheckpoint(f"damaged-{DAMAGED.digest}"),
            SaveCheckpoint(checkpoint_text(PreparedClaims())),
        )
        assert decision.checkpoint == NOTHING

    def test_a_newer_checkpoint_loses_nothing_else(self) -> None:
        decision = unprepare(NODE_DRIVER, read_checkpoint(NEWER), [file_of("uid-1")], [reference("uid-1")])
        remove, save = decision.effects
        assert remove == RemoveCdiSpec(file_of("uid-1"))
        assert isinstance(save, SaveCheckpoint)
        kept = json.loads(save.text)
        assert kept.pop("checksum") != "?"
        assert kept == {"formatVersion": 9, "claims": {"uid-2": [2]}, "new": True}
        assert unprepare(NODE_DRIVER, read_checkpoint(NEWER), [], [reference("uid-9")]).effects == ()

    def test_a_newer_checkpoint_without_the_envelope_is_not_touched(self) -> None:
        odd = read_checkpoint(b'{"formatVersion": 10, "claims": [1]}')
        decision = unprepare(NODE_DRIVER, odd, [file_of("uid-1")], [reference("uid-1")])
        assert decision.effects == ()
        assert [each.code for each in decision.answers["uid-1"]] == ["CheckpointNewer"]


class TestPrepareOnCheckpointsInTrouble:
    def test_a_damaged_checkpoint_refuses_and_is_kept_aside(self) -> None:
        _, files = two_prepared()
        decision = prepare(NODE_DRIVER, DAMAGED, files, [reference("uid-3")], {})
        assert decision.effects == (SetAsideCheckpoint(f"damaged-{DAMAGED.digest}"),)
        (refusal,) = decision.answers["uid-3"].failure()
        assert refusal.code == "CheckpointDamaged"
        assert "uid-1, uid-2" in refusal.hint

    def test_when_nothing_can_be_in_use_the_next_try_is_served(self) -> None:
        decision = prepare(NODE_DRIVER, DAMAGED, [COMMON, "nvidia.json"], [reference("uid-3")], {})
        assert [type(effect) for effect in decision.effects] == [SetAsideCheckpoint, SaveCheckpoint]
        assert decision.checkpoint == NOTHING
        assert "the next try is served" in sentences(decision.answers["uid-3"].failure())

    def test_failure_to_copy_aside_is_told(self) -> None:
        decision = unprepare(NODE_DRIVER, DAMAGED, [], [reference("uid-3")])
        answers = decision.after_failure(EffectFailure(decision.effects[0], "no space"))
        assert [each.code for each in answers["uid-3"]] == ["CheckpointNotSetAside"]

    def test_a_newer_checkpoint_refuses_without_a_write(self) -> None:
        decision = prepare(NODE_DRIVER, read_checkpoint(NEWER), [], [reference("uid-3")], {})
        assert decision.effects == ()
        assert [each.code for each in decision.answers["uid-3"].failure()] == ["CheckpointNewer"]


class TestRestore:
    def test_all_in_order_writes_nothing(self) -> None:
        checkpoint, files = two_prepared()
        restoration = restore(NODE_DRIVER, checkpoint, files)
        assert restoration.effects == ()
        assert restoration.notes == ()

    def test_after_a_reboot_all_files_come_back_as_they_were(self) -> None:
        checkpoint, files = two_prepared()
        assert written_by(restore(NODE_DRIVER, checkpoint, {})) == files

    def test_changed_and_unreadable_files_are_written_again(self) -> None:
        checkpoint, files = two_prepared()
        changed = {**files, file_of("uid-1"): "{}", file_of("uid-2"): None}
        assert list(written_by(restore(NODE_DRIVER, checkpoint, changed))) == [file_of("uid-1"), file_of("uid-2")]

    def test_stale_files_go_first_and_others_files_stay(self) -> None:
        checkpoint, files = two_prepared()
        stale = {
            file_of("uid-9"): "{}",
            "k8s.gpu.example.com-gpu_uid-1.yaml": "",
            "k8s.gpu.example.com-gpu_common.yaml": "",
        }
        found = {**files, **stale, "nvidia.yaml": "", "k8s.net.example.com-net_uid-1.json": ""}
        del found[COMMON]
        effects = restore(NODE_DRIVER, checkpoint, found).effects
        assert effects[:-1] == tuple(RemoveCdiSpec(name) for name in sorted(stale))
        assert effects[-1] == WriteCdiSpec(COMMON, files[COMMON])

    def test_claims_known_by_uid_only_keep_their_file(self) -> None:
        known = PreparedClaims(pmap({"uid-1": PreparedClaim()}))
        old = "k8s.gpu.example.com-gpu_uid-1.yaml"
        remove, write = restore(NODE_DRIVER, known, {old: "", file_of("uid-2"): ""}).effects
        assert remove == RemoveCdiSpec(file_of("uid-2"))
        assert isinstance(write, WriteCdiSpec)
        assert write.file_name == COMMON

    @pytest.mark.parametrize("checkpoint", [DAMAGED, read_checkpoint(NEWER)])
    def test_without_knowledge_nothing_is_removed(self, checkpoint: Checkpoint) -> None:
        _, files = two_prepared()
        restoration = restore(NODE_DRIVER, checkpoint, {name: files[name] for name in files if name != COMMON})
        assert not any(isinstance(effect, RemoveCdiSpec | SaveCheckpoint) for effect in restoration.effects)
        assert restoration.effects[-1] == WriteCdiSpec(COMMON, files[COMMON])
        assert restoration.checkpoint == checkpoint
        code = "CheckpointDamaged" if isinstance(checkpoint, DamagedCheckpoint) else "CheckpointNewer"
        assert [each.code for each in restoration.notes] == [code]

    def test_damage_ends_when_a_reboot_emptied_the_directory(self) -> None:
        restoration = restore(NODE_DRIVER, DAMAGED, {})
        kinds = [type(effect) for effect in restoration.effects]
        assert kinds == [SetAsideCheckpoint, SaveCheckpoint, WriteCdiSpec]
        assert restoration.checkpoint == NOTHING


class TestCheckpointText:
    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "it is empty"),
            (b'{"formatVersion": 2', "it is not JSON"),
            (b"\xff\xfe", "it is not JSON"),
            (b"[" * 100_000, "it is not JSON"),
            (b"[]", "it is not a JSON object"),
            (b"{}", "no format version"),
            (b'{"formatVersion": true}', "no format version"),
            (b'{"formatVersion": "2"}', "no format version"),
            (b'{"formatVersion": 1}', "no format version"),
            (b'{"formatVersion": 2, "claims": {}}', "its checksum"),
            (b'{"apiVersion": "checkpoint.internal.example.com/v1", "kind": "Checkpoint", "x": 1}', "format version 1"),
            (b'{"apiVersion": "checkpoint.internal.example.com/v1"}', "format version 1"),
            (
                b'{"apiVersion": "checkpoint.internal.example.com/v1", "kind": "Checkpoint", "preparedClaims": [{}]}',
                "no UID",
            ),
        ],
    )
    def test_damage_is_recognised_and_told(self, content: bytes, reason: str) -> None:
        checkpoint = read_checkpoint(content)
        assert isinstance(checkpoint, DamagedCheckpoint)
        assert reason in checkpoint.reason
        assert len(checkpoint.digest) == 16

    def test_claims_that_do_not_fit_their_format_are_damage(self) -> None:
        """A right checksum proves that somebody meant it, not that it can be understood."""
        newer = NewerCheckpoint(version=2, envelope={}, claims=pmap({"uid-1": {"invention": 1}}))
        checkpoint = read_checkpoint(checkpoint_text(newer).encode())
        assert isinstance(checkpoint, DamagedCheckpoint)
        assert "not understood" in checkpoint.reason

    def test_no_file_means_that_nothing_is_prepared(self) -> None:
        assert read_checkpoint(None) == PreparedClaims()

    def test_the_format_of_the_example_driver_is_read(self) -> None:
        text = {"apiVersion": "checkpoint.internal.example.com/v1", "kind": "Checkpoint"}
        assert read_checkpoint(json.dumps(text).encode()) == PreparedClaims()
        text_with_claims = {**text, "preparedClaims": [{"uid": "uid-1"}]}
        assert read_checkpoint(json.dumps(text_with_claims).encode()) == PreparedClaims(
            pmap({"uid-1": PreparedClaim()})
        )

    def test_a_later_format_is_recognised_whatever_its_checksum(self) -> None:
        checkpoint = read_checkpoint(NEWER)
        assert isinstance(checkpoint, NewerCheckpoint)
        assert checkpoint.version == 9
        assert checkpoint.envelope == {"new": True}

    def test_the_text_is_the_documented_one(self) -> None:
        """Other programs may read it."""
        checkpoint, _ = two_prepared()
        value = json.loads(checkpoint_text(checkpoint))
        assert value["formatVersion"] == 2
        assert len(value["checksum"]) == 64
        (device,) = value["claims"]["uid-1"]["devices"]
        assert device["edits"]["env"][0] == "GPU_DEVICE_1=gpu-1"
        assert {key: device[key] for key in device if key != "edits"} == {
            "requestNames": ["gpu"],
            "pool": NODE,
            "device": "gpu-1",
            "cdiDeviceIDs": ["k8s.gpu.example.com/gpu=uid-1-gpu-1", "k8s.gpu.example.com/gpu=common"],
        }
