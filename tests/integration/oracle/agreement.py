"""Our answer beside the oracle's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

from dra_core.allocation.question import answer_question, read_question, unreadable, written
from dra_core.allocation.selectors import Language, Questions
from dra_core.snapshot.json_value import Json, JsonObject, list_at, object_at
from returns.result import Failure

Comparable: TypeAlias = str
SOURCE = Path(__file__).parent / "allocator"
SHARE_ID = "00000000-0000-4000-8000-000000000000"
STABLE = frozenset({"AdminAccess", "DeviceTaints", "PartitionableDevices", "PrioritizedList"})
CRASH = "panic: "  # the library takes for granted what the API server makes sure of
MALFORMED = "malformed: "  # what follows is worded as Go's decoder does
WITH_ADDRESSES = "for device &Device{"  # a message with addresses in memory
INTERRUPTED = "interrupted"  # what the oracle says of a search that takes longer than 10 s
FEW, MANY = 10, 300  # how often the stable variant is asked, whose answer varies with Go's order of maps


def ours(question: JsonObject, language: Language) -> JsonObject:
    """What drakit answers."""
    read = read_question(question)
    if isinstance(read, Failure):
        return unreadable(str(question["name"]), read.failure())
    _, answer = answer_question(read.unwrap(), Questions(language), lambda: SHARE_ID, 1_000_000)
    return written(str(question["name"]), answer, None)


def comparable(answer: JsonObject) -> Comparable:
    """Success, error and results, as one text.

    Go's messages tell an empty list from one that is not there; an object from the API server never has the former.
    """
    text = json.dumps([answer["success"], answer["error"], answer["results"]], sort_keys=True)
    return text.replace("Invalid value: []:", "Invalid value: null:")


def gave_up(answer: JsonObject) -> bool:
    """Whether the search was not finished, here or there."""
    return str(answer["error"]).startswith("gave up after") or answer["error"] == INTERRUPTED


def says_nothing(answer: JsonObject) -> bool:
    """Whether the oracle's answer is none that could be compared."""
    error = str(answer["error"])
    return gave_up(answer) or error.startswith(CRASH) or WITH_ADDRESSES in error


def possible(answer: JsonObject) -> set[Comparable]:
    """All answers that the oracle gave to one question."""
    others = [item for item in list_at(answer, "others") if isinstance(item, Mapping)]
    return {comparable(item) for item in (answer, *others)}


def is_stable(question: JsonObject) -> bool:
    """Whether the variant answers whose order is not fixed."""
    return {name for name, on in object_at(question, "features").items() if on} <= STABLE


class Oracle:
    """The oracle as a process that answers line by line."""

    def __init__(self, program: Path, *arguments: str) -> None:
        self._command = [str(program), *arguments]
        self._process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(timeout=60)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def ask(self, question: JsonObject, repeat: int = 1) -> dict[str, Json]:
        """The oracle's answer; asked ``repeat`` times, with distinct further answers under ``others``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({**question, "repeat": repeat}).encode() + b"\n")
        self._process.stdin.flush()
        answer: dict[str, Json] = json.loads(self._process.stdout.readline())
        if answer.get("error") == INTERRUPTED:
            self._stop()  # the search that took too long ends with its process only
            self._process = self._started()
        return answer

    def agrees(self, question: JsonObject, mine: JsonObject) -> tuple[bool, JsonObject]:
        """Whether an answer is one that the oracle can give, and what it gave."""
        stable = is_stable(question)
        answer = self.ask(question, FEW if stable else 1)
        if stable and comparable(mine) not in possible(answer):
            answer = self.ask(question, MANY)
        if str(answer["error"]).startswith(MALFORMED):
            return str(mine["error"]).startswith(MALFORMED), answer
        return says_nothing(answer) or comparable(mine) in possible(answer), answer


def build_oracle(directory: Path) -> Path | None:
    """The oracle, built from source if it is not there; None without Go or the modules it needs."""
    program = directory / "oracle"
    if program.exists():
        return program
    if shutil.which("go") is None:
        return None
    built = subprocess.run(
        ["go", "build", "-o", program, "."],
        cwd=SOURCE,
        env={**os.environ, "CGO_ENABLED": "0"},
        capture_output=True,
        timeout=800,
    )
    return program if built.returncode == 0 else None


def read_lines(path: Path) -> list[dict[str, Json]]:
    """The objects of a JSONL file."""
    return [json.loads(line) for line in path.read_text().splitlines()]
