"""The admission webhook, as users meet it: what it refuses, and what does not depend on it.

All by server-side dry-run, where the API server does all but store: it asks webhooks too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus

import pytest
from dra_core.snapshot.json_value import JsonObject, list_at, object_at, text_at
from local_cluster.api import ApiError

from tests.e2e.objects import RESOURCE, claim, collection, gpu_config, request, template
from tests.e2e.world import SECOND_NAMESPACE, SECOND_RELEASE, World, eventually

ADMITTED = "admitted.example.com"
WEBHOOK = f"opaque-parameters.webhook.{ADMITTED}"
DEPLOYMENT = f"/apis/apps/v1/namespaces/{SECOND_NAMESPACE}/deployments/{SECOND_RELEASE}-dra-example-driver-webhook"
CERTIFICATE = f"/api/v1/namespaces/{SECOND_NAMESPACE}/secrets/{SECOND_RELEASE}-dra-example-driver-webhook-certificate"
PODS = f"/api/v1/namespaces/{SECOND_NAMESPACE}/pods?labelSelector=app.kubernetes.io/component=webhook"
# A slow machine is none that does not answer.
VALUES = ("webhook.enabled=true", "webhook.timeoutSeconds=20")
MERGE = "application/merge-patch+json"
FIELD = "config[0].opaque.parameters.sharing.timeSlicingConfig.interval"


def _config(interval: str, driver: str = ADMITTED) -> JsonObject:
    sharing: JsonObject = {"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": interval}}
    return gpu_config({"sharing": sharing}, driver=driver)


def _claim(config: JsonObject) -> JsonObject:
    return claim("default", "some", request("gpu", ADMITTED), config=[config])


def _template(config: JsonObject) -> JsonObject:
    return template("default", "some", request("gpu", ADMITTED), config=[config])


def _older_claim(config: JsonObject) -> JsonObject:
    """In v1beta1 a request has its fields without `exactly`."""
    devices: JsonObject = {"requests": [{"name": "gpu", "deviceClassName": ADMITTED}], "config": [config]}
    return {**_claim(config), "apiVersion": "resource.k8s.io/v1beta1", "spec": {"devices": devices}}


def _class(config: JsonObject) -> JsonObject:
    """Classes have configurations for all requests."""
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "DeviceClass",
        "metadata": {"name": f"shared.{ADMITTED}"},
        "spec": {"config": [{"opaque": config["opaque"]}]},
    }


KINDS: dict[str, tuple[Callable[[JsonObject], JsonObject], str]] = {
    "claim": (_claim, "spec.devices."),
    "claim of v1beta1": (_older_claim, "spec.devices."),
    "template": (_template, "spec.spec.devices."),
    "class": (_class, "spec."),
}
"""By name: how to make one with a configuration, and where that is."""


@pytest.fixture(scope="module", autouse=True)
def admitting(world: World) -> Iterator[None]:
    """A driver with its webhook, which the API server knows and reaches."""
    with world.second_release(ADMITTED, *VALUES):
        _wait_until_asked(world)
        yield


def _wait_until_asked(world: World) -> None:
    """The API server learns of the webhook, and of its pods' addresses, a moment after they are there."""
    eventually("a refusal by the webhook", lambda: "denied the request" in _refusal(world, _claim(_config("Wrong"))))


def _refusal(world: World, value: JsonObject) -> str:
    """What is said to somebody who creates it; "" if nothing is. Nothing is created.

    Raises:
        ApiError: The API server could not say, e.g. because the webhook does not answer.
    """
    resource = RESOURCE.rpartition("/")[0] + "/" + text_at(value, "apiVersion").partition("/")[2]
    path = collection(text_at(value, "kind"), text_at(value, "metadata", "namespace"), resource)
    try:
        world.api.call("POST", f"{path}?dryRun=All", value)
    except ApiError as error:
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        return error.message
    return ""


def _is_out_of_reach(world: World, value: JsonObject) -> bool:
    """Whether creating it is refused because the webhook does not answer."""
    try:
        return f'failed calling webhook "{WEBHOOK}"' in _refusal(world, value)
    except ApiError as error:
        return f'failed calling webhook "{WEBHOOK}"' in error.message


@contextmanager
def _without_webhook(world: World) -> Iterator[None]:
    """The webhook's configuration is there, and nobody who answers."""
    world.api.merge(DEPLOYMENT, {"spec": {"replicas": 0}})
    try:
        # Until its pod is gone, the API server may still have a connection to it.
        eventually("the end of the webhook", lambda: not world.listed(PODS))
        eventually("calls that fail", lambda: _is_out_of_reach(world, _claim(_config("Long"))))
        yield
    finally:
        world.api.merge(DEPLOYMENT, {"spec": {"replicas": 1}})
        _wait_until_asked(world)


@pytest.mark.parametrize(("make", "place"), KINDS.values(), ids=KINDS)
def test_parameters_that_the_plugin_could_not_use_are_refused_with_their_field(
    world: World, make: Callable[[JsonObject], JsonObject], place: str
) -> None:
    said = _refusal(world, make(_config("InvalidInterval")))
    assert f'admission webhook "{WEBHOOK}" denied the request' in said
    assert f"{place}{FIELD}" in said
    assert "InvalidInterval" in said


def test_good_parameters_are_admitted(world: World) -> None:
    for make, _ in KINDS.values():
        assert _refusal(world, make(_config("Long"))) == ""


def test_parameters_of_another_driver_are_its_own(world: World) -> None:
    for make, _ in KINDS.values():
        assert _refusal(world, make(_config("InvalidInterval", "another.example.com"))) == ""


def test_nobody_else_depends_on_the_webhook(world: World) -> None:
    """While it is down: what is for another driver, or for none, is admitted; what is for its own is not."""
    without = claim("default", "some", request("gpu", ADMITTED))
    with _without_webhook(world):
        assert _refusal(world, without) == ""
        for make, _ in KINDS.values():
            assert _refusal(world, make(_config("InvalidInterval", "another.example.com"))) == ""
            assert _is_out_of_reach(world, make(_config("Long")))


def test_what_is_there_can_be_changed_without_the_webhook_as_long_as_its_parameters_stay(world: World) -> None:
    """Finalizers, labels, selectors, other drivers' parameters: whatever the webhook has nothing to say about.

    What is written here has spaces in the JSON of its parameters, which the API server keeps until the first update.
    """
    made = _class(_config("Long"))
    path = f"{collection('DeviceClass')}/{text_at(made, 'metadata', 'name')}"
    changed = {"spec": {"config": object_at(_class(_config("InvalidInterval")), "spec")["config"]}}
    try:
        world.create(made)
        with pytest.raises(ApiError, match=r"denied the request: .*InvalidInterval"):
            world.api.call("PATCH", f"{path}?dryRun=All", changed, MERGE)
        with _without_webhook(world):
            world.api.merge(path, {"metadata": {"labels": {"looked-at": "no"}}})
            another = _class(_config("InvalidInterval", "another.example.com"))
            both = [*list_at(made, "spec", "config"), *list_at(another, "spec", "config")]
            world.api.merge(path, {"spec": {"config": both}})
            with pytest.raises(ApiError, match="failed calling webhook"):
                world.api.call("PATCH", f"{path}?dryRun=All", changed, MERGE)
    finally:
        world.api.delete(path)


def test_certificate_stays_over_an_upgrade(world: World) -> None:
    """A new one would be of no use to pods that still have the old one."""
    before = world.api.get(CERTIFICATE)["data"]
    assert before
    world.update_second_release(ADMITTED, *VALUES)
    assert world.api.get(CERTIFICATE)["data"] == before
