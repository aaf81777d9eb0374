"""What is known of devices' health, for how long, and how a pod's status shows it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dra_core.snapshot.json_value import JsonObject
from dra_sandbox.kubelet.device_health import (
    LONGEST_MESSAGE,
    PATIENCE,
    Reported,
    after_end,
    after_report,
    container_health,
    next_expiry,
    state_of,
)
from dra_sandbox.kubelet.prepared_claims import DriverPart, HeldClaim, PreparedDevice

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
DRIVER, DEVICE = "gpu.example.com", ("gpu.example.com", "n", "gpu-0")
SICK = Reported(pool="n", device="gpu-0", state="Unhealthy", message="hot")


def test_a_report_is_good_for_as_long_as_it_says_or_thirty_seconds() -> None:
    health = after_report({}, DRIVER, (SICK,), NOW)
    assert state_of(health, DEVICE, NOW) == ("Unhealthy", "hot")
    assert state_of(health, DEVICE, NOW + PATIENCE) == ("Unknown", "")
    assert next_expiry(health, NOW) == NOW + PATIENCE
    longer = after_report({}, DRIVER, (Reported(pool="n", device="gpu-0", state="Healthy", seconds=90),), NOW)
    assert state_of(longer, DEVICE, NOW + timedelta(seconds=89)) == ("Healthy", "")
    assert state_of(longer, DEVICE, NOW + timedelta(seconds=90)) == ("Unknown", "")


def test_the_end_of_a_stream_makes_its_drivers_devices_unknown_and_no_others() -> None:
    other = Reported(pool="n", device="nic-0", state="Healthy")
    health = after_report(after_report({}, DRIVER, (SICK,), NOW), "net.example.com", (other,), NOW)
    health = after_end(health, DRIVER)
    assert state_of(health, DEVICE, NOW) == ("Unknown", "")
    assert state_of(health, ("net.example.com", "n", "nic-0"), NOW) == ("Healthy", "")


def test_a_report_that_leaves_a_device_out_says_nothing_about_it() -> None:
    health = after_report(after_report({}, DRIVER, (SICK,), NOW), DRIVER, (), NOW)
    assert state_of(health, DEVICE, NOW) == ("Unhealthy", "hot")


def test_messages_are_cut_between_characters() -> None:
    long = Reported(pool="n", device="gpu-0", state="Unhealthy", message="ä" * LONGEST_MESSAGE)
    _, message = state_of(after_report({}, DRIVER, (long,), NOW), DEVICE, NOW)
    assert message == "ä" * (LONGEST_MESSAGE // 2)


def test_a_container_shows_the_devices_of_its_own_requests() -> None:
    devices = tuple(
        PreparedDevice(request_names=(request,), pool="n", device=device, cdi_ids=ids)
        for request, device, ids in (("a", "gpu-0", ("vendor/class=gpu-0",)), ("b", "gpu-1", ()))
    )
    held = {
        "c": HeldClaim(
            uid="c", namespace="ns", name="claim", pods=frozenset({"p"}), drivers={DRIVER: DriverPart(devices=devices)}
        )
    }
    pod: JsonObject = {
        "metadata": {"name": "p", "namespace": "ns", "uid": "p"},
        "spec": {"resourceClaims": [{"name": "gpus", "resourceClaimName": "claim"}]},
    }
    health = after_report({}, DRIVER, (SICK,), NOW)
    one: JsonObject = {"name": "c", "resources": {"claims": [{"name": "gpus", "request": "a"}]}}
    assert container_health(held, pod, one, health, frozenset({DRIVER}), NOW) == (
        {
            "name": "claim:gpus/a",
            "resources": [{"resourceID": "vendor/class=gpu-0", "health": "Unhealthy", "message": "hot"}],
        },
    )
    every: JsonObject = {"name": "c", "resources": {"claims": [{"name": "gpus"}]}}
    (shown,) = container_health(held, pod, every, health, frozenset({DRIVER}), NOW)
    assert shown == {
        "name": "claim:gpus",
        "resources": [
            {"resourceID": "vendor/class=gpu-0", "health": "Unhealthy", "message": "hot"},
            {"resourceID": "gpu.example.com/n/gpu-1", "health": "Unknown"},
        ],
    }
    assert container_health(held, pod, every, health, frozenset(), NOW) == (), "a driver that reports no health"


def test_of_devices_with_one_id_the_worst_is_shown() -> None:
    devices = tuple(
        PreparedDevice(pool="n", device=f"gpu-{number}", cdi_ids=("vendor/class=all",)) for number in (0, 1)
    )
    drivers = {DRIVER: DriverPart(devices=devices)}
    held = {"c": HeldClaim(uid="c", namespace="ns", name="claim", pods=frozenset({"p"}), drivers=drivers)}
    pod: JsonObject = {
        "metadata": {"name": "p", "namespace": "ns", "uid": "p"},
        "spec": {"resourceClaims": [{"name": "gpus", "resourceClaimName": "claim"}]},
    }
    well = Reported(pool="n", device="gpu-1", state="Healthy")
    health = after_report({}, DRIVER, (SICK, well), NOW)
    container: JsonObject = {"name": "c", "resources": {"claims": [{"name": "gpus"}]}}
    (shown,) = container_health(held, pod, container, health, frozenset({DRIVER}), NOW)
    assert shown["resources"] == [{"resourceID": "vendor/class=all", "health": "Unhealthy", "message": "hot"}]
