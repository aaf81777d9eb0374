"""The plugin's part of a modern NodeAllocationState: one patch says what is prepared, and says nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from dra_core.nodestate import PoolAndDevice, prepared_claims_patch
from dra_core.snapshot.json_value import Json, JsonObject, list_at, object_at, text_at
from hypothesis import given
from hypothesis import strategies as st

from tests.property.negotiation.classic_api import merge

devices = st.tuples(st.sampled_from(["node-1", "other"]), st.sampled_from(["gpu-0", "gpu-1"]))
prepared_claims = st.dictionaries(st.sampled_from(["uid-1", "uid-2", "uid-3"]), st.lists(devices, max_size=2))
entries: st.SearchStrategy[JsonObject] = st.dictionaries(
    st.sampled_from(["uid-1", "uid-2", "uid-9"]),
    st.sampled_from(
        [{"gpu": {"devices": [{"uuid": "GPU-1"}]}}, {"devices": []}, {"devices": [{"pool": "p", "device": "d"}]}]
    ),
)


@given(entries, prepared_claims)
def test_after_one_patch_exactly_what_is_prepared_is_told(
    before: JsonObject, prepared: Mapping[str, list[PoolAndDevice]]
) -> None:
    """Whatever stood there, in whatever shape; and a second patch is not needed."""
    others: dict[str, Json] = {"allocatedClaims": {"uid-1": {}}, "counts": {"devices": 2}}
    found: JsonObject = {"metadata": {"uid": "u"}, "spec": {**others, "preparedClaims": before}, "status": "Ready"}
    patch = prepared_claims_patch(found, prepared)
    after = merge(dict(found), patch) if patch is not None else found
    told = {
        uid: [(text_at(each, "pool"), text_at(each, "device")) for each in list_at(entry, "devices")]
        for uid, entry in object_at(after, "spec", "preparedClaims").items()
    }
    assert told == dict(prepared)
    assert all(set(object_at(entry)) == {"devices"} for entry in object_at(after, "spec", "preparedClaims").values())
    assert isinstance(after, dict)
    assert prepared_claims_patch(after, prepared) is None
    assert {**object_at(after, "spec"), "preparedClaims": None} == {**object_at(found, "spec"), "preparedClaims": None}
    assert after["status"] == "Ready"
    assert patch is None or list(object_at(patch, "spec")) == ["preparedClaims"]


def test_without_prepared_claims_the_field_is_gone() -> None:
    found: JsonObject = {"metadata": {"uid": "u"}, "spec": {"preparedClaims": {"uid-1": {"devices": []}}}}
    assert prepared_claims_patch(found, {}) == {"metadata": {"uid": "u"}, "spec": {"preparedClaims": None}}
