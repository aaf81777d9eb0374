"""Which configuration holds for which device."""

from __future__ import annotations

import pytest
from dra_core.refusal import Fault
from dra_core.sharing import covers, entries_for, entry_for
from dra_core.snapshot.codec import decode
from dra_core.snapshot.json_value import JsonObject
from dra_core.snapshot.resource_claim import ResourceClaim

from tests.property.claims import DRIVER, claim, config, result


def allocated(*configs: JsonObject) -> ResourceClaim:
    return decode(ResourceClaim, claim("uid", [result("gpu-0")], configs)).unwrap()


def winner(request: str, *configs: JsonObject) -> object:
    entry = entry_for(entries_for(DRIVER, allocated(*configs)).entries, request)
    return entry.parameters if entry else None


def test_without_configuration_the_default_holds() -> None:
    assert winner("gpu") is None


def test_the_claim_wins_over_the_class_in_whatever_order_they_are_listed() -> None:
    assert winner("gpu", config(1, "FromClaim"), config(2, "FromClass")) == 1
    assert winner("gpu", config(1, "FromClass"), config(2, "FromClaim")) == 2


def test_of_equals_the_later_wins() -> None:
    assert winner("gpu", config(1), config(2)) == 2
    assert winner("gpu", config(1, "FromClass"), config(2, "FromClass")) == 2


def test_other_requests_and_other_drivers_do_not_matter() -> None:
    assert winner("gpu", config(1), config(2, requests=["other"]), config(3, driver="net.example.com")) == 1


@pytest.mark.parametrize(
    ("requests", "request_name", "holds"),
    [
        ([], "gpu", True),
        (["gpu"], "gpu", True),
        (["gpu"], "gpu/large", True),
        (["gpu/large"], "gpu/large", True),
        (["gpu/large"], "gpu/small", False),
        (["gpu/large"], "gpu", False),
        (["large"], "gpu/large", False),
        (["gp"], "gpu", False),
        (["other", "gpu"], "gpu/large", True),
    ],
)
def test_the_main_request_covers_its_subrequests(requests: list[str], request_name: str, holds: bool) -> None:
    assert covers(requests, request_name) is holds


def test_paths_lead_to_what_its_author_wrote() -> None:
    """Users know the spec of their claim; administrators are told about the class through the allocation."""
    other = config(0, driver="net.example.com")
    entries = entries_for(DRIVER, allocated(config(1, "FromClass"), other, config(2))).entries
    assert [(each.path, each.fault) for each in entries] == [
        ("status.allocation.devices.config[0].opaque.parameters", Fault.ADMINISTRATOR),
        ("spec.devices.config[1].opaque.parameters", Fault.USER),
    ]


def test_configuration_that_is_not_opaque_is_refused() -> None:
    value = claim("uid", [result("gpu-0")])
    value["status"] = {"allocation": {"devices": {"config": [{"source": "FromClass"}]}}}
    refusals = entries_for(DRIVER, decode(ResourceClaim, value).unwrap()).refusals
    assert [(each.code, each.path) for each in refusals] == [
        ("ConfigurationNotOpaque", "status.allocation.devices.config[0]")
    ]


def test_an_unallocated_claim_has_no_configuration() -> None:
    assert entries_for(DRIVER, decode(ResourceClaim, claim("uid", None)).unwrap()).entries == ()
