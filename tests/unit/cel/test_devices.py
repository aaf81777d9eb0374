"""What expressions see of a device."""

from __future__ import annotations

import msgspec
import pytest
from dra_core.cel.because import because
from dra_core.cel.environment import Environment, of_version
from dra_core.cel.expression import Fault, compile_derived
from dra_core.snapshot.device import Device, DeviceAttribute

from tests.unit.cel.sample import DRIVER, GPU, asked, compiled, refused


@pytest.mark.parametrize(
    "expression",
    [
        "device.driver == 'gpu.example.com'",
        "!device.allowMultipleAllocations",
        "device.attributes['gpu.example.com'].model == 'A100'",
        "device.attributes['gpu.example.com'].index == 3",
        "device.attributes['gpu.example.com'].healthy",
        "device.attributes['gpu.example.com'].driverVersion.isGreaterThan(semver('1.2.0'))",
        "device.attributes['gpu.example.com'].links.exists(link, link == 2)",
        "device.attributes['pci.example.org'].root.startsWith('pci')",
        "device.capacity['gpu.example.com'].memory.compareTo(quantity('81920Mi')) == 0",
        "device.attributes[device.driver].model == 'A100'",
    ],
)
def test_names_without_domain_are_the_drivers(expression: str) -> None:
    assert asked(expression) is True


def test_an_unknown_domain_is_an_empty_map() -> None:
    assert asked("device.attributes['nobody.example.com'].size() == 0") is True
    assert asked("'model' in device.attributes['nobody.example.com']") is False
    assert asked("'nobody.example.com' in device.attributes") is False, "but it is not there"


def test_a_missing_name_is_a_failure_unless_something_absorbs_it() -> None:
    assert asked("device.attributes['gpu.example.com'].missing == 1") == "no such key: missing"
    assert asked("device.attributes['nobody.example.com'].missing == 1") == "no such key: missing"
    assert asked("device.attributes['gpu.example.com'].missing == 1 || device.driver == 'gpu.example.com'") is True
    assert asked("has(device.attributes['gpu.example.com'].missing)") is False
    assert asked("device.attributes['gpu.example.com'].?missing.orValue(7) == 7") is True


def test_a_broken_attribute_spoils_every_expression() -> None:
    broken = msgspec.structs.replace(GPU, attributes={**GPU.attributes, "v": DeviceAttribute(version_value="1")})
    empty = Device(name="x", attributes={"nothing": DeviceAttribute()})
    assert asked("true", broken) == "attribute v: parse semantic version: No Major.Minor.Patch elements found"
    assert asked("true", empty) == "attribute nothing: unsupported attribute value"


def test_a_result_that_is_no_truth_is_told_beforehand_or_on_the_device() -> None:
    assert refused("device.driver") == "must evaluate to bool or the unknown type, not string"
    assert asked("device.attributes['gpu.example.com'].model") == (
        "CEL result of type string could not be converted to bool: unsupported native conversion from string to 'bool'"
    )


def test_versions_know_different_functions() -> None:
    shared, includes = "device.allowMultipleAllocations", "device.driver.includes('a')"
    assert refused(shared, of_version("1.34", stored=False)) == (
        f"compilation failed: ERROR: <input>:1:7: undefined field 'allowMultipleAllocations'\n | {shared}\n | ......^"
    )
    assert refused(shared, of_version("1.34")) == ""
    assert refused(includes, Environment(minor=37)) == ""
    assert "undeclared reference to 'includes'" in refused(includes, of_version("1.34"))


@pytest.mark.parametrize(
    ("expression", "seen"),
    [
        ("device.attributes['gpu.example.com'].model == 'H100'", 'gpu.example.com/model is "A100"'),
        (
            "device.driver != '' && device.capacity['gpu.example.com'].memory.isLessThan(quantity('1Gi'))",
            "gpu.example.com/memory is 80Gi",
        ),
        ("device.driver == 'x'", "its driver is gpu.example.com"),
        ("has(device.attributes[device.driver].rack)", "the device has no gpu.example.com/rack"),
        ("device.attributes['gpu.example.com'].links.exists(link, link > 5)", "gpu.example.com/links is [1, 2, 3]"),
        ("device.allowMultipleAllocations", "it may not be allocated several times"),
        ("true", ""),
        ("false", ""),
    ],
)
def test_what_made_it_false_is_named(expression: str, seen: str) -> None:
    assert because(compiled(expression), DRIVER, GPU) == seen


def test_derived_attributes_keep_their_type() -> None:
    def derived(expression: str) -> DeviceAttribute | str:
        found = compile_derived(expression, Environment())
        made = found if isinstance(found, Fault) else found.attribute(DRIVER, GPU)
        return made.text if isinstance(made, Fault) else made

    assert derived("device.attributes['gpu.example.com'].index + 1") == DeviceAttribute(int_value=4)
    assert derived("['a', device.driver]") == DeviceAttribute(strings_value=("a", DRIVER))
    assert derived("semver('1.0.0')") == DeviceAttribute(version_value="1.0.0")
    assert derived("dyn(quantity('1'))") == "unsupported CEL return type: *resource.Quantity"
    assert derived("1.5").endswith("or a list of these scalars, not double")  # type: ignore[union-attr] # a text
