"""The values' schema: what a user may set, and that a slip is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import yaml
from dra_core.snapshot.json_value import Json, JsonObject, at, object_at

CHART = Path(__file__).parents[3] / "helm" / "dra-example-driver"


@pytest.fixture(scope="module")
def schema() -> JsonObject:
    loaded = json.loads((CHART / "values.schema.json").read_text())
    assert isinstance(loaded, dict)
    return loaded


@pytest.fixture(scope="module")
def values() -> JsonObject:
    loaded = yaml.safe_load((CHART / "values.yaml").read_text())
    assert isinstance(loaded, dict)
    return loaded


def _with(values: JsonObject, path: str, value: Json) -> JsonObject:
    key, _, rest = path.partition(".")
    return {**values, key: _with(object_at(values, key), rest, value) if rest else value}


def test_schema_is_one_and_the_defaults_fit(schema: JsonObject, values: JsonObject) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(values, schema, jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("kubeletplugin", {}),
        ("kubeletPlugin.numDevice", 8),
        ("kubeletPlugin.numDevices", "8"),
        ("kubeletPlugin.numDevices", -1),
        ("kubeletPlugin.gpuPartitions", -1),
        ("kubeletPlugin.gpuAllowMultipleAllocations", "yes"),
        ("kubeletPlugin.bindingConditions", 1),
        ("kubeletPlugin.cdiDirectoryPath", "var/run/cdi"),
        ("kubeletPlugin.healthcheckPort", 65536),
        ("kubeletPlugin.metricsPort", -2),
        ("kubeletPlugin.logLevel", "trace"),
        ("kubeletPlugin.updateStrategy", "RollingUpdate"),
        ("controller.replicas", -1),
        ("controller.replica", 2),
        ("controller.workers", 0),
        ("controller.bindingConditions", "yes"),
        ("controller.httpPort", 65536),
        ("webhook.enabled", "true"),
        ("webhook.enable", True),
        ("webhook.replicas", 0),
        ("webhook.failurePolicy", "Warn"),
        ("webhook.timeoutSeconds", 31),
        ("webhook.certificateFrom", "letsencrypt"),
        ("webhook.caBundle", "-----BEGIN CERTIFICATE-----"),
        ("webhook.containerPort", 0),
        ("apiGeneration", "v1alpha2"),
        ("image.repository", ""),
        ("image.pullPolicy", "Sometimes"),
        ("imagePullSecrets", ["name"]),
        ("deviceProfile", "tpu"),
        ("driverName", "GPU.example.com"),
        ("driverName", "x" * 64),
        ("admissionPolicy.enabled", "true"),
        ("serviceAccount.create", None),
    ],
)
def test_slips_are_refused(schema: JsonObject, values: JsonObject, path: str, value: Json) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(_with(values, path, value), schema, jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("driverName", "gpu.vendor.example"),
        ("driverName", "x" * 63),
        ("kubeletPlugin.healthcheckPort", -1),
        ("kubeletPlugin.numDevices", 0),
        ("controller.replicas", 0),
        ("webhook.certificateFrom", "cert-manager"),
        ("webhook.certificateIssuer", {"name": "ours", "kind": "ClusterIssuer"}),
        ("webhook.caBundle", "LS0tLS1CRUdJTg=="),
        ("apiGeneration", "classic"),
        ("imagePullSecrets", [{"name": "registry"}]),
        ("kubeletPlugin.tolerations", [{"operator": "Exists"}]),
        ("global", {"shared": "by all charts"}),
    ],
)
def test_sensible_values_are_taken(schema: JsonObject, values: JsonObject, path: str, value: Json) -> None:
    jsonschema.validate(_with(values, path, value), schema, jsonschema.Draft202012Validator)


def test_schema_and_values_know_the_same_keys(schema: JsonObject, values: JsonObject) -> None:
    """``global`` is helm's own, set by parent charts."""
    assert set(_schema_paths(schema)) - {"global"} == set(_value_paths(values, schema))


def test_each_value_has_a_comment() -> None:
    """A person reads values.yaml first. Groups speak for themselves; below two levels the keys are Kubernetes' own."""
    lines = (CHART / "values.yaml").read_text().splitlines()
    keys = [(number, line) for number, line in enumerate(lines) if re.match(r"(  )?[a-zA-Z]+:", line)]
    groups = {line for number, line in keys if not line.startswith(" ") and line.endswith(":")}
    uncommented = [
        line for number, line in keys if line not in groups and not lines[number - 1].lstrip().startswith("#")
    ]
    assert uncommented == []


def _schema_paths(schema: JsonObject, prefix: str = "") -> Iterator[str]:
    for name in object_at(schema, "properties"):
        inner = object_at(schema, "properties", name)
        yield prefix + name
        yield from _schema_paths(inner, f"{prefix}{name}.")


def _value_paths(values: JsonObject, schema: JsonObject, prefix: str = "") -> Iterator[str]:
    for name, value in values.items():
        yield prefix + name
        inner = object_at(schema, "properties", name)
        if isinstance(value, dict) and at(inner, "properties") is not None:
            yield from _value_paths(value, inner, f"{prefix}{name}.")
