"""What cannot be prepared: an error for that claim alone, in the words of a person; the others are prepared."""

from __future__ import annotations

import pytest
from dra_core.snapshot.json_value import JsonObject

from tests.integration.kubeletplugin.kubelet_side import Claim, KubeletSide
from tests.integration.kubeletplugin.little_api import LittleApi, refusal
from tests.integration.kubeletplugin.plugin_process import NodeDirectories, PluginProcess
from tests.property.claims import claim, config, gpu_config, result

GOOD = Claim("uid-good", "good")
BAD = Claim("uid-bad", "bad")

WRONG_CONFIG = gpu_config(
    {"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": "Often"}, "spacePartitioningConfig": {}, "colour": 1}
)

CASES: list[tuple[str, JsonObject | None, list[str]]] = [
    ("unknown claim", None, ["ResourceClaim default/bad does not exist"]),
    (
        "another driver's claim",
        claim("uid-bad", [result("nic-0", driver="net.example.com")], name="bad"),
        ["got no device from gpu.example.com, but from: net.example.com"],
    ),
    ("unallocated claim", claim("uid-bad", None, name="bad"), ["status.allocation: ", "is not allocated"]),
    (
        "changed UID",
        claim("uid-of-another", [result("gpu-1")], name="bad"),
        ["has UID uid-of-another now, the kubelet asks for uid-bad"],
    ),
    (
        "invalid configuration, all faults with their paths",
        claim("uid-bad", [result("gpu-1")], [config(WRONG_CONFIG), config({}, "FromClass")], name="bad"),
        [
            "spec.devices.config[0].opaque.parameters.sharing.timeSlicingConfig.interval: unknown time-slice interval",
            "spec.devices.config[0].opaque.parameters.sharing.spacePartitioningConfig",
            "spec.devices.config[0].opaque.parameters.sharing.colour",
            "status.allocation.devices.config[1].opaque.parameters.kind",
        ],
    ),
    (
        "unknown device",
        claim("uid-bad", [result("gpu-1"), result("gpu-99")], name="bad"),
        ["status.allocation.devices.results[1]: device gpu-99 of pool node-1 is not on node node-1"],
    ),
    (
        "device held by another claim",
        claim("uid-bad", [result("gpu-0")], name="bad"),
        ["device gpu-0 of pool node-1 is still prepared for ResourceClaim default/good (UID uid-good)"],
    ),
    ("something that is no claim", {"metadata": "?", "status": 3}, ["metadata", "status"]),
]


@pytest.mark.parametrize(("stored", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_an_error_for_that_claim_alone(
    plugin: PluginProcess,
    kubelet: KubeletSide,
    api: LittleApi,
    node: NodeDirectories,
    stored: JsonObject | None,
    said: list[str],
) -> None:
    api.add(claim("uid-good", [result("gpu-0")], name="good"))
    if stored is not None:
        api.claims["default", "bad"] = stored
    answer = kubelet.prepare(GOOD, BAD)
    assert set(answer) == {"uid-good", "uid-bad"}
    assert [device.device for device in answer["uid-good"].devices] == ["gpu-0"]
    assert answer["uid-bad"].devices == ()
    for words in said:
        assert words in answer["uid-bad"].error
    assert node.cdi_files() == {"k8s.gpu.example.com-gpu_uid-good.json"}
    assert plugin.wait_for("not prepared")["error"] == answer["uid-bad"].error
    assert kubelet.unprepare(GOOD, BAD) == {"uid-good": "", "uid-bad": ""}


@pytest.mark.parametrize(
    ("code", "reason", "message"),
    [
        (403, "Forbidden", "cannot get resourceclaims"),
        (500, "InternalError", "the database is gone"),
        (429, "TooManyRequests", "slow down"),
    ],
)
@pytest.mark.usefixtures("plugin")
def test_an_api_server_that_refuses(kubelet: KubeletSide, api: LittleApi, code: int, reason: str, message: str) -> None:
    with api.failing("GET", "resourceclaims", refusal(code, reason, message)):
        assert message in kubelet.refusal(GOOD)
    api.add(claim("uid-good", [result("gpu-0")], name="good"))
    assert kubelet.prepare_one(GOOD)


@pytest.mark.usefixtures("plugin")
def test_names_and_uids_of_any_kind_break_nothing(kubelet: KubeletSide, node: NodeDirectories) -> None:
    """The kubelet would not send them; files named after them would leave the directory."""
    strange = [Claim("../../etc/passwd", "x"), Claim("", ""), Claim("a b\n", "ü/..%2f", "../.."), Claim("x" * 300, "y")]
    answer = kubelet.prepare(*strange)
    assert set(answer) == {each.uid for each in strange}
    assert all(each.error for each in answer.values())
    assert set(kubelet.unprepare(*strange).values()) == {""}
    assert node.cdi_files() == set()
