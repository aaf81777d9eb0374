"""Asking CEL about devices, each distinct question once.

The allocator needs little of CEL: an expression becomes a ``Selector``, which answers for a device. How expressions are
compiled is the caller's to say (``Compile``); ``dra_core.cel`` is the usual answer.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol, TypeAlias

import msgspec

from dra_core.allocation.inventory_device import InventoryDevice
from dra_core.snapshot.device import DeviceAttribute


class Failure(msgspec.Struct, frozen=True):
    """An expression that cannot be compiled or, on some device, evaluated; the text is cel-go's."""

    text: str


class Selector(Protocol):
    """A compiled expression over a device."""

    def matches(self, device: InventoryDevice) -> bool | Failure:
        """Whether the device is selected."""
        ...

    def key(self, device: InventoryDevice) -> Hashable:
        """Equal for devices that the expression cannot tell apart."""
        ...

    def because(self, device: InventoryDevice) -> str:
        """What of the device made the expression false; "" if that cannot be said."""
        ...


class Derivation(Protocol):
    """A compiled expression that gives an attribute."""

    def attribute(self, device: InventoryDevice) -> DeviceAttribute | Failure:
        """The attribute of the device."""
        ...


class Language(Protocol):
    """How expressions become answers."""

    def selector(self, expression: str) -> Selector | Failure:
        """Compile a condition."""
        ...

    def derivation(self, expression: str) -> Derivation | Failure:
        """Compile a derived attribute."""
        ...


Answer: TypeAlias = bool | Failure


class Questions:
    """Compiled expressions with what they answered; shared by all claims that are planned together.

    What is remembered is a function of the expression and of what it reads of a device, so that it never grows stale.
    """

    def __init__(self, language: Language) -> None:
        self._language = language
        self._selectors: dict[str, Selector | Failure] = {}
        self._derivations: dict[str, Derivation | Failure] = {}
        self._answers: dict[str, dict[Hashable, Answer]] = {}

    def selector(self, expression: str) -> Failure | None:
        """Compile a condition; the failure if it cannot be."""
        found = self._selectors.get(expression)
        if found is None:
            found = self._selectors[expression] = self._language.selector(expression)
            self._answers[expression] = {}
        return found if isinstance(found, Failure) else None

    def ask(self, expression: str, device: InventoryDevice) -> Answer:
        """What a compiled condition says of the device."""
        selector = self._selectors[expression]
        if isinstance(selector, Failure):
            return selector
        answers = self._answers[expression]
        key = selector.key(device)
        answer = answers.get(key)
        if answer is None:
            answer = answers[key] = selector.matches(device)
        return answer

    def because(self, expression: str, device: InventoryDevice) -> str:
        """What of the device made a compiled condition false; "" if that cannot be said."""
        selector = self._selectors[expression]
        return "" if isinstance(selector, Failure) else selector.because(device)

    @property
    def size(self) -> int:
        """How many expressions are remembered."""
        return len(self._selectors) + len(self._derivations)

    def derive(self, expression: str, device: InventoryDevice) -> DeviceAttribute | Failure:
        """The attribute that the expression gives for the device; a compile failure says so."""
        found = self._derivations.get(expression)
        if found is None:
            found = self._derivations[expression] = self._language.derivation(expression)
        return found if isinstance(found, Failure) else found.attribute(device)

    def compiles(self, expression: str) -> Failure | None:
        """Whether a derived attribute's expression compiles."""
        found = self._derivations.get(expression)
        if found is None:
            found = self._derivations[expression] = self._language.derivation(expression)
        return found if isinstance(found, Failure) else None
