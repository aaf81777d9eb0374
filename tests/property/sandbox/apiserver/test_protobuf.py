"""Protobuf is read as what Go's clients wrote."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
import pytest
from dra_core.snapshot.json_value import Json, JsonObject
from dra_sandbox.apiserver.protobuf import MAGIC, UnreadableError, decoded, messages
from dra_sandbox.world.times import moment_of
from hypothesis import given
from hypothesis import strategies as st

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def field(number: int, data: bytes | int) -> bytes:
    if isinstance(data, int):
        return varint(number << 3) + varint(data)
    return varint(number << 3 | 2) + varint(len(data)) + data


def wire(kind: str, value: Json) -> bytes | int:
    """A value as Go's generated code marshals it."""
    match kind, value:
        case "s", str():
            return value.encode()
        case "i" | "b", int():
            return int(value)
        case "y", str():
            return base64.b64decode(value)
        case "q", str():
            return field(1, value.encode())
        case "x", str():
            return field(1, 1) + field(2, 0) + field(3, value.encode())
        case "x", int():
            return field(1, 0) + field(2, value) + field(3, b"")
        case "t" | "T", str():
            moment = moment_of(value)
            assert moment is not None
            since = moment - EPOCH
            return field(1, since.days * 86400 + since.seconds) + field(2, since.microseconds * 1000)
        case "r", _:
            return field(1, msgspec.json.encode(value))
        case _, Mapping():
            return message(kind, value)
        case other:
            raise AssertionError(other)


def message(name: str, value: JsonObject) -> bytes:
    out = b""
    for number, known in messages()[name].items():
        if not known.name:
            out += field(number, message(known.type, value))
        elif known.name in value:
            item = value[known.name]
            if known.type.startswith("[") and isinstance(item, list):
                out += b"".join(field(number, wire(known.type[1:-1], one)) for one in item)
            elif known.type.startswith("<") and isinstance(item, Mapping):
                for key, one in item.items():
                    out += field(number, field(1, key.encode()) + field(2, wire(known.type[1:-1], one)))
            else:
                out += field(number, wire(known.type, item))
        elif not known.pointer and known.type in ("s", "i", "b"):
            out += field(number, b"" if known.type == "s" else 0)  # zero values are sent, too
    return out


def envelope(value: JsonObject, name: str) -> bytes:
    kinds = field(1, str(value["apiVersion"]).encode()) + field(2, str(value["kind"]).encode())
    return MAGIC + field(1, kinds) + field(2, message(name, value)) + field(3, b"") + field(4, b"")


texts = st.text(alphabet="aä/=", min_size=1, max_size=5)
labels = st.dictionaries(texts, texts, min_size=1, max_size=3)
times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(
    lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ")
)
numbers = st.integers(-(2**31), 2**31 - 1).filter(bool)
pods = st.fixed_dictionaries(
    {
        "apiVersion": st.just("v1"),
        "kind": st.just("Pod"),
        "metadata": st.fixed_dictionaries(
            {"name": texts, "labels": labels, "creationTimestamp": times, "generation": numbers}
        ),
        "spec": st.fixed_dictionaries(
            {
                "containers": st.lists(
                    st.fixed_dictionaries(
                        {
                            "name": texts,
                            "args": st.lists(texts, min_size=1, max_size=2),
                            "resources": st.fixed_dictionaries(
                                {"limits": st.dictionaries(texts, st.sampled_from(("1", "5Gi")), min_size=1)}
                            ),
                            "livenessProbe": st.fixed_dictionaries(
                                {"httpGet": st.fixed_dictionaries({"port": st.one_of(texts, st.integers(1, 9))})}
                            ),
                            "env": st.just([{"name": "N", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]),
                        }
                    ),
                    min_size=1,
                    max_size=2,
                ),
                "volumes": st.just([{"name": "v", "emptyDir": {}}]),
                "terminationGracePeriodSeconds": st.integers(0, 9),
                "hostUsers": st.booleans(),
            }
        ),
    }
)


@given(pods)
def test_a_pod_is_read_as_it_was_written(pod: JsonObject) -> None:
    assert decoded(envelope(pod, "Pod")) == pod


@given(st.dictionaries(texts, st.integers(-9, 9), max_size=3), st.booleans())
def test_a_claim_with_opaque_parameters_is_read_as_it_was_written(parameters: JsonObject, all_nodes: bool) -> None:
    config: Json = [{"requests": ["gpu"], "opaque": {"driver": "d", "parameters": parameters}}]
    claim: JsonObject = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": "x"},
        "spec": {"devices": {"config": config}},
    }
    assert decoded(envelope(claim, "ResourceClaim")) == claim
    device: JsonObject = {"name": "d", "attributes": {"a": {"bool": all_nodes}, "b": {"int": 0}}}
    published: JsonObject = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": "x"},
        "spec": {"driver": "d", "allNodes": all_nodes, "devices": [device]},
    }
    assert decoded(envelope(published, "ResourceSlice")) == published


@given(st.binary(max_size=40))
def test_bytes_that_are_something_else_are_refused_and_nothing_worse(data: bytes) -> None:
    for whole in (data, MAGIC + data, MAGIC + field(1, field(1, b"v1") + field(2, b"Pod")) + field(2, data)):
        try:
            decoded(whole)
        except UnreadableError:
            continue


def test_a_field_of_tomorrow_is_refused_not_dropped() -> None:
    tomorrow = MAGIC + field(1, field(1, b"v1") + field(2, b"ConfigMap")) + field(2, field(99, b"new"))
    with pytest.raises(UnreadableError, match="field 99 of ConfigMap is not known here; send JSON"):
        decoded(tomorrow)
    with pytest.raises(UnreadableError, match=r"Widget of example\.com/v1 is not known"):
        decoded(MAGIC + field(1, field(1, b"example.com/v1") + field(2, b"Widget")))
