"""``NetConfig`` of ``net.resource.example.com/v1alpha1``: the opaque parameters of the profile ``net``.

    apiVersion: net.resource.example.com/v1alpha1
    kind: NetConfig
    bwBurst:                       # left out: no bursts
      ingressBurst: 10M            # bits, a quantity; none if left out
      egressBurst: 10M

Reading is strict: an unknown field is a fault.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from returns.result import Failure, Result, Success

from dra_core.refusal import Fault, Refusal, Refusals
from dra_core.snapshot.api_record import ApiRecord
from dra_core.snapshot.codec import decode
from dra_core.snapshot.first_use import make_ready
from dra_core.snapshot.json_value import Json, at
from dra_core.snapshot.quantity import parse, whole_value

NET_CONFIG_API_VERSION = "net.resource.example.com/v1alpha1"
NET_CONFIG_KIND = "NetConfig"

BURST_LIMIT_BITS = 8 * (2**32 - 1)
"""Linux' token bucket filter counts a burst in bytes, in 32 bits (tc-tbf(8))."""


class Burst(msgspec.Struct, frozen=True, kw_only=True):
    """Bits above the rate that may pass at once; 0: none."""

    ingress_bits: int = 0
    egress_bits: int = 0


class BandwidthBurst(ApiRecord, frozen=True, kw_only=True):
    """Both directions, as quantities."""

    ingress_burst: str | int | None = None
    egress_burst: str | int | None = None


class NetConfig(ApiRecord, frozen=True, kw_only=True):
    """The object as written by a user."""

    api_version: Literal["net.resource.example.com/v1alpha1"] = msgspec.field(name="apiVersion")
    kind: Literal["NetConfig"]
    bw_burst: BandwidthBurst | None = None


make_ready(NetConfig)


def read_net_config(parameters: Json) -> Result[Burst, Refusals]:
    """The bursts that the parameters ask for; or all their faults, with paths."""
    ingress, faults = _bits(parameters, "ingressBurst")
    egress, more = _bits(parameters, "egressBurst")
    decoded = decode(NetConfig, parameters)
    if isinstance(decoded, Failure):
        return Failure(decoded.failure() + faults + more)
    if faults or more:
        return Failure(faults + more)
    return Success(Burst(ingress_bits=ingress, egress_bits=egress))


def _bits(parameters: Json, field: str) -> tuple[int, Refusals]:
    """Looked for in the raw value, so that one wrong field hides no other fault."""
    written = at(parameters, "bwBurst", field)
    if not isinstance(written, str | int) or isinstance(written, bool):
        return 0, ()  # left out, or of a type that the codec refuses
    quantity = parse(str(written))
    if quantity is None:
        return 0, (_refusal("InvalidQuantity", field, f"{written!r} is no quantity", "write it as 10M, 1G or 500k"),)
    bits = whole_value(quantity)
    if not 0 <= bits < BURST_LIMIT_BITS:
        hint = "use at least 0 and less than 34359738360 (4 GiB, in bits)"
        return 0, (_refusal("InvalidBurst", field, f"a burst of {written} bits is not possible", hint),)
    return bits, ()


def _refusal(code: str, field: str, seen: str, hint: str) -> Refusal:
    return Refusal(code=code, fault=Fault.USER, path=f"bwBurst.{field}", seen=seen, hint=hint)
