"""A program of this project as a process of its own, as a pod runs it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence

from dra_core.snapshot.json_value import Json, JsonObject, text_at


class ProgramProcess:
    """Starts it; ``stop`` or ``kill`` ends it. Its log is read all the time.

    Args:
        arguments: Of Python: the program, its flags.
        environment: All of it.
        seconds: The longest wait for a line of the log, and for the end.
    """

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], seconds: float) -> None:
        self._seconds = seconds
        self._process = subprocess.Popen(
            [sys.executable, *arguments], env=environment, stderr=subprocess.PIPE, text=True
        )
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def events(self, event: str) -> list[JsonObject]:
        """The log's lines of this kind up to now."""
        with self._news:
            lines = list(self.lines)
        found = [value for value in map(_object, lines) if text_at(value, "event") == event]
        return [value for value in found if isinstance(value, Mapping)]

    def wait_for(self, event: str, count: int = 1) -> JsonObject:
        """The log's line of this kind, or the ``count``-th of them; fails when the process ends before."""
        with self._news:
            there = self._news.wait_for(lambda: self.log_count(event) >= count or self._ended, self._seconds)
        found = self.events(event)
        assert there and len(found) >= count, f"no {event!r} ({count}) in the log: {self.lines}"  # noqa: PT018  one message for both
        return found[count - 1]

    def log_count(self, event: str) -> int:
        return sum(text_at(_object(line), "event") == event for line in self.lines)

    def port(self, event: str) -> int:
        """The port that the log tells."""
        port = self.wait_for(event)["port"]
        assert isinstance(port, int)
        return port

    def signal(self, number: signal.Signals) -> None:
        """Does not wait."""
        self._process.send_signal(number)

    def stop(self) -> int:
        """As a pod is stopped; its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """As a node is lost."""
        self._process.kill()
        self.wait()

    def wait(self) -> int:
        """Until it ends; its exit code."""
        code = self._process.wait(self._seconds)
        self._reader.join(self._seconds)
        return code

    def end(self) -> None:
        """Whatever state it is in."""
        if self._process.poll() is None:
            self._process.kill()
        self.wait()
        assert self._process.stderr is not None
        self._process.stderr.close()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            with self._news:
                self.lines.append(line.rstrip())
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()


def _object(line: str) -> Json:
    try:
        value: Json = json.loads(line)
    except ValueError:
        return None
    return value
