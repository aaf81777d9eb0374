"""The checkpoint and the CDI directory through crashes, reboots, updates and full disks."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.integration.kubeletplugin.conftest import StartPlugin
from tests.integration.kubeletplugin.kubelet_side import Claim, KubeletSide, container_environment
from tests.integration.kubeletplugin.little_api import LittleApi
from tests.integration.kubeletplugin.plugin_process import NodeDirectories, PluginProcess
from tests.property.claims import claim, config, gpu_config, result

ONE, TWO = Claim("uid-1", "claim"), Claim("uid-2", "second")
FILE = "k8s.gpu.example.com-gpu_uid-1.json"
COMMON = "k8s.gpu.example.com-gpu_common.json"


@pytest.fixture(autouse=True)
def _claims(api: LittleApi) -> None:
    long = gpu_config({"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": "Long"}})
    api.add(claim("uid-1", [result("gpu-1")], [config(long)]))
    api.add(claim("uid-2", [result("gpu-2")], name="second"))


def restarted(start: StartPlugin, kubelet: KubeletSide) -> PluginProcess:
    process = start()
    process.wait_for("registered")
    kubelet.wait_for_plugin()
    return process


def test_the_checkpoint_has_a_version_and_a_checksum_that_anybody_can_compute(
    plugin: PluginProcess, kubelet: KubeletSide, node: NodeDirectories
) -> None:
    kubelet.prepare_one(ONE)
    value = json.loads(node.checkpoint.read_text())
    checksum = value.pop("checksum")
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert checksum == hashlib.sha256(text.encode()).hexdigest()
    assert value["formatVersion"] == 2
    assert set(value["claims"]) == {"uid-1"}
    assert node.checkpoint.stat().st_mode & 0o777 == 0o600
    assert node.data().stat().st_mode & 0o777 == 0o750
    assert (node.cdi / FILE).stat().st_mode & 0o777 == 0o644
    assert not list(node.root.rglob("*.tmp"))
    assert plugin.stop() == 0


def test_after_a_reboot_the_cdi_files_come_back_as_they_were(
    plugin: PluginProcess, kubelet: KubeletSide, start: StartPlugin, node: NodeDirectories, api: LittleApi
) -> None:
    """/var/run is empty by then; the claim may be gone, or configured otherwise."""
    devices = kubelet.prepare_one(ONE)
    files = {path.name: path.read_bytes() for path in node.cdi.iterdir()}
    plugin.kill()
    for path in node.cdi.iterdir():
        path.unlink()
    api.claims.clear()
    again = restarted(start, kubelet)
    assert {path.name: path.read_bytes() for path in node.cdi.iterdir()} == files
    assert again.wait_for("restored")["claims"] == 1
    assert kubelet.prepare_one(ONE) == devices
    assert container_environment(node.cdi, devices)["GPU_DEVICE_1_TIMESLICE_INTERVAL"] == "Long"


def test_what_a_crash_left_behind_is_removed_and_others_files_are_not(
    plugin: PluginProcess, kubelet: KubeletSide, start: StartPlugin, node: NodeDirectories
) -> None:
    kubelet.prepare_one(ONE)
    plugin.kill()
    left = [node.cdi / "k8s.gpu.example.com-gpu_uid-9.json", node.cdi / f".{FILE}.tmp"]
    others = [node.cdi / "nvidia.yaml", node.cdi / "k8s.net.example.com-net_uid-1.json"]
    for path in (*left, *others):
        path.write_text("{}")
    restarted(start, kubelet)
    assert set(node.cdi.iterdir()) == {node.cdi / FILE, node.cdi / COMMON, *others}


@pytest.mark.usefixtures("plugin")
def test_a_device_that_another_live_claim_holds_is_refused(kubelet: KubeletSide, api: LittleApi) -> None:
    """Admin access and other shares excepted."""
    api.add(claim("uid-3", [result("gpu-1")], name="third"))
    api.add(claim("uid-4", [result("gpu-1", admin_access=True)], name="fourth"))
    kubelet.prepare_one(ONE)
    assert "is still prepared for ResourceClaim default/claim (UID uid-1)" in kubelet.refusal(Claim("uid-3", "third"))
    assert kubelet.prepare_one(Claim("uid-4", "fourth"))
    assert kubelet.unprepare(ONE) == {"uid-1": ""}
    assert kubelet.prepare_one(Claim("uid-3", "third"))


@pytest.mark.parametrize("damage", ["truncated", "changed", "empty"])
def test_a_damaged_checkpoint_stops_prepare_but_never_unprepare(
    plugin: PluginProcess,
    kubelet: KubeletSide,
    start: StartPlugin,
    node: NodeDirectories,
    damage: str,
) -> None:
    """And when the last claim has gone, a fresh one takes its place; a copy of the damaged one is kept."""
    kubelet.prepare_one(ONE)
    plugin.kill()
    content = node.checkpoint.read_bytes()
    damaged = {"truncated": content[:-20], "changed": content.replace(b"gpu-1", b"gpu-7"), "empty": b""}[damage]
    node.checkpoint.write_bytes(damaged)
    again = restarted(start, kubelet)
    assert again.wait_for("the checkpoint needs attention")["code"] == "CheckpointDamaged"
    assert "cannot be used" in kubelet.refusal(TWO)
    assert kubelet.unprepare(ONE) == {"uid-1": ""}
    assert kubelet.prepare_one(TWO)
    copies = [path for path in node.data().iterdir() if ".damaged-" in path.name]
    assert [path.read_bytes() for path in copies] == [damaged]


def test_a_checkpoint_of_the_example_driver_is_taken_over(
    start: StartPlugin, kubelet: KubeletSide, node: NodeDirectories
) -> None:
    """It knows UIDs only: the next prepare fills them in; until then unprepare works."""
    node.data().mkdir()
    old = {
        "apiVersion": "checkpoint.internal.example.com/v1",
        "kind": "Checkpoint",
        "preparedClaims": [{"uid": "uid-1"}, {"uid": "uid-2"}],
    }
    node.checkpoint.write_text(json.dumps(old))
    restarted(start, kubelet)
    assert kubelet.unprepare(TWO) == {"uid-2": ""}
    (device,) = kubelet.prepare_one(ONE)
    assert device.device == "gpu-1"
    assert json.loads(node.checkpoint.read_text())["claims"]["uid-1"]["devices"][0]["device"] == "gpu-1"


def test_a_checkpoint_of_a_later_version_is_left_to_it(
    plugin: PluginProcess, kubelet: KubeletSide, start: StartPlugin, node: NodeDirectories
) -> None:
    """After a downgrade: what it does not understand it does not lose, and unprepare ends."""
    kubelet.prepare_one(ONE)
    plugin.kill()
    value = json.loads(node.checkpoint.read_text())
    newer = {**value, "formatVersion": 3, "invention": True, "claims": {**value["claims"], "uid-9": {"new": [1]}}}
    node.checkpoint.write_text(json.dumps(newer))
    again = restarted(start, kubelet)
    assert again.wait_for("the checkpoint needs attention")["code"] == "CheckpointNewer"
    assert "format version 3" in kubelet.refusal(TWO)
    assert kubelet.unprepare(ONE) == {"uid-1": ""}
    kept = json.loads(node.checkpoint.read_text())
    assert (kept["formatVersion"], kept["invention"], kept["claims"]) == (3, True, {"uid-9": {"new": [1]}})


class TestFullDisk:
    """A directory in the place of the temporary file makes any write of the file fail."""

    @pytest.mark.usefixtures("plugin")
    @pytest.mark.parametrize("which", ["cdi", "checkpoint"])
    def test_nothing_is_promised_and_the_next_try_succeeds(
        self, kubelet: KubeletSide, node: NodeDirectories, which: str
    ) -> None:
        obstacle = {"cdi": node.cdi / f".{FILE}.tmp", "checkpoint": node.data() / ".checkpoint.json.tmp"}[which]
        obstacle.mkdir()
        assert "could not be" in kubelet.refusal(ONE)
        assert not node.checkpoint.exists()
        obstacle.rmdir()
        devices = kubelet.prepare_one(ONE)
        assert container_environment(node.cdi, devices)["GPU_DEVICE_1"] == "gpu-1"

    @pytest.mark.usefixtures("plugin")
    def test_unprepare_fails_and_ends_when_there_is_room(self, kubelet: KubeletSide, node: NodeDirectories) -> None:
        kubelet.prepare_one(ONE)
        obstacle = node.data() / ".checkpoint.json.tmp"
        obstacle.mkdir()
        assert "the checkpoint could not be saved" in kubelet.unprepare(ONE)["uid-1"]
        obstacle.rmdir()
        assert kubelet.unprepare(ONE) == {"uid-1": ""}
        assert node.cdi_files() == set()

    def test_the_start_says_what_it_cannot_write(self, start: StartPlugin, node: NodeDirectories) -> None:
        (node.cdi / f".{COMMON}.tmp").mkdir()
        plugin = start()
        assert plugin.wait() == 1
        assert COMMON in plugin.lines[-1]


def test_a_lost_cdi_directory_is_made_again(kubelet: KubeletSide, node: NodeDirectories, plugin: PluginProcess) -> None:
    """Somebody cleaned up /var/run."""
    remove_all(node.cdi)
    devices = kubelet.prepare_one(ONE)
    assert container_environment(node.cdi, devices)["GPU_DEVICE_1"] == "gpu-1"
    assert plugin.stop() == 0


def remove_all(directory: Path) -> None:
    for path in directory.iterdir():
        path.unlink()
    directory.rmdir()
