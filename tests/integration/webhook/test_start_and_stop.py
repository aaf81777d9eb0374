"""How the webhook ends, and what it says where it cannot run; and clients that do not behave."""

from __future__ import annotations

import signal
import socket
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.integration.webhook.certificates import Pair, PairFiles, make_pair
from tests.integration.webhook.webhook_process import DEADLINE_SECONDS, IS_JSON, PATH, WebhookProcess, answer_from
from tests.unit.admission.reviews import review, text

BODY = text(review([]))
HEAD = (
    f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    f"Content-Length: {len(BODY)}\r\nExpect: 100-continue\r\n\r\n"
).encode()


def test_silent_clients_hold_up_nobody(webhook: WebhookProcess, pair: Pair) -> None:
    with ExitStack() as stack:
        for _ in range(20):  # not one word of TLS
            stack.enter_context(socket.create_connection(webhook.address, timeout=DEADLINE_SECONDS))
        for _ in range(20):  # not one word of HTTP
            stack.enter_context(webhook.connect(pair))
        assert webhook.ask(pair, "POST", PATH, BODY, IS_JSON).status == 200
        assert webhook.stop() == 0, "nor its end"


def test_strange_clients_end_no_process(webhook: WebhookProcess, pair: Pair) -> None:
    with socket.create_connection(webhook.address, timeout=DEADLINE_SECONDS) as plain:
        plain.sendall(b"GET /readyz HTTP/1.1\r\n\r\n")
        with suppress(ConnectionResetError):  # as it may be told that this is no TLS
            assert b"200" not in plain.recv(100)
    with webhook.connect(pair) as connection:
        connection.sendall(HEAD)  # and gone, in the midst of a request
    with webhook.connect(pair) as connection:
        connection.sendall(b"\x00\xff\r\n\r\n")
        with connection.makefile("rb") as answer:
            assert b"400" in answer.read()
    assert webhook.ask(pair, "GET", "/readyz").text == "ok"
    assert webhook.events("a bug") == []


def test_sigterm_finishes_what_is_in_progress(webhook: WebhookProcess, pair: Pair) -> None:
    with webhook.connect(pair) as connection, webhook.connect(pair) as idle:
        connection.sendall(HEAD)
        # The request has begun: it is asked for the body.
        assert connection.recv(len(b"HTTP/1.1 100 Continue\r\n\r\n")).startswith(b"HTTP/1.1 100")
        webhook.signal(signal.SIGTERM)
        assert idle.recv(1) == b"", "a connection without a request is closed at once"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(webhook.address, timeout=DEADLINE_SECONDS)
        connection.sendall(BODY)
        got = answer_from(connection)
        assert (got.status, got.headers["Connection"]) == (200, "close")
    assert webhook.wait() == 0
    assert webhook.events("requests took too long and are cut off") == []


def test_a_request_without_end_is_cut_off(webhook: WebhookProcess, pair: Pair) -> None:
    with webhook.connect(pair) as connection:
        connection.sendall(HEAD)
        assert connection.recv(len(b"HTTP/1.1 100 Continue\r\n\r\n")).startswith(b"HTTP/1.1 100")
        assert webhook.stop() == 0
    assert webhook.events("requests took too long and are cut off")[0]["count"] == 1


def start_fails(files: PairFiles, *flags: str) -> str:
    """The one line that it says."""
    process = WebhookProcess(files, flags)
    try:
        assert process.wait() == 1
    finally:
        process.end()
    (line,) = process.lines
    return line


def test_files_that_are_no_pair_are_told_in_one_line(files: PairFiles, pair: Pair, tmp_path: Path) -> None:
    other = make_pair(tmp_path)
    files.key.write_bytes(other.key)
    assert "are not a certificate and its private key" in start_fails(files)
    files.write(pair)
    files.certificate.write_text("no certificate")
    assert "are not a certificate and its private key" in start_fails(files)
    files.certificate.unlink()
    assert start_fails(files) == f"dra-webhook: {files.certificate} cannot be read: No such file or directory"


def test_a_port_in_use_is_told_in_one_line(files: PairFiles) -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = start_fails(files, "--port", str(port))
    assert line == f"dra-webhook: the port {port} cannot be listened on: Address already in use"
