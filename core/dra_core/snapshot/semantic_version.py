"""Semantic versions as Kubernetes reads them (semver.org 2.0.0, github.com/blang/semver/v4)."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

MOST = 2**64 - 1  # numbers are uint64
_DIGITS = frozenset("0123456789")
_ALPHANUMERIC = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-")

Identifier: TypeAlias = int | str


class SemanticVersion(msgspec.Struct, frozen=True):
    """A version. Build metadata is kept but does not count in comparisons."""

    major: int
    minor: int
    patch: int
    prerelease: tuple[Identifier, ...] = ()
    build: tuple[str, ...] = ()

    def compare(self, other: SemanticVersion) -> int:
        """-1, 0 or 1 by precedence."""
        mine, theirs = (self.major, self.minor, self.patch), (other.major, other.minor, other.patch)
        if mine != theirs:
            return -1 if mine < theirs else 1
        if not self.prerelease or not other.prerelease:
            return bool(other.prerelease) - bool(self.prerelease)
        left, right = _rank(self.prerelease), _rank(other.prerelease)
        return (left > right) - (left < right)

    def __str__(self) -> str:
        """The version as text."""
        text = f"{self.major}.{self.minor}.{self.patch}"
        if self.prerelease:
            text += "-" + ".".join(map(str, self.prerelease))
        return text + ("+" + ".".join(self.build) if self.build else "")


def _rank(identifiers: tuple[Identifier, ...]) -> list[tuple[bool, int, str]]:
    """Numbers before texts; a shorter list before a longer one with the same start."""
    return [(False, item, "") if isinstance(item, int) else (True, 0, item) for item in identifiers]


def parse(text: str) -> SemanticVersion | str:
    """Parse a version; a text says why it is none, in the words of the Go library."""
    if not text:
        return "Version string empty"
    parts = text.split(".", 2)
    if len(parts) != 3:
        return "No Major.Minor.Patch elements found"
    numbers: list[int] = []
    for name, part in zip(("Major", "Minor"), parts, strict=False):
        number = _number(part, name)
        if isinstance(number, str):
            return number
        numbers.append(number)
    patch, build, prerelease = parts[2], [], []
    if "+" in patch:
        patch, _, rest = patch.partition("+")
        build = rest.split(".")
    if "-" in patch:
        patch, _, rest = patch.partition("-")
        prerelease = rest.split(".")
    number = _number(patch, "Patch")
    if isinstance(number, str):
        return number
    identifiers: list[Identifier] = []
    for item in prerelease:
        identifier = _identifier(item)
        if isinstance(identifier, Refused):
            return identifier.text
        identifiers.append(identifier)
    for item in build:
        if not item:
            return "Build meta data is empty"
        if not _ALPHANUMERIC.issuperset(item):
            return f'Invalid character(s) found in build meta data "{item}"'
    return SemanticVersion(numbers[0], numbers[1], number, tuple(identifiers), tuple(build))


class Refused(msgspec.Struct, frozen=True):
    """Why an identifier is none."""

    text: str


def _number(text: str, name: str) -> int | str:
    """A number without leading zeros; the text is the error."""
    if not _DIGITS.issuperset(text):
        return f'Invalid character(s) found in {name.lower()} number "{text}"'
    if len(text) > 1 and text[0] == "0":
        return f'{name} number must not contain leading zeroes "{text}"'
    if not text:
        return 'strconv.ParseUint: parsing "": invalid syntax'
    return int(text) if int(text) <= MOST else f'strconv.ParseUint: parsing "{text}": value out of range'


def _identifier(text: str) -> Identifier | Refused:
    if not text:
        return Refused("Prerelease is empty")
    if _DIGITS.issuperset(text):
        if len(text) > 1 and text[0] == "0":
            return Refused(f'Numeric PreRelease version must not contain leading zeroes "{text}"')
        return int(text)
    if not _ALPHANUMERIC.issuperset(text):
        return Refused(f'Invalid character(s) found in prerelease "{text}"')
    return text


def normalized(text: str) -> str:
    """``1`` → ``1.0.0``, ``v01.2`` → ``1.2.0``: what Kubernetes' ``semver(text, true)`` reads instead of the text.

    "" for a short version with prerelease or build metadata, which is none.
    """
    parts = text.removeprefix("v").split(".", 2)
    for position, part in enumerate(parts):
        if len(part) > 1:
            stripped = part.lstrip("0")
            parts[position] = stripped if stripped[:1] in _DIGITS and stripped else "0" + stripped
    if len(parts) < 3 and ("+" in parts[-1] or "-" in parts[-1]):
        return ""
    return ".".join([*parts, "0", "0"][: max(3, len(parts))])
