"""The part of kubectl's JSONPath that printer columns use: names, indices, and filters for equality."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dra_core.snapshot.json_value import Json, at

_STEP = re.compile(
    r"""\.?(?P<name>(?:\\.|[^.\[\\])+)
      | \['(?P<quoted>[^']*)'\]
      | \[(?P<index>-?\d+)\]
      | \[\?\(@\.(?P<key>[^=!\s]+)\s*==\s*(?P<mark>["'])(?P<wanted>.*?)(?P=mark)\)\]
    """,
    re.VERBOSE,
)


def found_at(value: Json, path: str) -> Json:
    """The first value at a path such as ``.status.conditions[?(@.type=="Ready")].status``; None if there is none."""
    position = 0
    while position < len(path):
        found = _STEP.match(path, position)
        if found is None:
            return None
        position = found.end()
        if found["key"] is not None:
            items = value if isinstance(value, list | tuple) else ()
            keys = found["key"].split(".")
            value = next((item for item in items if at(item, *keys) == found["wanted"]), None)
        elif found["index"] is not None:
            i = int(found["index"])
            value = value[i] if isinstance(value, list | tuple) and -len(value) <= i < len(value) else None
        else:
            name = found["quoted"] if found["quoted"] is not None else re.sub(r"\\(.)", r"\1", found["name"])
            value = value.get(name) if isinstance(value, Mapping) else None
    return value
