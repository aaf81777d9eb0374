"""Records and JSON: nothing is lost on the way, in either direction, and Go's habits do not matter."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from dra_core.snapshot.as_go_reads import as_go_reads, with_go_zeros
from dra_core.snapshot.codec import decode, decode_reporting, encode
from dra_core.snapshot.json_value import Json, list_at
from dra_core.snapshot.resource_claim import ResourceClaim
from dra_core.snapshot.resource_slice import ResourceSlice
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from returns.result import Failure

from tests.integration.oracle.questions import JsonDict, questions
from tests.integration.oracle.table import cases

TABLE = list(cases())
WIDE = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def records(question: JsonDict) -> Iterator[tuple[type[msgspec.Struct], Json]]:
    for item in list_at(question, "resourceSlices"):
        yield ResourceSlice, item
    for item in list_at(question, "claims"):
        yield ResourceClaim, item


@WIDE
@given(question=st.one_of(questions(), st.sampled_from(TABLE)))
def test_what_is_encoded_decodes_to_the_same(question: JsonDict) -> None:
    for kind, value in records(question):
        record = decode(kind, with_go_zeros(kind, value)).unwrap()
        assert decode(kind, encode(record)).unwrap() == record


@WIDE
@given(question=st.sampled_from(TABLE), data=st.data())
def test_null_is_as_good_as_absent(question: JsonDict, data: st.DataObject) -> None:
    for kind, value in records(question):
        with_nulls = _with_nulls(value, data)
        assert decode(kind, with_go_zeros(kind, with_nulls)) == decode(kind, with_go_zeros(kind, value))


def _with_nulls(value: Json, data: st.DataObject) -> Json:
    """The same, where records (not objects whose keys are names) say null for something more."""
    if isinstance(value, dict):
        added: JsonDict = {"taints": None, "count": None} if "name" in value and data.draw(st.booleans()) else {}
        return {**added, **{key: _with_nulls(item, data) for key, item in value.items()}}
    return [_with_nulls(item, data) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("written", "read"), [(1, "1"), (1.5, "1.5"), (2.0, "2"), (1e20, "1e+20"), (" 1Gi ", "1Gi"), (None, "0")]
)
def test_amounts_may_be_numbers(written: Json, read: str) -> None:
    request: JsonDict = {"deviceClassName": "c", "capacity": {"requests": {"memory": written}}}
    claim: JsonDict = {
        "metadata": {"name": "c"},
        "spec": {"devices": {"requests": [{"name": "r", "exactly": request}]}},
    }
    decoded = decode(ResourceClaim, as_go_reads(ResourceClaim, claim)).unwrap()
    exactly = decoded.spec.devices.requests[0].exactly
    assert exactly is not None
    assert exactly.capacity is not None
    assert exactly.capacity.requests == {"memory": read}


@pytest.mark.parametrize(
    ("field", "value"), [("count", 2**63), ("count", -(2**63) - 1), ("count", "1"), ("count", True)]
)
def test_a_number_that_go_would_not_read_is_refused_where_it_stands(field: str, value: Json) -> None:
    request: JsonDict = {"name": "r", "exactly": {"deviceClassName": "c", field: value}}
    claim: JsonDict = {"metadata": {"name": "c"}, "spec": {"devices": {"requests": [request]}}}
    refused = decode_reporting(ResourceClaim, with_go_zeros(ResourceClaim, claim))
    assert isinstance(refused, Failure)
    assert [fault.path for fault in refused.failure()] == ["spec.devices.requests[0].exactly.count"]


def test_what_belongs_to_drivers_is_passed_on_as_it_is() -> None:
    parameters: JsonDict = {"count": None, "requests": {"cpu": 1}, "capacity": {"memory": 2}}
    config: JsonDict = {"opaque": {"driver": "d", "parameters": parameters}}
    claim: JsonDict = {"metadata": {"name": "c"}, "spec": {"devices": {"config": [config]}}}
    read = decode(ResourceClaim, with_go_zeros(ResourceClaim, claim)).unwrap()
    opaque = read.spec.devices.config[0].opaque
    assert opaque is not None
    assert opaque.parameters == parameters
