"""The device table: who uses what, on the screen and as checked after each example."""

from __future__ import annotations

import io

from dra_core.snapshot.json_value import Json, JsonObject
from dra_sandbox.demo.checks import left_over, running_faults
from dra_sandbox.demo.device_table import Row, User, device_rows, in_use
from dra_sandbox.demo.expectations import EXPECTATIONS
from dra_sandbox.demo.screen import Screen
from dra_sandbox.world.objects import World, world_of
from rich.console import Console


def cluster(*claims: JsonObject) -> World:
    devices: list[Json] = [
        {"name": f"gpu-{number}", "attributes": {"uuid": {"string": f"uuid-{number}"}, "model": {"string": "M"}}}
        for number in range(2)
    ]
    piece: JsonObject = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": "s", "uid": "s"},
        "spec": {"driver": "gpu.example.com", "nodeName": "n", "pool": {"name": "n"}, "devices": devices},
    }
    return world_of(piece, *claims)


def claim(name: str, **result: Json) -> JsonObject:
    device: JsonObject = {"driver": "gpu.example.com", "pool": "n", "device": "gpu-1", **result}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": name, "namespace": "ns", "uid": name},
        "status": {
            "allocation": {"devices": {"results": [device]}},
            "reservedFor": [{"resource": "pods", "name": "pod", "uid": "p"}],
        },
    }


def rows(*claims: JsonObject) -> tuple[Row, ...]:
    return device_rows(cluster(*claims), "gpu.example.com")


def test_every_device_has_a_row_with_the_claims_that_have_it() -> None:
    found = rows(claim("mine"), claim("watch", adminAccess=True))
    assert [(row.device, row.users) for row in found] == [
        ("gpu-0", ()),
        (
            "gpu-1",
            (
                User(namespace="ns", claim="mine", pods=("pod",)),
                User(namespace="ns", claim="watch", pods=("pod",), admin=True),
            ),
        ),
    ]
    assert [row.device for row in in_use(found)] == ["gpu-1"]
    assert device_rows(cluster(), "other.example.com") == ()


def test_the_table_is_plain_text_where_there_is_no_terminal() -> None:
    output = io.StringIO()
    Screen(Console(file=output, width=100)).device_table(rows(claim("mine"), claim("watch", adminAccess=True)))
    assert output.getvalue().splitlines() == [
        "NODE  DEVICE  UUID    CLAIM  PODS",
        "n     gpu-0   uuid-0  -      -",
        "n     gpu-1   uuid-1  mine   pod",
        "                      watch  pod (admin)",
    ]


def test_what_containers_see_is_what_claims_have() -> None:
    wanted = EXPECTATIONS["cel-selector"]
    output = "KUBERNETES_NODE_NAME=n\nGPU_DEVICE_1=gpu-1\nGPU_DEVICE_1_UUID=uuid-1"
    assert running_faults(wanted, {("pod0", "ctr0"): output}, rows(claim("mine"))) == ()
    assert running_faults(wanted, {("pod0", "ctr0"): output}, rows()) == (
        "a container sees uuid-1, which no claim has",
    )
    assert "a claim has uuid-1, which no container sees" in running_faults(wanted, {}, rows(claim("mine")))


def test_what_is_left_over_is_named() -> None:
    left = claim("mine")
    assert left_over(cluster(), "ns", rows()) == ()
    assert left_over(cluster(left), "ns", rows(left)) == (
        "ResourceClaim ns/mine is still there",
        "gpu-1 of n is still in use",
    )
