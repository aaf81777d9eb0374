"""What is admitted, what is not, and how it is told."""

from __future__ import annotations

import pytest
from dra_core.admission import Answered, respond
from dra_core.profiles import GpuProfile, Profile
from dra_core.profiles.cpu import CpuProfile
from dra_core.profiles.net import NetProfile
from dra_core.snapshot.json_value import Json, JsonObject, at, list_at, text_at

from tests.unit.admission.reviews import DRIVER, KINDS, gpu_config, of_kind, opaque, review, text

BAD = opaque(gpu_config("InvalidInterval"))
FIELD = "opaque.parameters.sharing.timeSlicingConfig.interval"

every_kind = pytest.mark.parametrize("resource", KINDS)
every_version = pytest.mark.parametrize("version", ["v1", "v1beta1", "v1beta2"])


def _answer(value: Json, profile: Profile | None = None) -> JsonObject:
    answered = respond(DRIVER, profile or GpuProfile(), text(value)).unwrap()
    assert isinstance(answered, Answered)
    assert text_at(answered.review, "response", "uid") == "4711"
    assert answered.verdict.allowed == at(answered.review, "response", "allowed")
    found = at(answered.review, "response")
    assert isinstance(found, dict)
    return found


def _fields(response: JsonObject) -> list[str]:
    return [text_at(cause, "field") for cause in list_at(response, "status", "details", "causes")]


@every_kind
@every_version
def test_faults_are_told_where_they_are_written(resource: str, version: str) -> None:
    """In all kinds and versions, each with its place."""
    place = {
        "resourceclaims": "spec.devices.config[1]",
        "resourceclaimtemplates": "spec.spec.devices.config[1]",
        "deviceclasses": "spec.config[1]",
    }[resource]
    response = _answer(review([opaque(gpu_config()), BAD], resource, version))
    assert response["allowed"] is False
    assert _fields(response) == [f"{place}.{FIELD}"]
    message = text_at(response, "status", "message")
    assert message.startswith(f"1 of 2 configurations for {DRIVER} are invalid: {place}.{FIELD}: ")
    assert "unknown time-slice interval" in message
    assert (at(response, "status", "reason"), at(response, "status", "code")) == ("Invalid", 422)
    assert text_at(response, "status", "details", "kind") == KINDS[resource]


@every_kind
@every_version
def test_good_ones_and_those_of_others_are_admitted(resource: str, version: str) -> None:
    others = opaque({"anything": ["goes"]}, "tpu.example.com")
    entries: list[Json] = [opaque(gpu_config()), others, {"requests": ["of a kind that is not opaque"]}]
    for configs in ([], entries):
        assert _answer(review(configs, resource, version)) == {"uid": "4711", "allowed": True}


def test_all_faults_of_all_configurations_come_at_once() -> None:
    strange: JsonObject = {**gpu_config("Often"), "colour": "red"}
    response = _answer(review([opaque(strange), opaque(gpu_config()), opaque(None)]))
    assert _fields(response) == [
        f"spec.devices.config[0].{FIELD}",
        "spec.devices.config[0].opaque.parameters.colour",
        "spec.devices.config[2].opaque.parameters",
    ]
    assert text_at(response, "status", "message").startswith("2 of 3 configurations")


def test_more_faults_than_anybody_reads_are_counted() -> None:
    many: JsonObject = {**gpu_config(), **{f"field{number}": 1 for number in range(150)}}
    response = _answer(review([opaque(many)]))
    assert len(_fields(response)) == 100
    assert text_at(response, "status", "message").endswith("; and 50 more")


@pytest.mark.parametrize(
    ("profile", "good", "bad", "code_words"),
    [
        (
            NetProfile(),
            {"apiVersion": "net.resource.example.com/v1alpha1", "kind": "NetConfig", "bwBurst": {"egressBurst": "1M"}},
            {"apiVersion": "net.resource.example.com/v1alpha1", "kind": "NetConfig", "bwBurst": {"egressBurst": "1T"}},
            "is not possible",
        ),
        (CpuProfile(), None, {"cores": 2}, "CPUs take no parameters"),
    ],
)
def test_each_profile_has_its_own_parameters(
    profile: Profile, good: JsonObject | None, bad: JsonObject, code_words: str
) -> None:
    if good is not None:
        assert _answer(review([opaque(good)]), profile)["allowed"] is True
    response = _answer(review([opaque(bad)]), profile)
    assert response["allowed"] is False
    assert code_words in text_at(response, "status", "message")


