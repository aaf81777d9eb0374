"""``kubectl-dra allocate --jsonl``: an answer a line, in order, whatever the lines are."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from dra_core.snapshot.json_value import Json, JsonObject
from dra_kubectl.allocate import allocate

SHARE = "11111111-2222-4333-8444-555555555555"


def question(name: str, model: str = "A100", *, shared: bool = False) -> JsonObject:
    device: dict[str, Json] = {
        "name": "gpu-0",
        "attributes": {"model": {"string": model}},
        "capacity": {"memory": {"value": "80Gi"}},
    }
    selector: Json = {"cel": {"expression": "device.attributes['gpu.example.com'].model == 'A100'"}}
    exactly: Json = {"deviceClassName": "gpu", "allocationMode": "ExactCount", "count": 1, "selectors": [selector]}
    return {
        "name": name,
        "features": {"ConsumableCapacity": True},
        "node": {"metadata": {"name": "n"}},
        "deviceClasses": [{"metadata": {"name": "gpu"}, "spec": {}}],
        "resourceSlices": [
            {
                "metadata": {"name": "s"},
                "spec": {
                    "driver": "gpu.example.com",
                    "nodeName": "n",
                    "pool": {"name": "n", "generation": 1, "resourceSliceCount": 1},
                    "devices": [{**device, "allowMultipleAllocations": shared}],
                },
            }
        ],
        "allocated": {"devices": [], "sharedDeviceIDs": [], "aggregatedCapacity": []},
        "claims": [
            {
                "metadata": {"name": "c", "namespace": "default"},
                "spec": {"devices": {"requests": [{"name": "r", "exactly": exactly}]}},
            }
        ],
    }


def answers(*lines: str, arguments: tuple[str, ...] = ()) -> list[JsonObject]:
    result = CliRunner().invoke(allocate, ["--jsonl", *arguments], input="".join(f"{line}\n" for line in lines))
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_claim_gets_its_device_and_the_node() -> None:
    (found,) = answers(json.dumps(question("fits")))
    only = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]}
    assert found == {
        "name": "fits",
        "success": True,
        "results": [
            {
                "devices": {"results": [{"request": "r", "driver": "gpu.example.com", "pool": "n", "device": "gpu-0"}]},
                "nodeSelector": {"nodeSelectorTerms": [only]},
            }
        ],
        "error": None,
        "reasons": None,
    }


def test_what_does_not_fit_is_accounted_for() -> None:
    (found,) = answers(json.dumps(question("does not fit", model="H100")))
    assert (found["success"], found["results"], found["error"]) == (False, [], None)
    reasons = found["reasons"]
    assert isinstance(reasons, dict)
    assert reasons["requests"] == [
        {
            "claim": "default/c",
            "request": "r",
            "wanted": 1,
            "fitting": 0,
            "refused": [
                {
                    "rule": "Request",
                    "devices": 1,
                    "example": ["gpu.example.com", "n", "gpu-0"],
                    "detail": "claim default/c: selector #0 device.attributes['gpu.example.com'].model == 'A100':"
                    ' gpu.example.com/model is "H100"',
                }
            ],
            "nearest": {
                "device": ["gpu.example.com", "n", "gpu-0"],
                "rule": "Request",
                "detail": "claim default/c: selector #0 device.attributes['gpu.example.com'].model == 'A100':"
                ' gpu.example.com/model is "H100"',
            },
        }
    ]


def test_a_share_id_can_be_given() -> None:
    (found,) = answers(json.dumps(question("shared", shared=True)), arguments=("--share-id", SHARE))
    assert f'"shareID": "{SHARE}"' in json.dumps(found)


def test_lines_that_are_no_questions_get_an_error_and_the_rest_go_on() -> None:
    found = answers(
        json.dumps(question("first")),
        "{broken",
        "",
        "[1]",
        json.dumps({"name": "wrong", "claims": [5], "allocated": {"devices": [{"driver": 1}]}}),
        json.dumps(question("last")),
    )
    assert [item["name"] for item in found] == ["first", "", "", "wrong", "last"]
    assert [item["success"] for item in found] == [True, False, False, False, True]
    assert found[3]["error"] == (
        "malformed: allocated.devices[0].driver: expected a text; claims[0]: expected an object, found the number 5"
    )


def test_go_s_habits_are_understood() -> None:
    """Null for absent, absent for zero, a number for a quantity, fields that nobody knows."""
    asked = json.loads(json.dumps(question("as Go writes")))
    asked["resourceSlices"][0]["spec"]["devices"][0]["capacity"]["memory"]["value"] = 5
    asked["resourceSlices"][0]["spec"]["devices"][0]["taints"] = None
    asked["resourceSlices"][0]["spec"]["unheard"] = {"of": 1}
    del asked["resourceSlices"][0]["spec"]["pool"]["resourceSliceCount"]
    (found,) = answers(json.dumps(asked))
    assert (found["success"], found["error"]) == (False, None), "a pool of no slices is never complete"


@pytest.mark.parametrize(
    ("line", "malformed"),
    [
        ("\ufeff{}", True),
        ("{} {}", True),
        ("[" * 20_000, True),
        ('{"name": "' + "x" * 5_000_000 + '"}', False),
        ('{"resourceSlices": [{"spec": {"pool": {"generation": 9223372036854775808}}}]}', True),
        ('{"claims": 1' + "0" * 5000 + "}", True),
        (f'{{"allocated": {{"aggregatedCapacity": [{{"consumedCapacity": {{"m": "{"1" * 5000}"}}}}]}}}}', True),
        ('{"features": {"NotYetInvented": "very", "AdminAccess": null}, "allocated": {"devices": [null]}}', False),
        ('{"claims": null, "name": null, "node": null}\r', False),
        ("{}", False),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)  # fmt: skip
def test_an_odd_line_gets_one_answer_in_its_place(line: str, malformed: bool) -> None:
    before, found, after = answers('{"name": "before"}', line, '{"name": "after"}')
    assert (before["name"], after["name"]) == ("before", "after")
    assert list(found) == ["name", "success", "results", "error", "reasons"]
    assert found["success"] is not malformed
    assert str(found["error"]).startswith("malformed: ") is malformed
    assert isinstance(found["reasons"], list) is malformed
