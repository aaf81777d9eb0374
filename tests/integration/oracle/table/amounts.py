"""What a share consumes under each policy."""

from __future__ import annotations

from collections.abc import Mapping

from dra_core.snapshot.json_value import Json

from tests.integration.oracle.questions import JsonDict
from tests.integration.oracle.table.building import claim, device, memory, part, question, shared, want


def _sharing(policy: JsonDict | None, amount: Json, value: str = "8Gi") -> JsonDict:
    """One request for one device whose memory has a policy."""
    wanted = want() if amount is None else want(capacity=memory(amount))
    return question([part([device("d0", **shared(value, policy))])], claim(wanted))


_DEFAULT: JsonDict = {"default": "2Gi"}
VALUES: JsonDict = {"default": "2Gi", "validValues": ["1Gi", "2Gi", "4Gi"]}
_RANGE: JsonDict = {"default": "2Gi", "validRange": {"min": "1Gi", "max": "4Gi"}}
_STEPS: JsonDict = {"default": "2Gi", "validRange": {"min": "1Gi", "max": "7Gi", "step": "2Gi"}}
_FRACTIONS: JsonDict = {"default": "1", "validRange": {"min": "500m", "max": "3", "step": "250m"}}
_POLICIES: Mapping[str, tuple[JsonDict | None, tuple[Json, ...], str]] = {
    "none": (None, (None, "0", "1Gi", "8Gi", "9Gi", "1500Mi", "-1", "1", 1073741824), "8Gi"),
    "default": (_DEFAULT, (None, "1Gi", "9Gi"), "8Gi"),
    "default-above-value": ({"default": "9Gi"}, (None, "1Gi"), "8Gi"),
    "values": (VALUES, (None, "0", "1Gi", "1500Mi", "3Gi", "4Gi", "5Gi", "2048Mi"), "8Gi"),
    "values-above-value": (VALUES, ("3Gi", "2Gi"), "3Gi"),
    "values-unsorted": ({"default": "2Gi", "validValues": ["4Gi", "1Gi", "2Gi"]}, ("1500Mi", "3Gi"), "8Gi"),
    "range": (_RANGE, (None, "0", "512Mi", "1Gi", "3Gi", "4Gi", "5Gi"), "8Gi"),
    "steps": (_STEPS, (None, "1Gi", "2Gi", "3Gi", "3500Mi", "6Gi", "7Gi", "8Gi"), "8Gi"),
    "steps-default-off-the-grid": (
        {"default": "2500Mi", "validRange": {"min": "1Gi", "step": "1Gi"}},
        (None, "2500Mi"),
        "8Gi",
    ),
    "steps-without-end": (
        {"default": "1Gi", "validRange": {"min": "1Gi", "step": "3Gi"}},
        ("5Gi", "7Gi", "8Gi"),
        "8Gi",
    ),
    "range-without-min": ({"default": "1Gi", "validRange": {"max": "4Gi"}}, (None, "1Gi", "5Gi"), "8Gi"),
    "fractions": (_FRACTIONS, (None, "100m", "600m", "750m", "1", "1300m", "2900m", "3", "3001m", "1u"), "4"),
    "fractions-of-whole-steps": (
        {"default": "1", "validRange": {"min": "1", "step": "1"}},
        ("1500m", "2", "500m"),
        "4",
    ),
    "step-below-a-thousandth": ({"default": "1", "validRange": {"min": "0", "step": "100u"}}, ("1500m", "1"), "4"),
    "values-and-range": ({**VALUES, "validRange": {"min": "3Gi"}}, ("1Gi", "3Gi"), "8Gi"),
    "empty": ({}, (None, "1Gi"), "8Gi"),
    "no-value": (None, (None, "1"), "0"),
    "negative-value": (None, (None, "1", "0"), "-1"),
    "large": (None, ("9223372036854775807", "9223372036854775808", "1e30"), "1e20"),
    "large-steps": (
        {"default": "1", "validRange": {"min": "1", "step": "3"}},
        ("9223372036854775807", "9223372036854775806", "1e30"),
        "1e20",
    ),
    "step-of-all": ({"default": "1", "validRange": {"min": "1", "step": "9223372036854775807"}}, ("2", "1"), "1e20"),
    "fraction-of-all": (
        {"default": "1", "validRange": {"min": "1m", "step": "9223372036854775807m"}},
        ("2m", "1m"),
        "1e20",
    ),
    "default-below-a-thousandth": ({"default": "1500u", "validRange": {"min": "0", "step": "1m"}}, (None,), "4"),
    "large-fractions": (
        {"default": "1", "validRange": {"min": "1m", "step": "3m"}},
        ("9223372036854775807", "9223372036854775", "1e30"),
        "1e20",
    ),
}


CASES: Mapping[str, JsonDict] = {
    **{
        f"capacity/{name}/{'nothing' if amount is None else amount}": _sharing(policy, amount, value)
        for name, (policy, amounts, value) in _POLICIES.items()
        for amount in amounts
    },
}
