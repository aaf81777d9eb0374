"""What the API server is answered, over real TLS."""

from __future__ import annotations

import pytest
from dra_core.snapshot.json_value import Json, at, list_at, text_at

from tests.integration.webhook.certificates import Pair, PairFiles
from tests.integration.webhook.webhook_process import IS_JSON, PATH, WebhookProcess, answer_from
from tests.unit.admission.reviews import gpu_config, opaque, review, text

GOOD = text(review([opaque(gpu_config())]))
BAD = review([opaque(gpu_config("InvalidInterval"))])
FIELD = "opaque.parameters.sharing.timeSlicingConfig.interval"


def test_good_parameters_are_admitted(webhook: WebhookProcess, pair: Pair) -> None:
    got = webhook.ask(pair, "POST", f"{PATH}?timeout=10s", GOOD, {"Content-Type": "application/json; charset=utf-8"})
    assert (got.status, got.headers["Content-Type"]) == (200, "application/json")
    assert got.review == {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {"uid": "4711", "allowed": True},
    }


@pytest.mark.parametrize(
    ("resource", "place"),
    [("resourceclaims", "spec.devices.config[0]"), ("resourceclaimtemplates", "spec.spec.devices.config[0]")],
)
def test_bad_parameters_are_refused_with_their_field(
    webhook: WebhookProcess, pair: Pair, resource: str, place: str
) -> None:
    body = text(review([opaque(gpu_config("InvalidInterval"))], resource))
    got = webhook.ask(pair, "POST", PATH, body, IS_JSON)
    assert got.status == 200
    assert at(got.review, "response", "allowed") is False
    causes = list_at(got.review, "response", "status", "details", "causes")
    assert [text_at(cause, "field") for cause in causes] == [f"{place}.{FIELD}"]
    said = webhook.wait_for("refused")
    assert (said["resource"], said["namespace"], said["name"], said["user"]) == (resource, "default", "x", "jane")
    assert f"{place}.{FIELD}" in text_at(said, "error")


def test_the_profile_and_the_name_say_whose_parameters_are_judged(files: PairFiles, pair: Pair) -> None:
    cases: list[tuple[list[str], str, Json, bool]] = [
        (["--device-profile", "cpu"], "cpu.example.com", {}, False),
        (["--device-profile", "cpu"], "gpu.example.com", {}, True),
        (["--driver-name", "mine.example.com"], "mine.example.com", gpu_config("No"), False),
        (["--driver-name", "mine.example.com"], "gpu.example.com", gpu_config("No"), True),
    ]
    for flags, driver, parameters, allowed in cases:
        process = WebhookProcess(files, flags)
        try:
            got = process.ask(pair, "POST", PATH, text(review([opaque(parameters, driver)])), IS_JSON)
            assert at(got.review, "response", "allowed") is allowed, (flags, driver)
        finally:
            process.end()


def test_what_is_no_review_is_told_and_the_next_is_answered(webhook: WebhookProcess, pair: Pair) -> None:
    def status(method: str, path: str, body: bytes | None, **headers: str) -> tuple[int, str]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        got = webhook.ask(pair, method, path, body, named)
        return got.status, got.text

    is_json = "application/json"
    code, said = status("POST", PATH, GOOD, Content_Type="application/yaml")
    assert code == 415
    assert "application/yaml" in said
    assert status("POST", PATH, GOOD)[0] == 415
    code, said = status("POST", PATH, b"{", Content_Type=is_json)
    assert code == 400
    assert "the body is not JSON" in said
    code, said = status("POST", PATH, b"{}", Content_Type=is_json)
    assert code == 400
    assert 'apiVersion: expected "admission.k8s.io/v1"' in said
    assert status("POST", PATH, None, Content_Type=is_json)[0] == 411
    assert status("POST", PATH, None, Content_Type=is_json, Transfer_Encoding="chunked")[0] == 411
    assert status("POST", PATH, None, Content_Type=is_json, Content_Length="many")[0] == 400
    assert status("POST", PATH, None, Content_Type=is_json, Content_Length=str(8 * 1024 * 1024 + 1))[0] == 413
    assert status("POST", PATH, None, Content_Type=is_json, Content_Length="9" * 5000)[0] == 413
    assert status("POST", "/", GOOD, Content_Type=is_json)[0] == 404
    assert status("PUT", PATH, GOOD, Content_Type=is_json)[0] == 405
    assert webhook.ask(pair, "GET", PATH).headers["Allow"] == "POST"
    assert status("POST", "/readyz", b"")[0] == 405
    assert status("HEAD", "/readyz", None)[0] == 405
    assert status("POST", PATH, GOOD, Content_Type=is_json)[0] == 200


def test_a_body_of_the_most_bytes_is_read(webhook: WebhookProcess, pair: Pair) -> None:
    got = webhook.ask(pair, "POST", PATH, GOOD.ljust(8 * 1024 * 1024), IS_JSON)
    assert got.status == 200
    assert at(got.review, "response", "allowed") is True


def test_a_connection_carries_one_review_after_another(webhook: WebhookProcess, pair: Pair) -> None:
    """Also behind one that was refused after its body was read: the API server keeps its connections."""
    head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(GOOD)}\r\nContent-Type: "
    with webhook.connect(pair) as connection:
        for content_type, status in (("application/json", 200), ("text/plain", 415), ("application/json", 200)):
            connection.sendall(f"{head}{content_type}\r\n\r\n".encode() + GOOD)
            assert answer_from(connection).status == status


def test_probe_and_metrics(webhook: WebhookProcess, pair: Pair) -> None:
    for body in (GOOD, text(BAD), text(BAD), b"{"):
        webhook.ask(pair, "POST", PATH, body, IS_JSON)
    ready = webhook.ask(pair, "GET", "/readyz")
    assert (ready.status, ready.text) == (200, "ok")
    metrics = webhook.ask(pair, "GET", "/metrics")
    assert metrics.status == 200
    lines = metrics.text.splitlines()
    for result, count in (("allowed", 1), ("refused", 2), ("unreadable", 1), ("failed", 0)):
        assert f'dra_example_webhook_reviews_total{{result="{result}"}} {count}.0' in lines
    assert "dra_example_webhook_review_duration_seconds_count 4.0" in lines
