"""NodePrepareResources and NodeUnprepareResources: the rules for a plugin, over the kubelet's socket."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from dra_core.snapshot.json_value import text_at

from tests.integration.kubeletplugin.conftest import StartPlugin
from tests.integration.kubeletplugin.kubelet_side import (
    Claim,
    KubeletSide,
    PreparedDevice,
    container_edits,
    container_environment,
    eventually_prepared,
)
from tests.integration.kubeletplugin.little_api import Answer, LittleApi, refusal
from tests.integration.kubeletplugin.plugin_process import NODE, NodeDirectories, PluginProcess
from tests.integration.kubeletplugin.waiting import eventually
from tests.property.claims import claim, config, gpu_config, result

SHARE_1, SHARE_2 = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"

ONE = Claim("uid-1", "claim")
KIND = "k8s.gpu.example.com/gpu"
FILE = "k8s.gpu.example.com-gpu_uid-1.json"

GIVEN_UP_SECONDS = 10.0
"""How long a plugin waits for an answer of the API server, and, when it stops, for calls."""


class TestPrepare:
    def test_the_answer_names_request_pool_device_and_cdi_ids(
        self, plugin: PluginProcess, kubelet: KubeletSide, api: LittleApi, node: NodeDirectories
    ) -> None:
        api.add(claim("uid-1", [result("gpu-3")]))
        (device,) = kubelet.prepare_one(ONE)
        assert (device.request_names, device.pool, device.device, device.share_id) == (("gpu",), NODE, "gpu-3", None)
        assert device.cdi_ids == (f"{KIND}=uid-1-gpu-3", f"{KIND}=common")
        assert node.cdi_files() == {FILE}
        plugin.wait_for("prepared")

    def test_it_is_idempotent(self, plugin: PluginProcess, kubelet: KubeletSide, api: LittleApi) -> None:
        """The kubelet repeats the call after its restart, and for each pod that comes to share the claim."""
        api.add(claim("uid-1", [result("gpu-3")]))
        first = kubelet.prepare_one(ONE)
        assert all(kubelet.prepare_one(ONE) == first for _ in range(5))
        plugin.wait_for("prepared", count=6)

    def test_the_repeated_answer_does_not_need_the_api_server(
        self, plugin: PluginProcess, kubelet: KubeletSide, api: LittleApi
    ) -> None:
        api.add(claim("uid-1", [result("gpu-3")]))
        first = kubelet.prepare_one(ONE)
        api.claims.clear()
        assert kubelet.prepare_one(ONE) == first
        api.fault = lambda _method, _path: refusal(500, "InternalError", "the database is gone")
        assert kubelet.prepare_one(ONE) == first
        assert plugin.stop() == 0

    @pytest.mark.usefixtures("plugin")
    def test_the_subrequest_is_answered_by_the_main_requests_name(self, kubelet: KubeletSide, api: LittleApi) -> None:
        api.add(claim("uid-1", [result("gpu-0", "gpu/large")]))
        assert [device.request_names for device in kubelet.prepare_one(ONE)] == [("gpu",)]

    @pytest.mark.usefixtures("plugin")
    def test_results_without_share_id_with_one_and_with_two_of_one_device(
        self, kubelet: KubeletSide, api: LittleApi
    ) -> None:
        """The same device under two share IDs gives two CDI devices."""
        results = [result("gpu-0", "a", share_id=SHARE_1), result("gpu-0", "b", share_id=SHARE_2), result("gpu-1", "c")]
        api.add(claim("uid-1", results))
        devices = kubelet.prepare_one(ONE)
        assert [device.share_id for device in devices] == [SHARE_1, SHARE_2, None]
        assert len({device.cdi_ids for device in devices}) == 3
        assert kubelet.unprepare(ONE) == {"uid-1": ""}

    @pytest.mark.usefixtures("plugin")
    def test_devices_of_other_drivers_are_left_to_them(self, kubelet: KubeletSide, api: LittleApi) -> None:
        api.add(claim("uid-1", [result("nic-0", "net", driver="net.example.com"), result("gpu-3")]))
        assert [device.device for device in kubelet.prepare_one(ONE)] == ["gpu-3"]

    @pytest.mark.usefixtures("plugin")
    def test_no_claims_are_answered_by_none(self, kubelet: KubeletSide) -> None:
        assert kubelet.prepare() == {}
        assert kubelet.unprepare() == {}

    def test_a_kubelet_that_knows_v1beta1_only(self, start: StartPlugin, node: NodeDirectories, api: LittleApi) -> None:
        api.add(claim("uid-1", [result("gpu-3")]))
        start()
        with KubeletSide(node.registry, kubelet_knows=["v1beta1.DRAPlugin"]) as older:
            older.wait_for_plugin()
            (device,) = older.prepare_one(ONE)
            assert device.cdi_ids[0] == f"{KIND}=uid-1-gpu-3"
            assert older.unprepare(ONE) == {"uid-1": ""}
        assert node.cdi_files() == set()


class TestUnprepare:
    @pytest.mark.usefixtures("plugin")
    def test_it_removes_the_file_and_frees_the_device(
        self, kubelet: KubeletSide, api: LittleApi, node: NodeDirectories
    ) -> None:
        api.add(claim("uid-1", [result("gpu-3")]))
        api.add(claim("uid-2", [result("gpu-3")], name="next"))
        kubelet.prepare_one(ONE)
        assert kubelet.unprepare(ONE) == {"uid-1": ""}
        assert node.cdi_files() == set()
        assert kubelet.prepare_one(Claim("uid-2", "next"))

    @pytest.mark.usefixtures("plugin")
    def test_an_unknown_uid_is_a_success(self, kubelet: KubeletSide) -> None:
        assert kubelet.unprepare(Claim("never-heard-of", "x")) == {"never-heard-of": ""}

    @pytest.mark.usefixtures("plugin")
    def test_it_is_idempotent_and_goes_by_uid_alone(self, kubelet: KubeletSide, api: LittleApi) -> None:
        """By then the claim may be gone from the API server, or another one have its name."""
        api.add(claim("uid-1", [result("gpu-3")]))
        kubelet.prepare_one(ONE)
        api.add(claim("uid-2", [result("gpu-4")]))
        for _ in range(3):
            assert kubelet.unprepare(Claim("uid-1", "claim")) == {"uid-1": ""}

    @pytest.mark.usefixtures("plugin")
    def test_it_does_not_need_the_api_server(self, kubelet: KubeletSide, api: LittleApi) -> None:
        api.add(claim("uid-1", [result("gpu-3")]))
        kubelet.prepare_one(ONE)
        api.fault = lambda _method, _path: refusal(503, "ServiceUnavailable", "down")
        assert kubelet.unprepare(ONE) == {"uid-1": ""}

    @pytest.mark.usefixtures("plugin")
    def test_it_is_told_when_it_fails_and_ends_when_it_can(
        self, kubelet: KubeletSide, api: LittleApi, node: NodeDirectories
    ) -> None:
        """A failing Unprepare is retried until it succeeds."""
        api.add(claim("uid-1", [result("gpu-3")]))
        kubelet.prepare_one(ONE)
        path = node.cdi / FILE
        text = path.read_text()
        path.unlink()
        path.mkdir()  # which unlink(2) does not remove
        assert "CDI file" in kubelet.unprepare(ONE)["uid-1"]
        path.rmdir()
        path.write_text(text)
        assert kubelet.unprepare(ONE) == {"uid-1": ""}
        assert node.cdi_files() == set()


class TestRetries:
    @pytest.mark.usefixtures("plugin")
    def test_prepare_fails_and_later_succeeds(self, kubelet: KubeletSide, api: LittleApi) -> None:
        assert "does not exist" in kubelet.refusal(ONE)
        api.add(claim("uid-1", None))
        assert "not allocated" in kubelet.refusal(ONE)
        api.add(claim("uid-1", [result("gpu-3")]))
        assert kubelet.prepare_one(ONE)

    def test_late_completion_of_a_call_that_nobody_waits_for_does_nothing(
        self, plugin: PluginProcess, kubelet: KubeletSide, api: LittleApi, node: NodeDirectories
    ) -> None:
        api.add(claim("uid-1", [result("gpu-3")]))
        held, release = hold_claim_reads(api)

        def is_begun_and_given_up() -> bool:
            with pytest.raises(grpc.RpcError) as raised:
                kubelet.prepare(ONE, seconds=2)
            assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            return held.is_set()

        eventually(is_begun_and_given_up, "a call that reads its claim when its time is over")
        assert kubelet.prepare() == {}  # answered over the same connection: the plugin has heard of the end before it
        release.set()
        plugin.wait_for("the caller has gone; nothing was done")
        assert node.cdi_files() == set()
        assert not node.checkpoint.exists()
        assert kubelet.prepare_one(ONE)

    def test_killed_while_prepare_is_under_way(
        self, plugin: PluginProcess, kubelet: KubeletSide, api: LittleApi, start: StartPlugin
    ) -> None:
        api.add(claim("uid-1", [result("gpu-3")]))
        held, release = hold_claim_reads(api)
        with ThreadPoolExecutor(1) as threads:
            call = threads.submit(kubelet.prepare, ONE)
            assert held.wait(60)
            plugin.kill()
            assert isinstance(call.exception(60), grpc.RpcError)
        release.set()
        start().wait_for("registered")
        assert eventually_prepared(kubelet, ONE)

    def test_stopped_while_prepare_is_under_way_it_ends_the_call_first(
        self, start: StartPlugin, kubelet: KubeletSide, api: LittleApi
    ) -> None:
        api.add(claim("uid-1", [result("gpu-3")]))

        def is_answered() -> bool:
            """False if it took this test so long to let the call go on that the plugin may have given it up."""
            plugin = start()
            kubelet.wait_for_plugin()
            held, release = hold_claim_reads(api)
            begun = time.monotonic()
            with ThreadPoolExecutor(2) as threads:
                call = threads.submit(kubelet.prepare_one, ONE)
                assert held.wait(60)
                stopped = threads.submit(plugin.stop)
                plugin.wait_for("stopping")
                release.set()
                failed = call.exception(60)
                in_time = time.monotonic() - begun < GIVEN_UP_SECONDS
                assert stopped.result(60) == 0
            kubelet.wait_until_gone()
            if failed is not None and in_time:
                raise failed
            return failed is None

        eventually(is_answered, "a call that is answered by a plugin that stops")

    @pytest.mark.usefixtures("plugin")
    def test_after_a_kubelet_restart_both_calls_are_repeated(
        self, kubelet: KubeletSide, api: LittleApi, node: NodeDirectories
    ) -> None:
        api.add(claim("uid-1", [result("gpu-3")]))
        first = kubelet.prepare_one(ONE)
        with KubeletSide(node.registry) as restarted:
            restarted.wait_for_plugin()
            assert restarted.prepare_one(ONE) == first
            assert restarted.unprepare(ONE) == {"uid-1": ""}
            assert restarted.unprepare(ONE) == {"uid-1": ""}

    @pytest.mark.usefixtures("plugin")
    def test_a_claim_of_the_same_name_with_another_uid_waits_for_the_old_one(
        self, kubelet: KubeletSide, api: LittleApi, node: NodeDirectories
    ) -> None:
        api.add(claim("uid-1", [result("gpu-3")]))
        kubelet.prepare_one(ONE)
        api.add(claim("uid-2", [result("gpu-4")]))
        new = Claim("uid-2", "claim")
        assert "an old ResourceClaim default/claim with UID uid-1 is still prepared" in kubelet.refusal(new)
        kubelet.unprepare(ONE)
        assert kubelet.prepare_one(new)
        assert node.cdi_files() == {"k8s.gpu.example.com-gpu_uid-2.json"}

    @pytest.mark.usefixtures("plugin")
    def test_many_calls_at_once_are_all_answered_and_none_shares_a_device(
        self, kubelet: KubeletSide, api: LittleApi, node: NodeDirectories
    ) -> None:
        """Two claims for each of the eight GPUs: one of each pair gets it."""
        claims = [Claim(f"uid-{i}", f"claim-{i}") for i in range(16)]
        for i, each in enumerate(claims):
            api.add(claim(each.uid, [result(f"gpu-{i // 2}")], name=each.name))
        with ThreadPoolExecutor(16) as threads:
            answers = list(threads.map(lambda each: kubelet.prepare(each)[each.uid], claims))
        for one, other in zip(answers[::2], answers[1::2], strict=True):
            assert bool(one.error) != bool(other.error)
            assert "is still prepared for ResourceClaim" in one.error + other.error
        assert len(node.cdi_files()) == 8


class TestWhatContainersSee:
    @pytest.mark.usefixtures("plugin")
    def test_device_uuid_claim_and_node(self, kubelet: KubeletSide, api: LittleApi, node: NodeDirectories) -> None:
        api.add(claim("uid-1", [result("gpu-3")]))
        seen = container_environment(node.cdi, kubelet.prepare_one(ONE))
        assert seen["GPU_DEVICE_3"] == "gpu-3"
        assert seen["GPU_DEVICE_3_RESOURCE_CLAIM"] == "uid-1"
        assert seen["GPU_DEVICE_3_UUID"].startswith("gpu-")
        assert seen["GPU_DEVICE_3_SHARING_STRATEGY"] == "TimeSlicing"
        assert seen["DRA_ADMIN_ACCESS"] == "false"
        assert (seen["KUBERNETES_NODE_NAME"], seen["DRA_RESOURCE_DRIVER_NAME"]) == (NODE, "gpu.example.com")

    @pytest.mark.usefixtures("plugin")
    def test_configuration_of_all_requests_of_single_ones_and_of_the_class(
        self, kubelet: KubeletSide, api: LittleApi, node: NodeDirectories
    ) -> None:
        """A container that names a request sees only that; one that names the claim sees all."""
        of_class = gpu_config({"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": "Long"}})
        of_claim = gpu_config({"strategy": "SpacePartitioning", "spacePartitioningConfig": {"partitionCount": 10}})
        results = [result("gpu-0", "ts"), result("gpu-1", "sp/small")]
        api.add(claim("uid-1", results, [config(of_class, "FromClass"), config(of_claim, "FromClaim", ["sp"])]))
        devices = kubelet.prepare_one(ONE)
        whole = container_environment(node.cdi, devices)
        assert whole["GPU_DEVICE_0_TIMESLICE_INTERVAL"] == "Long"
        assert whole["GPU_DEVICE_1_PARTITION_COUNT"] == "10"
        only = container_environment(node.cdi, devices, "sp")
        assert only["GPU_DEVICE_1_PARTITION_COUNT"] == "10"
        assert not [name for name in only if name.startswith("GPU_DEVICE_0")]

    @pytest.mark.usefixtures("plugin")
    def test_admin_access_is_visible_and_leaves_the_owners_settings_alone(
        self, kubelet: KubeletSide, api: LittleApi, node: NodeDirectories
    ) -> None:
        api.add(claim("uid-1", [result("gpu-3")]))
        api.add(claim("uid-2", [result("gpu-3", admin_access=True)], name="monitor"))
        owner = container_environment(node.cdi, kubelet.prepare_one(ONE))
        admin = container_environment(node.cdi, kubelet.prepare_one(Claim("uid-2", "monitor")))
        assert (owner["DRA_ADMIN_ACCESS"], admin["DRA_ADMIN_ACCESS"]) == ("false", "true")
        assert "GPU_DEVICE_3_SHARING_STRATEGY" in owner
        assert "GPU_DEVICE_3_SHARING_STRATEGY" not in admin


def hold_claim_reads(api: LittleApi) -> tuple[threading.Event, threading.Event]:
    """Reads of claims wait: the first event tells that one does, the second lets them go on."""
    held, release = threading.Event(), threading.Event()

    def fault(_method: str, path: str) -> Answer | None:
        if "resourceclaims" in path:
            held.set()
            assert release.wait(60)
        return None

    api.fault = fault
    return held, release


class TestDeviceMetadata:
    """Files in the container that describe its devices (--device-metadata)."""

    @staticmethod
    def mounts(node: NodeDirectories, devices: Sequence[PreparedDevice], request: str = "") -> dict[str, Path]:
        """Files of the node by their path in a container."""
        mounts = container_edits(node.cdi, devices, request).mounts
        return {text_at(each, "containerPath"): Path(text_at(each, "hostPath")) for each in mounts}

    def test_a_container_finds_the_files_of_its_requests_also_after_a_reboot(
        self, start: StartPlugin, kubelet: KubeletSide, api: LittleApi, node: NodeDirectories
    ) -> None:
        api.add(claim("uid-1", [result("gpu-1", "one"), result("gpu-2", "two")]))
        plugin = start("--device-metadata")
        kubelet.wait_for_plugin()
        devices = kubelet.prepare_one(Claim("uid-1", "claim"))
        place = "/var/run/kubernetes.io/dra-device-attributes/resourceclaims/claim"
        paths = [f"{place}/{request}/gpu.example.com-metadata.json" for request in ("one", "two")]
        assert list(self.mounts(node, devices)) == paths
        (host_path,) = self.mounts(node, devices, "two").values()
        document = json.loads(host_path.read_text())
        assert document["requests"][0]["devices"][0]["name"] == "gpu-2"
        assert host_path.stat().st_mode & 0o777 == 0o644, "whoever the container runs as"
        plugin.kill()
        for path in node.cdi.iterdir():
            path.unlink()
        start("--device-metadata").wait_for("registered")
        assert json.loads(host_path.read_text()) == document
        assert list(self.mounts(node, devices)) == paths
        kubelet.wait_for_plugin()
        kubelet.unprepare(Claim("uid-1", "claim"))
        assert node.cdi_files() == set()


class TestTwoDriversInOneClaim:
    """Each sees to its own devices, whatever becomes of the other."""

    DRIVERS = ("one.example.com", "two.example.com")

    def test_a_container_gets_both_and_neither_loses_what_the_other_does(
        self, start: StartPlugin, kubelet: KubeletSide, api: LittleApi, node: NodeDirectories
    ) -> None:
        api.add(claim("uid-1", [result("gpu-1", driver=self.DRIVERS[0]), result("gpu-2", driver=self.DRIVERS[1])]))
        plugins = [start("--driver-name", driver, "--device-metadata") for driver in self.DRIVERS]
        for driver in self.DRIVERS:
            kubelet.wait_for_plugin(driver=driver)
        answers = [kubelet.prepare(ONE, driver=driver)["uid-1"] for driver in self.DRIVERS]
        devices = [device for answer in answers for device in answer.devices]
        assert [device.device for device in devices] == ["gpu-1", "gpu-2"]
        seen = container_edits(node.cdi, devices)
        assert {"GPU_DEVICE_1", "GPU_DEVICE_2"} <= set(seen.env)
        assert len({text_at(mount, "containerPath") for mount in seen.mounts}) == 2, "a file of each"
        plugins[0].kill()
        assert kubelet.prepare(ONE, driver=self.DRIVERS[1])["uid-1"] == answers[1]
        assert kubelet.unprepare(ONE, driver=self.DRIVERS[1]) == {"uid-1": ""}
        assert all(self.DRIVERS[0] in name for name in node.cdi_files())
        assert len(node.cdi_files()) == 2, "the CDI file of the other driver, and what it mounts"
