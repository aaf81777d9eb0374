"""Container logs through HTTP and kubectl; here a few lists stand for the kubelet."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from dra_core.snapshot.json_value import text_at
from dra_sandbox.apiserver.logs import LogQuestion
from dra_sandbox.apiserver.problems import Problem, bad_request
from dra_sandbox.apiserver.server import ApiServer

from tests.integration.sandbox.apiserver.conftest import PATIENCE, Kubectl
from tests.integration.sandbox.apiserver.objects import pod


class Logs:
    """Answers with fixed lines; what is followed goes on when the test says so, and says when it was closed."""

    def __init__(self) -> None:
        self.asked: list[LogQuestion] = []
        self.more = threading.Event()
        self.closed = threading.Event()

    def __call__(self, question: LogQuestion) -> Iterator[bytes] | Problem:
        self.asked.append(question)
        if text_at(question.pod, "metadata", "name") == "silent":
            return bad_request('container "ctr0" in pod "silent" is waiting to start: ContainerCreating')
        return self._pieces(question)

    def _pieces(self, question: LogQuestion) -> Iterator[bytes]:
        try:
            yield f"{question.container} one\n".encode()
            while question.follow:
                yield f"{question.container} two\n".encode() if self.more.wait(0.1) else b""
        finally:
            self.closed.set()


@pytest.fixture
def logs(server: ApiServer, kubectl: Kubectl) -> Iterator[Logs]:
    source = Logs()
    server.log_source = source
    for name in ("talks", "silent"):
        kubectl("apply", "-f", "-", given=pod(name))
    yield source
    kubectl("delete", "pods", "--all", "--now")


def test_a_log_is_what_its_source_says_with_the_options_of_the_client(kubectl: Kubectl, logs: Logs) -> None:
    assert kubectl("logs", "talks") == "ctr0 one\n"
    kubectl("logs", "talks", "-c", "ctr0", "--tail=5", "--timestamps", "--previous", "--limit-bytes=100")
    (_, question) = logs.asked
    assert (question.tail_lines, question.timestamps, question.previous, question.limit_bytes) == (5, True, True, 100)
    assert question.since is None
    kubectl("logs", "talks", "--since=1h")
    assert logs.asked[-1].since is not None


def test_a_followed_log_comes_as_it_is_written_and_is_closed_when_its_reader_goes(kubectl: Kubectl, logs: Logs) -> None:
    reading = kubectl.start("logs", "-f", "talks")
    try:
        assert reading.stdout is not None
        assert reading.stdout.readline() == "ctr0 one\n"
        logs.more.set()
        assert reading.stdout.readline() == "ctr0 two\n"
        logs.more.clear()
    finally:
        reading.kill()
        reading.communicate()
    assert logs.closed.wait(PATIENCE)


def test_why_there_is_no_log_is_said(kubectl: Kubectl, logs: Logs) -> None:
    assert "is waiting to start: ContainerCreating" in kubectl.fails("logs", "silent")
    assert "container other is not valid for pod talks" in kubectl.fails("logs", "talks", "-c", "other")
    assert 'pods "nobody" not found' in kubectl.fails("logs", "nobody")
    assert len(logs.asked) == 1
