"""The kubelet's side of the DRA protocol, with plugins that fail, wait, or know old versions only."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dra_core.snapshot.json_value import Json, JsonObject, text_at
from dra_sandbox.cluster import Sandbox, sandbox
from dra_sandbox.world.objects import NODE, condition_status

from tests.integration.sandbox.little_plugin import LittlePlugin, published
from tests.integration.sandbox.workloads import (
    PATIENCE,
    claim,
    delete_pod,
    get_pod,
    pod,
    pod_spec,
    wait_event,
    wait_gone,
    wait_ready,
)

DRIVER = "little.example.com"


@pytest.fixture
def bare() -> Iterator[Sandbox]:
    """A cluster without a driver, but with the devices of two, published by the test."""
    with sandbox() as cluster:
        cluster.wait_for(
            lambda world: condition_status(world.get(NODE, "", "node-1") or {}, "Ready") == "True", "the node", PATIENCE
        )
        cluster.create([*published(DRIVER), *published("other.example.com")])
        yield cluster


@pytest.fixture
def plugin(bare: Sandbox) -> LittlePlugin:
    return LittlePlugin(bare, DRIVER)


def wanting(name: str, *drivers: str) -> JsonObject:
    requests: list[Json] = [
        {
            "name": f"r{number}",
            "exactly": {"deviceClassName": driver, "allocationMode": "ExactCount", "count": 1},
        }
        for number, driver in enumerate(drivers or (DRIVER,))
    ]
    return claim("default", name, {"devices": {"requests": requests}})


def user(name: str, *claims: str) -> JsonObject:
    return pod("default", name, pod_spec(claims=claims, script="trap 'exit 0' TERM; sleep 99 & wait"))


def test_a_plugin_is_called_once_to_prepare_and_once_to_unprepare(bare: Sandbox, plugin: LittlePlugin) -> None:
    with plugin.registered():
        bare.create([wanting("c"), user("p", "c")])
        wait_ready(bare, "default", "p")
        delete_pod(bare, "default", "p")
        wait_gone(bare, "default", "p")
        assert plugin.calls[0] == ("GetInfo", "")
        assert plugin.claim_calls() == [("Prepare", "c"), ("Unprepare", "c")]
        assert set(plugin.refusals) == {""}


def test_a_plugin_that_knows_the_old_version_only_is_called_with_that(bare: Sandbox) -> None:
    plugin = LittlePlugin(bare, DRIVER, services=("v1beta1.DRAPlugin",))
    with plugin.registered():
        bare.create([wanting("c"), user("p", "c")])
        wait_ready(bare, "default", "p")
        delete_pod(bare, "default", "p")
        wait_gone(bare, "default", "p")
        assert plugin.claim_calls() == [("Prepare", "c (v1beta1)"), ("Unprepare", "c (v1beta1)")]


def test_registration_is_tried_again_until_get_info_answers(plugin: LittlePlugin) -> None:
    plugin.faults["GetInfo"] = ["not yet", "not yet"]
    with plugin.serving(), plugin.registering():
        plugin.wait_for(lambda: bool(plugin.refusals), "the registration")
        assert set(plugin.refusals) == {""}
        assert plugin.count("GetInfo") >= 3


def test_a_plugin_that_is_refused_is_told_why(plugin: LittlePlugin) -> None:
    plugin.services = ("v2.DRAPlugin",)
    with plugin.serving(), plugin.registering():
        plugin.wait_for(lambda: bool(plugin.refusals), "an answer")
        assert "v2.DRAPlugin" in plugin.refusals[0]
        assert "v1.DRAPlugin" in plugin.refusals[0]


def test_a_pod_that_was_there_before_the_plugin_runs_when_it_registers(bare: Sandbox, plugin: LittlePlugin) -> None:
    bare.create([wanting("c"), user("p", "c")])
    assert f"DRA driver {DRIVER} is not registered" in wait_event(bare, "default", "p", "FailedPrepareDynamicResources")
    with plugin.serving(), plugin.registering():
        wait_ready(bare, "default", "p")


def test_the_dra_socket_may_begin_to_listen_after_the_registration(bare: Sandbox, plugin: LittlePlugin) -> None:
    with plugin.registering():
        plugin.wait_for(lambda: "" in plugin.refusals, "the registration")
        bare.create([wanting("c"), user("p", "c")])
        wait_event(bare, "default", "p", "FailedPrepareDynamicResources")
        with plugin.serving():
            wait_ready(bare, "default", "p")


def test_a_failing_prepare_is_told_and_repeated(bare: Sandbox, plugin: LittlePlugin) -> None:
    plugin.faults["Prepare"] = ["out of ECC memory"]
    with plugin.registered():
        bare.create([wanting("c"), user("p", "c")])
        words = "NodePrepareResources failed for ResourceClaim c: out of ECC memory"
        assert wait_event(bare, "default", "p", "FailedPrepareDynamicResources", words).endswith(words)
        wait_ready(bare, "default", "p")
        assert plugin.count("Prepare", "c") == 2


def test_a_reply_that_leaves_a_claim_out_is_a_failure(bare: Sandbox, plugin: LittlePlugin) -> None:
    plugin.skip = True
    with plugin.registered():
        bare.create([wanting("c"), user("p", "c")])
        wait_event(bare, "default", "p", "FailedPrepareDynamicResources", "skipped claim c")
        assert text_at(get_pod(bare, "default", "p"), "status", "phase") == "Pending"


def test_a_failing_unprepare_is_repeated_before_the_pod_goes(bare: Sandbox, plugin: LittlePlugin) -> None:
    plugin.faults["Unprepare"] = ["busy", "busy"]
    with plugin.registered():
        bare.create([wanting("c"), user("p", "c")])
        wait_ready(bare, "default", "p")
        delete_pod(bare, "default", "p")
        wait_gone(bare, "default", "p")
        assert plugin.count("Unprepare", "c") == 3


def test_a_claim_of_several_pods_is_prepared_once_and_unprepared_after_the_last(
    bare: Sandbox, plugin: LittlePlugin
) -> None:
    with plugin.registered():
        bare.create([wanting("c"), user("p", "c"), user("q", "c")])
        wait_ready(bare, "default", "p", "q")
        assert plugin.count("Prepare", "c") == 1
        delete_pod(bare, "default", "p")
        wait_gone(bare, "default", "p")
        assert plugin.count("Unprepare", "c") == 0
        delete_pod(bare, "default", "q")
        wait_gone(bare, "default", "q")
        assert plugin.count("Unprepare", "c") == 1


def test_a_driver_that_fails_does_not_keep_another_from_its_work(bare: Sandbox, plugin: LittlePlugin) -> None:
    other = LittlePlugin(bare, "other.example.com")
    plugin.faults["Prepare"] = ["no"]
    with plugin.registered(), other.registered():
        bare.create([wanting("c", DRIVER, "other.example.com"), user("p", "c")])
        wait_ready(bare, "default", "p")
        assert plugin.count("Prepare", "c") == 2
        assert other.count("Prepare", "c") >= 1


def test_prepare_is_repeated_after_a_kubelet_restart_and_a_claim_of_nobody_is_given_back(
    bare: Sandbox, plugin: LittlePlugin
) -> None:
    (node,) = bare.nodes.values()
    with plugin.registered():
        bare.create([wanting("c"), user("p", "c")])
        wait_ready(bare, "default", "p")
        node.stop_kubelet()
        node.start_kubelet()
        plugin.wait_for(lambda: plugin.count("Prepare", "c") == 2, "Prepare to be repeated")
        plugin.faults["Unprepare"] = ["busy"] * 1000
        delete_pod(bare, "default", "p")
        plugin.wait_for(lambda: plugin.count("Unprepare", "c") >= 1, "the first Unprepare")
        node.stop_kubelet()
        plugin.faults["Unprepare"].clear()
        node.start_kubelet()
        wait_gone(bare, "default", "p")
        assert plugin.count("Unprepare", "c") >= 2
