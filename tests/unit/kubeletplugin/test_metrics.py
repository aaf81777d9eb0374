"""What Prometheus reads, by Prometheus' own parser; and the server that answers it."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from dra_kubeletplugin.metrics import BUCKETS, Metrics
from dra_kubeletplugin.metrics_server import MetricsServer
from dra_kubeletplugin.settings import StartError
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

PREFIX = "dra_example_driver"
WAIT_SECONDS = 30


def samples(text: str) -> dict[str, float]:
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = "".join(f"{{{name}={value}}}" for name, value in sorted(sample.labels.items()))
            found[sample.name + labels] = sample.value
    return found


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 100))))
def test_a_histogram_counts_each_time_in_every_bucket_that_holds_it(calls: list[tuple[bool, float]]) -> None:
    metrics = Metrics()
    for failed, seconds in calls:
        metrics.prepared(failed=failed, seconds=seconds)
    seen = samples(metrics.text())
    for bound in BUCKETS:
        key = f"{PREFIX}_prepare_claim_duration_seconds_bucket{{le={bound}}}"
        assert seen[key] == sum(seconds <= bound for _, seconds in calls)
    assert seen[f"{PREFIX}_prepare_claim_duration_seconds_bucket{{le=+Inf}}"] == len(calls)
    assert seen[f"{PREFIX}_prepare_claim_duration_seconds_count"] == len(calls)
    assert seen[f"{PREFIX}_prepare_claim_duration_seconds_sum"] == pytest.approx(sum(seconds for _, seconds in calls))
    assert seen[f"{PREFIX}_prepare_claims_total{{result=error}}"] == sum(failed for failed, _ in calls)


def test_the_process_is_told_of_as_by_other_clients() -> None:
    seen = samples(Metrics().text())
    assert seen["process_resident_memory_bytes"] > 2**20
    assert seen["process_cpu_seconds_total"] > 0
    assert 0 < seen["process_open_fds"] < seen["process_max_fds"]
    assert seen["process_start_time_seconds"] > 1e9


def test_every_family_says_its_type_once() -> None:
    text = Metrics().text()
    types = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(types) == len(set(types)) > 10
    assert f"# TYPE {PREFIX}_slice_writes_total counter" in text
    assert f"# TYPE {PREFIX}_unhealthy_devices gauge" in text


@pytest.fixture
def server() -> Iterator[MetricsServer]:
    made = MetricsServer(0, lambda: "metric 1\n")
    yield made
    made.stop()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_it_answers_on_both_families_of_addresses(server: MetricsServer, host: str) -> None:
    with urllib.request.urlopen(f"http://{host}:{server.port}/metrics?x=y", timeout=WAIT_SECONDS) as answer:
        assert answer.read() == b"metric 1\n"
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize(("method", "path", "code"), [("GET", "/", 404), ("POST", "/metrics", 405)])
def test_other_questions_are_refused(server: MetricsServer, method: str, path: str, code: int) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", method=method)
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(request, timeout=WAIT_SECONDS)
    assert raised.value.code == code
    raised.value.close()


def test_who_asks_for_the_head_gets_no_body(server: MetricsServer) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}/metrics", method="HEAD")
    with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as answer:
        assert (answer.headers["Content-Length"], answer.read()) == ("9", b"")


@pytest.mark.parametrize("said", [b"", b"GET", b"\xff\xfe\r\n\r\n", b"A" * 100_000])
def test_who_says_nothing_or_nonsense_holds_nobody_up(server: MetricsServer, said: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as rude:
        rude.sendall(said)
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=WAIT_SECONDS) as answer:
            assert answer.status == 200


def test_a_port_that_is_taken_is_told(server: MetricsServer) -> None:
    with pytest.raises(StartError, match="--metrics-port"):
        MetricsServer(server.port, str)
