"""News come late, more than once, and in lists that were read long ago: the newest of each object is what is known."""

from __future__ import annotations

from dra_core.allocation.cel_language import CelLanguage
from dra_core.allocation.selectors import Questions
from dra_core.negotiation import ClassicCluster, forgetting, knowing, knowing_all
from dra_core.snapshot.json_value import JsonObject
from hypothesis import given
from hypothesis import strategies as st

NAME = ("default", "claim")
EMPTY = ClassicCluster(driver_name="d", questions=Questions(CelLanguage()))


def claim(version: int) -> JsonObject:
    meta: JsonObject = {"namespace": NAME[0], "name": NAME[1], "uid": "u", "resourceVersion": str(version)}
    return {"metadata": meta, "spec": {"resourceClassName": "class"}}


@given(st.lists(st.integers(1, 20), min_size=1))
def test_of_news_in_any_order_the_newest_counts(versions: list[int]) -> None:
    known = EMPTY
    for version in versions:
        known = knowing(known, "ResourceClaim", claim(version))
    assert known.claims[NAME].version == max(versions)


@given(st.integers(1, 20), st.integers(1, 20), st.booleans())
def test_a_list_of_an_older_version_takes_nothing_away_that_is_newer(version: int, listed: int, there: bool) -> None:
    known = knowing(EMPTY, "ResourceClaim", claim(version))
    values = [claim(min(version, listed))] if there else []
    after = knowing_all(known, "ResourceClaim", values, str(listed))
    assert (NAME in after.claims) == (there or version > listed)
    if NAME in after.claims:
        assert after.claims[NAME].version == version


def test_a_list_of_now_takes_away_what_is_not_in_it() -> None:
    known = knowing(EMPTY, "ResourceClaim", claim(7))
    assert NAME not in knowing_all(known, "ResourceClaim", []).claims
    assert NAME not in forgetting(known, "ResourceClaim", NAME).claims
