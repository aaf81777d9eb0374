"""What the controller says: one line for each event, in either form, from a level on."""

from __future__ import annotations

import json

from dra_controller.logs import FORMS, LEVELS, Log
from hypothesis import given
from hypothesis import strategies as st

values = st.dictionaries(
    st.sampled_from(["node", "error", "workers"]), st.text() | st.integers() | st.builds(ValueError, st.text())
)


@given(st.text(), values)
def test_an_event_is_one_line_of_json_whatever_is_in_it(event: str, said: dict[str, object]) -> None:
    lines: list[str] = []
    Log("info", "json", lines.append).warning(event, **said)
    (line,) = lines
    assert line.endswith("\n")
    assert "\n" not in line[:-1]
    told = json.loads(line)
    assert (told.pop("event"), told.pop("level")) == (event, "warning")
    assert told.pop("timestamp").endswith("Z")
    assert told == {name: value if isinstance(value, str | int) else str(value) for name, value in said.items()}


def test_what_is_below_the_level_is_not_said() -> None:
    for form in FORMS:
        for least in LEVELS:
            lines: list[str] = []
            log = Log(least, form, lines.append)
            for tell in (log.debug, log.info, log.warning, log.error):
                tell("something", node="node-1")
            assert len(lines) == len(LEVELS) - LEVELS.index(least)


def test_people_read_the_values_beside_the_event() -> None:
    lines: list[str] = []
    Log("debug", "console", lines.append).info("written", node="node-1", count=2)
    assert lines[0].endswith("info    written  node=node-1  count=2\n")
