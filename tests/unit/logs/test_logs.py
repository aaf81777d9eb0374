"""What the programs say: one line for each event, in either form, from a level on."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from dra_logs import FORMS, LEVELS, Form, Level, Log, log_to
from hypothesis import given
from hypothesis import strategies as st

values = st.dictionaries(
    st.sampled_from(["node", "error", "workers", "name", "msg", "args"]),
    st.text() | st.integers() | st.builds(ValueError, st.text()),
)


@pytest.fixture(autouse=True)
def _others_logging_stays() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def log_and_lines(least: Level = "debug", form: Form = "json", **always: object) -> tuple[Log, io.StringIO]:
    stream = io.StringIO()
    return log_to(stream, least, form, **always), stream


@given(st.text(), values)
def test_an_event_is_one_line_of_json_whatever_is_in_it(event: str, said: dict[str, object]) -> None:
    log, stream = log_and_lines(driver="gpu.example.com")
    log.warning(event, **said)
    (line,) = stream.getvalue().split("\n")[:-1]
    told = json.loads(line)
    assert (told.pop("event"), told.pop("level"), told.pop("driver")) == (event, "warning", "gpu.example.com")
    assert told.pop("timestamp").endswith("Z")
    assert told == {name: value if isinstance(value, str | int) else str(value) for name, value in said.items()}


def test_what_is_below_the_level_is_not_said() -> None:
    for form in FORMS:
        for least in LEVELS:
            log, stream = log_and_lines(least, form)
            for tell in (log.debug, log.info, log.warning, log.error):
                tell("something", node="node-1")
            assert stream.getvalue().count("\n") == len(LEVELS) - LEVELS.index(least)


def test_people_read_the_values_beside_the_event() -> None:
    log, stream = log_and_lines(form="console")
    log.info("written", node="node-1", count=2)
    assert stream.getvalue().endswith('info    written  node="node-1"  count=2\n')


def test_warnings_of_libraries_are_told_with_their_tracebacks_and_the_rest_is_not() -> None:
    _, stream = log_and_lines()
    library = logging.getLogger("grpc._server")
    library.info("nothing to see")
    try:
        raise ValueError("broken")
    except ValueError:
        library.exception("Exception calling application")
    told = json.loads(stream.getvalue())
    assert (told["level"], told["logger"], told["event"]) == ("error", "grpc._server", "Exception calling application")
    assert "ValueError: broken" in told["traceback"]
