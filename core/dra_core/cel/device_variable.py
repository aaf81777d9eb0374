"""The variable ``device`` (k8s.io/dynamic-resource-allocation/cel: DeviceMatches)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from dra_core.cel.values import Amount, Domains, EvaluationError, Value
from dra_core.snapshot import semantic_version
from dra_core.snapshot.device import Device, DeviceAttribute
from dra_core.snapshot.quantity import Quantity, parse
from dra_core.snapshot.semantic_version import SemanticVersion


def device_variable(driver: str, device: Device) -> dict[Value, Value]:
    """The object that expressions see.

    Raises:
        EvaluationError: An attribute has no value, or a version that is none; whether it is read or not.
    """
    return {
        "driver": driver,
        "allowMultipleAllocations": bool(device.allow_multiple_allocations),
        "attributes": _attributes(driver, device.attributes),
        "capacity": _capacity(driver, device),
    }


def attribute_fault(attributes: Mapping[str, DeviceAttribute]) -> str:
    """Why no expression can be evaluated on a device with these attributes; "" if all are in order."""
    for name, attribute in attributes.items():
        try:
            attribute_value(attribute)
        except EvaluationError as error:
            return f"attribute {name}: {error.text}"
    return ""


def attribute_value(attribute: DeviceAttribute) -> Value:
    """The value; lists before single values, as the scheduler looks.

    Raises:
        EvaluationError: There is no value, or a version is none.
    """
    if attribute.ints_value is not None:
        return [*attribute.ints_value]
    if attribute.bools_value is not None:
        return [*attribute.bools_value]
    if attribute.strings_value is not None:
        return [*attribute.strings_value]
    if attribute.versions_value is not None:
        return [version_value(text) for text in attribute.versions_value]
    if attribute.int_value is not None:
        return attribute.int_value
    if attribute.bool_value is not None:
        return attribute.bool_value
    if attribute.string_value is not None:
        return attribute.string_value
    if attribute.version_value is not None:
        return version_value(attribute.version_value)
    raise EvaluationError("unsupported attribute value")


@lru_cache(maxsize=4096)
def _parsed_version(text: str) -> SemanticVersion | str:
    return semantic_version.parse(text)


def version_value(text: str) -> SemanticVersion:
    """The version; the same text is parsed once.

    Raises:
        EvaluationError: The text is no version.
    """
    found = _parsed_version(text)
    if isinstance(found, str):
        raise EvaluationError(f"parse semantic version: {found}")
    return found


@lru_cache(maxsize=4096)
def amount_value(text: str) -> Amount:
    """The quantity; 0 for a text that is none, as an inventory reads it."""
    return Amount(parse(text) or Quantity(0))


def split_name(name: str, driver: str) -> tuple[str, str]:
    """Domain and identifier; a name without domain is of the driver's."""
    domain, slash, identifier = name.partition("/")
    return (domain, identifier) if slash else (driver, name)


def _attributes(driver: str, attributes: Mapping[str, DeviceAttribute]) -> Value:
    found = Domains()
    for full_name, attribute in attributes.items():
        try:
            value = attribute_value(attribute)
        except EvaluationError as error:
            raise EvaluationError(f"attribute {full_name}: {error.text}") from None
        domain, name = split_name(full_name, driver)
        found.of(domain)[name] = value
    return found


def _capacity(driver: str, device: Device) -> Value:
    found = Domains()
    for full_name, capacity in device.capacity.items():
        domain, name = split_name(full_name, driver)
        found.of(domain)[name] = amount_value(capacity.value)
    return found
