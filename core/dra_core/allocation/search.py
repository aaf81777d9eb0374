"""The search for devices: first fit with full backtracking, in the scheduler's order.

Claims in their order, requests in theirs; inside a request the devices are tried as combinations, so that device k
comes after device k-1 in the order of the pools. The first full solution wins. A prioritised list tries its
alternatives in order. More than 32 results for a claim are too many: such a branch is left at once, up to the list (or
claim) where fewer can be had.

The scheduler recurses; this walks the same tree with a stack of its own, so that depth costs nothing. A walk that takes
long passes over devices that are as good as one that led nowhere (``twins``), and remembers from which states there was
no way on: the same devices given away in another order lead to the same end, and so do fewer to choose from. Most of a
hopeless tree need then not be walked. The answer is that of the whole walk.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Callable, Hashable, Sequence
from typing import TypeAlias

import msgspec

from dra_core.allocation.in_flight import Chosen, Fatal, InFlight
from dra_core.allocation.pools import Candidate
from dra_core.allocation.requests import MOST_RESULTS, ReadClaim, Request
from dra_core.allocation.twins import twins

TOO_MANY_RESULTS = "allocation max size exceeded"
CANCELLATION_INTERVAL = 256  # steps between two looks at whether somebody cancelled
REMEMBERING_FROM = 500  # steps; shorter walks are faster without
MOST_REMEMBERED = 200_000  # dead ends; some 100 MB at worst


class Sized(msgspec.Struct, frozen=True, eq=False):
    """A request with the number of devices it needs here; ``devices`` are fixed beforehand for mode All."""

    request: Request
    count: int
    devices: tuple[Candidate, ...] = ()


class Solution(msgspec.Struct, frozen=True, eq=False):
    """What was found: per claim its devices, per claim and request the alternative that was taken."""

    chosen: tuple[tuple[Chosen, ...], ...]
    alternatives: tuple[tuple[int, ...], ...]


class GaveUp(msgspec.Struct, frozen=True):
    """The search was not finished."""

    steps: int
    cancelled: bool


Found: TypeAlias = Solution | Fatal | GaveUp | None
Plan: TypeAlias = Sequence[Sequence[Sequence[Sized]]]
"""Per claim, per request, its alternatives."""


class _Signal(enum.Enum):
    ENTER = 1
    FAIL = 2
    TOO_MANY = 3


class _Choice:
    """Trying the devices for one place of a request, one after the other."""

    __slots__ = ("alternative", "chosen", "claim", "inside_list", "mark", "next", "place", "request", "start", "tried")

    def __init__(self, claim: int, request: int, alternative: int, inside_list: bool, place: int, start: int) -> None:
        self.claim = claim
        self.request = request
        self.alternative = alternative
        self.inside_list = inside_list
        self.place = place
        self.start = self.next = start
        self.chosen: Chosen | None = None
        self.mark: Hashable = None  # the state in which it began, once states are remembered
        self.tried: set[Hashable] = set()  # by likeness


class _List:
    """Trying the alternatives of a prioritised list."""

    __slots__ = ("all_too_many", "alternative", "claim", "request")

    def __init__(self, claim: int, request: int) -> None:
        self.claim = claim
        self.request = request
        self.alternative = 0
        self.all_too_many = True


class _Claim:
    """The border between two claims: too many results behind it are an ordinary failure before it."""

    __slots__ = ()


class Search:
    """One walk through the tree of choices."""

    def __init__(
        self,
        plan: Plan,
        claims: Sequence[ReadClaim],
        candidates: Sequence[Candidate],
        state: InFlight,
        budget: int,
        cancelled: Callable[[], bool],
    ) -> None:
        self._plan = plan
        self._claims = claims
        self._candidates = candidates
        self._state = state
        self._budget = budget
        self._cancelled = cancelled
        self._stack: list[_Choice | _List | _Claim] = []
        self._dead_ends: dict[Hashable, tuple[int, _Signal]] = {}  # with the first device that was left to try
        self._twins: Sequence[int] = ()  # once the walk takes long
        self.steps = 0
        # Where the walk stands: claim, request, alternative, inside a list?, place in the request, first device to try.
        self._at = (0, 0, 0, False, 0, 0)

    def run(self) -> Found:
        """Walk until there is a solution, an error, no more choice, or no more budget."""
        signal: _Signal | Found = _Signal.ENTER
        while True:
            if signal is _Signal.ENTER:
                if self.steps >= self._budget:
                    return GaveUp(self.steps, cancelled=False)
                if self.steps % CANCELLATION_INTERVAL == 0 and self._cancelled():
                    return GaveUp(self.steps, cancelled=True)
                self.steps += 1
                signal = self._enter()
            elif isinstance(signal, _Signal):
                if not self._stack:
                    return Fatal(TOO_MANY_RESULTS) if signal is _Signal.TOO_MANY else None
                signal = self._back(signal)
            else:
                return signal

    def _enter(self) -> _Signal | Found:
        """Go on to the next place that wants a device."""
        claim, number, alternative, inside_list, place, start = self._at
        stack, plan = self._stack, self._plan
        while True:
            if claim == len(plan):
                return self._solution()
            requests = plan[claim]
            if number == len(requests):
                stack.append(_Claim())
                claim, number = claim + 1, 0
                continue
            if not inside_list and self._claims[claim].listed[number]:
                stack.append(_List(claim, number))
                inside_list = True
            sized = requests[number][alternative]
            if place < sized.count:
                break
            if sized.request.all_devices and not sized.devices:
                return _Signal.FAIL
            number, alternative, inside_list, place, start = number + 1, 0, False, 0, 0
        if sized.count - place > MOST_RESULTS - len(self._state.chosen[claim]):
            return _Signal.TOO_MANY
        choice = _Choice(claim, number, alternative, inside_list, place, start)
        if self.steps > REMEMBERING_FROM and not sized.request.all_devices:
            self._twins = self._twins or twins(self._candidates, self._claims, self._state)
            choice.mark = claim, number, alternative, place, self._state.fingerprint(claim, place, self._twins)
            known = self._dead_ends.get(choice.mark)
            if known is not None and (known[0] == start or (known[0] < start and known[1] is _Signal.FAIL)):
                return known[1]
        stack.append(choice)
        return self._next(choice)

    def _back(self, signal: _Signal) -> _Signal | Found:
        top = self._stack[-1]
        if isinstance(top, _Choice):
            if top.chosen is not None:
                self._state.give_back(top.chosen)
                top.chosen = None
            return self._dead_end(top, signal) if signal is _Signal.TOO_MANY else self._next(top)
        if isinstance(top, _Claim):
            self._stack.pop()
            return _Signal.FAIL
        if signal is _Signal.FAIL:
            top.all_too_many = False
        top.alternative += 1
        if top.alternative < len(self._plan[top.claim][top.request]):
            self._at = (top.claim, top.request, top.alternative, True, 0, 0)
            return _Signal.ENTER
        self._stack.pop()
        return _Signal.TOO_MANY if top.all_too_many else _Signal.FAIL

    def _next(self, choice: _Choice) -> _Signal | Found:
        """Take the next device that will do, and go on to the next place."""
        sized = self._plan[choice.claim][choice.request][choice.alternative]
        chosen = self._next_of_all(sized, choice) if sized.request.all_devices else self._next_of_any(sized, choice)
        if isinstance(chosen, Fatal):
            return chosen
        if chosen is None:
            return self._dead_end(choice, _Signal.FAIL)
        choice.chosen = chosen
        start = 0 if sized.request.all_devices else choice.next
        self._at = (choice.claim, choice.request, choice.alternative, choice.inside_list, choice.place + 1, start)
        return _Signal.ENTER

    def _dead_end(self, choice: _Choice, signal: _Signal) -> _Signal:
        """Leave a choice, and remember that it leads nowhere."""
        self._stack.pop()
        if choice.mark is not None and len(self._dead_ends) < MOST_REMEMBERED:
            self._dead_ends[choice.mark] = choice.start, signal
        return signal

    def _next_of_all(self, sized: Sized, choice: _Choice) -> Chosen | Fatal | None:
        """For all devices there is only one to try at each place."""
        if choice.next:
            return None
        choice.next = 1
        attempt = self._state.take(sized.request, sized.devices[choice.place], must=True)
        return attempt if isinstance(attempt, Chosen | Fatal) else None

    def _next_of_any(self, sized: Sized, choice: _Choice) -> Chosen | Fatal | None:
        state, request = self._state, sized.request
        for candidate in state.usable(request, itertools.islice(self._candidates, choice.next, None)):
            if self._twins:
                likeness = self._twins[candidate.place], state.given(candidate.device)
                if likeness in choice.tried:
                    continue
                choice.tried.add(likeness)
            selectable = state.selectable(request, candidate)
            if selectable is not True:
                if isinstance(selectable, Fatal):
                    return selectable
                continue
            short = state.short_of(request, candidate.device)
            if short is not None:
                if isinstance(short, Fatal):
                    return short
                continue
            attempt = state.take(request, candidate, must=False)
            if isinstance(attempt, Fatal):
                return attempt
            if isinstance(attempt, Chosen):
                choice.next = candidate.place + 1
                return attempt
        return None

    def _solution(self) -> Solution:
        alternatives = [[0] * len(requests) for requests in self._plan]
        for frame in self._stack:
            if isinstance(frame, _List):
                alternatives[frame.claim][frame.request] = frame.alternative
        return Solution(tuple(map(tuple, self._state.chosen)), tuple(map(tuple, alternatives)))