def test_a_key_that_is_written_twice_is_a_fault() -> None:
    """The decoded value does not show it: the last one wins there."""
    once = text(review([opaque(gpu_config("Long"))]))
    twice = once.replace(b'"interval": "Long"', b'"interval": "Short", "interval": "Long"')
    assert twice != once
    answered = respond(DRIVER, GpuProfile(), twice).unwrap()
    assert [each.path for each in answered.verdict.refusals] == [f"spec.devices.config[0].{FIELD}"]
    elsewhere = once.replace(b'"name": "x"', b'"name": "x", "name": "x"')
    assert respond(DRIVER, GpuProfile(), elsewhere).unwrap().verdict.allowed


@every_kind
def test_an_update_is_judged_by_what_it_changes(resource: str) -> None:
    """Else a claim from before the webhook could never lose its finalizer."""
    assert _answer(review([BAD], resource, old=[BAD]))["allowed"] is True
    assert _answer(review([BAD, opaque(gpu_config())], resource, old=[BAD]))["allowed"] is True
    assert _answer(review([BAD], resource, old=[opaque(gpu_config())]))["allowed"] is False
    assert _answer(review([BAD], resource, old=[]))["allowed"] is False


def test_true_in_place_of_one_is_a_change() -> None:
    """To Python they are equal."""

    def partitions(count: Json) -> dict[str, Json]:
        sharing: JsonObject = {
            "strategy": "SpacePartitioning",
            "spacePartitioningConfig": {"partitionCount": count},
        }
        return opaque({**gpu_config(), "sharing": sharing})

    assert _answer(review([partitions(1)], old=[partitions(1)]))["allowed"] is True
    assert _answer(review([partitions(True)], old=[partitions(1)]))["allowed"] is False


@pytest.mark.parametrize(
    "more",
    [
        {"operation": "DELETE"},
        {"operation": None},
        {"subResource": "status"},
        {"object": None},
        {"object": {"apiVersion": "v1", "kind": "Pod"}},
        {"object": of_kind("resourceclaims", [], "v1beta1")},
        {"resource": {"group": "", "version": "v1", "resource": "pods"}},
        {"resource": {"group": "resource.k8s.io", "version": "v1", "resource": "resourceslices"}},
        {"resource": {"group": "resource.k8s.io", "version": "v1alpha3", "resource": "resourceclaims"}},
        {"resource": None},
    ],
)
def test_what_is_not_expected_is_refused_with_what_is(more: dict[str, Json]) -> None:
    response = _answer(review([], replaced=more))
    assert response["allowed"] is False
    assert (at(response, "status", "reason"), at(response, "status", "code")) == ("BadRequest", 400)
    message = text_at(response, "status", "message")
    for words in ("CREATE or UPDATE", "resourceclaims, resourceclaimtemplates, deviceclasses", "v1, v1beta2, v1beta1"):
        assert words in message


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        (5, "spec"),
        ({"devices": []}, "spec.devices"),
        ({"devices": {"config": {}}}, "spec.devices.config"),
        ({"devices": {"config": ["x"]}}, "spec.devices.config[0]"),
        ({"devices": {"config": [{"opaque": 1}]}}, "spec.devices.config[0].opaque"),
        ({"devices": {"config": [{"opaque": {}}]}}, "spec.devices.config[0].opaque.driver"),
    ],
)
def test_what_is_not_as_the_api_declares_it_is_refused(spec: Json, field: str) -> None:
    claim: JsonObject = {**of_kind("resourceclaims", []), "spec": spec}
    assert _fields(_answer(review([], replaced={"object": claim}))) == [field]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'"\xff"', "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "apiVersion: expected"),
        (text({**review([]), "apiVersion": "admission.k8s.io/v1beta1"}), 'found "admission.k8s.io/v1beta1"'),
        (text({**review([]), "kind": "Review"}), "kind: expected"),
        (text({**review([]), "request": None}), "request.uid: expected"),
    ],
)
def test_a_body_that_is_no_review_has_no_answer(body: bytes, words: str) -> None:
    """Whoever serves it says so by HTTP (400)."""
    refused = respond(DRIVER, GpuProfile(), body).failure()
    assert words in "; ".join(each.sentence for each in refused)
