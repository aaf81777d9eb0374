"""What the shell is offered: kinds, and the names that there are, in the files of -f or else in the live cluster.

Whoever completes wants no error messages: where nothing can be read, nothing is offered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import click

from dra_kubectl.kinds import KINDS

if TYPE_CHECKING:
    from dra_kubectl.source import Source

Completion = Callable[[click.Context, click.Parameter, str], list[str]]

_WORDS: Mapping[str, str] = {kind: word for word, kind in reversed(tuple(KINDS.items()))}
"""The word that is offered for each kind: the first in KINDS."""


def subjects(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """For ``KIND NAME`` or ``KIND/NAME``."""
    given = context.params.get(parameter.name or "")
    words = tuple(given) if isinstance(given, tuple | list) else ()
    if not words:
        return _kind_and_name(context, incomplete) if "/" in incomplete else _kinds(incomplete)
    if len(words) == 1 and "/" not in words[0]:
        return _offered(names_of(context, KINDS.get(str(words[0]).lower(), "")), incomplete)
    return []


def kind_and_name(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - click calls it so
    """For ``KIND/NAME`` in one word."""
    if "/" in incomplete:
        return _kind_and_name(context, incomplete)
    return [f"{word}/" for word in _kinds(incomplete)]


def of_kind(kind: str, prefix: str = "") -> Completion:
    """For the name of an object of a kind, after a prefix."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001 - click calls it so
        return _offered((f"{prefix}{name}" for name in names_of(context, kind)), incomplete)

    return complete


def _kinds(incomplete: str) -> list[str]:
    return _offered(_WORDS.values(), incomplete)


def _kind_and_name(context: click.Context, incomplete: str) -> list[str]:
    word, _, _ = incomplete.partition("/")
    return _offered((f"{word}/{name}" for name in names_of(context, KINDS.get(word.lower(), ""))), incomplete)


def _offered(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in sorted(set(names)) if name.startswith(incomplete)]


def names_of(context: click.Context, kind: str) -> list[str]:
    """The names of the objects of a kind, in the namespace that is looked at."""
    if not kind:
        return []
    from dra_kubectl.source import given_source

    try:
        source: Source = given_source(context)
        return _in_files(source, kind) if source.filenames else _in_cluster(source, kind)
    except (OSError, KeyError, ValueError, RecursionError):
        return []


def _in_files(source: Source, kind: str) -> list[str]:
    from dra_core.planning.reading import read_what_can_be_read

    from dra_kubectl.files import STANDARD_INPUT, Files

    names = [name for name in source.filenames if name != STANDARD_INPUT]
    documents = Files(names, recursive=source.recursive).documents([])
    reading, _ = read_what_can_be_read(documents, namespace=source.namespace or "default")
    places = [(space, name) for found, space, name in reading.origins if found == kind]
    return [name for space, name in places if not space or space == (source.namespace or "default")]


def _in_cluster(source: Source, kind: str) -> list[str]:
    from dra_core.snapshot.json_value import text_at

    from dra_kubectl.live import list_one

    return [
        text_at(item, "metadata", "name")
        for item in list_one(source.kubeconfig, source.context, kind, source.namespace)
    ]
