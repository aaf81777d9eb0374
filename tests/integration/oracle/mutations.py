"""Questions made from other questions: parts of two are put together, and pieces of known kinds are exchanged.

Where ``questions.py`` draws what somebody thought of, this combines whatever occurs in the recorded and hand-made
cases, also what no API server would let in; only the names of requests stay different, by which the library finds them.
"""

from __future__ import annotations

import copy
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from dra_core.snapshot.json_value import Json, list_at, text_at

from tests.integration.oracle.questions import FEATURES, JsonDict

Path: TypeAlias = tuple[str | int, ...]
Place: TypeAlias = tuple[Path, str, Json]
"""Where a value stands, of which kind it is (the key it is under), and the value."""

_BY_NAME = {"attributes", "counters", "labels", "consumedCapacity", "features"}  # objects whose keys are names


class Mutations:
    """Mutants of some questions."""

    def __init__(self, questions: Sequence[JsonDict]) -> None:
        self._questions = questions
        values: dict[str, dict[str, Json]] = defaultdict(dict)
        members: dict[str, dict[str, dict[str, Json]]] = defaultdict(lambda: defaultdict(dict))
        for question in questions:
            for _, kind, value in _places(question, "", ()):
                values[kind].setdefault(json.dumps(value, sort_keys=True), value)
                if isinstance(value, dict):
                    for name, member in value.items():
                        members[kind][name].setdefault(json.dumps(member, sort_keys=True), member)
        self._values = {kind: list(known.values()) for kind, known in values.items()}
        self._members: Mapping[str, Mapping[str, list[Json]]] = {
            kind: {name: list(known.values()) for name, known in of_kind.items()} for kind, of_kind in members.items()
        }

    def one(self, seed: int) -> JsonDict:
        """The mutant of that number."""
        chance = random.Random(seed)
        question = copy.deepcopy(chance.choice(self._questions))
        if chance.random() < 0.5:
            _cross(question, copy.deepcopy(chance.choice(self._questions)), chance)
        for _ in range(chance.choice((0, 1, 1, 2, 3, 4, 6))):
            self._change(question, chance)
        if chance.random() < 0.3:
            question["features"] = {name: chance.random() < 0.85 for name in FEATURES}
        for claim in _list(question, "claims"):
            _with_different_names(list_at(claim, "spec", "devices", "requests"))
        _drop_empty_conditions(question)
        return {**question, "name": f"mutant-{seed}"}

    def _change(self, question: JsonDict, chance: random.Random) -> None:
        by_kind: dict[str, list[Place]] = defaultdict(list)
        for place in _places(question, "", ()):
            if place[0]:
                by_kind[place[1]].append(place)
        path, kind, value = chance.choice(by_kind[chance.choice(list(by_kind))])
        parent = _at(question, path[:-1])
        how = chance.random()
        if how < 0.45:
            _put(parent, path[-1], copy.deepcopy(chance.choice(self._values.get(kind) or [value])))
        elif how < 0.75 and isinstance(value, dict) and self._members.get(kind):
            name = chance.choice(list(self._members[kind]))
            value[name] = copy.deepcopy(chance.choice(self._members[kind][name]))
        elif how < 0.85 and isinstance(value, list):
            value += copy.deepcopy(chance.choices(self._values.get(f"{kind}[]") or value or [None]))
            chance.shuffle(value)
        elif how < 0.92 and isinstance(value, list) and value:
            value.append(copy.deepcopy(chance.choice(value)))
        elif isinstance(parent, dict | list) and len(path) > 1:
            del parent[path[-1]]  # type: ignore[arg-type]  # a path has names in objects and numbers in lists


def _cross(question: JsonDict, other: JsonDict, chance: random.Random) -> None:
    """Give one question parts of another."""
    known = {json.dumps(item, sort_keys=True) for item in _list(question, "deviceClasses")}
    added = [item for item in _list(other, "deviceClasses") if json.dumps(item, sort_keys=True) not in known]
    question["deviceClasses"] = [*_list(question, "deviceClasses"), *added]
    how = chance.random()
    if how < 0.4:
        question["claims"] = other["claims"]
    elif how < 0.6:
        question["claims"] = [*_list(question, "claims"), *_list(other, "claims")]
    elif how < 0.8:
        question["resourceSlices"] = [*_list(question, "resourceSlices"), *_list(other, "resourceSlices")]
    else:
        question |= {"resourceSlices": other["resourceSlices"], "allocated": other["allocated"]}
    if chance.random() < 0.4:
        question["features"] = other["features"]


def _drop_empty_conditions(question: JsonDict) -> None:
    """The library tells an empty list of bindingConditions from none; the API server keeps no empty lists."""
    for path, kind, value in list(_places(question, "", ())):
        if kind == "bindingConditions" and value == []:
            parent = _at(question, path[:-1])
            assert isinstance(parent, dict)
            parent.pop("bindingConditions", None)


def _with_different_names(requests: Sequence[Json]) -> None:
    seen: set[str] = set()
    for number, request in enumerate(requests):
        if not isinstance(request, dict):
            continue
        if text_at(request, "name") in seen:
            request["name"] = f"{text_at(request, 'name')}-{number}"
        seen.add(text_at(request, "name"))
        _with_different_names(list_at(request, "firstAvailable"))


def _places(value: Json, kind: str, path: Path) -> Iterator[Place]:
    yield path, kind, value
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _places(item, f"{kind}.*" if kind in _BY_NAME else name, (*path, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _places(item, f"{kind}[]", (*path, number))


def _at(value: Json, path: Path) -> Json:
    for step in path:
        value = value[step]  # type: ignore[index]  # the path was found there
    return value


def _put(parent: Json, step: str | int, value: Json) -> None:
    parent[step] = value  # type: ignore[index]  # as before


def _list(question: JsonDict, name: str) -> list[Json]:
    found = question.get(name)
    return found if isinstance(found, list) else []
