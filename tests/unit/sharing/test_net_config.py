"""``NetConfig``: what a user may write, and what is said about the rest."""

from __future__ import annotations

import pytest
from dra_core.refusal import Refusals
from dra_core.sharing.net_config import BURST_LIMIT_BITS, Burst, read_net_config
from dra_core.snapshot.json_value import Json, JsonObject
from hypothesis import given
from hypothesis import strategies as st

HEAD: JsonObject = {"apiVersion": "net.resource.example.com/v1alpha1", "kind": "NetConfig"}


def read(burst: Json) -> Burst:
    return read_net_config({**HEAD, "bwBurst": burst}).unwrap()


def faults(parameters: Json) -> Refusals:
    return read_net_config(parameters).failure()


def test_what_is_left_out_is_no_burst() -> None:
    assert read_net_config(HEAD).unwrap() == Burst()
    assert read({}) == Burst()
    assert read({"ingressBurst": "10M"}) == Burst(ingress_bits=10_000_000)


def test_amounts_are_quantities_in_bits() -> None:
    assert read({"ingressBurst": "1Ki", "egressBurst": 8}) == Burst(ingress_bits=1024, egress_bits=8)


@pytest.mark.parametrize(
    ("written", "code"), [("ten", "InvalidQuantity"), ("-1", "InvalidBurst"), ("40Gi", "InvalidBurst")]
)
def test_what_is_not_possible_is_refused_with_its_place(written: str, code: str) -> None:
    (fault,) = faults({**HEAD, "bwBurst": {"egressBurst": written}})
    assert (fault.code, fault.path) == (code, "bwBurst.egressBurst")


def test_all_faults_come_at_once() -> None:
    found = faults({**HEAD, "kind": "NetCnfig", "bwBurst": {"ingressBurst": "x", "egressBurst": True, "extra": 1}})
    assert {fault.path for fault in found} == {"kind", "bwBurst.ingressBurst", "bwBurst.egressBurst", "bwBurst.extra"}


@given(st.integers(0, BURST_LIMIT_BITS - 1))
def test_every_burst_that_the_kernel_can_count_is_taken(bits: int) -> None:
    assert read({"ingressBurst": str(bits)}).ingress_bits == bits


def test_the_first_burst_that_it_cannot_count_is_refused() -> None:
    assert faults({**HEAD, "bwBurst": {"ingressBurst": str(BURST_LIMIT_BITS)}})[0].code == "InvalidBurst"
