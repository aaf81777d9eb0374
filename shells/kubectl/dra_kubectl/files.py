"""Files, folders and standard input as documents for the core."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from dra_core.planning import Document, Located
from dra_core.refusal import Fault, Refusal

STANDARD_INPUT = "-"
SUFFIXES = (".json", ".yaml", ".yml")  # what is read of a folder, as kubectl does


class Files:
    """Named files, folders, and ``-`` for standard input; they may be read several times.

    ``recursive`` says whether folders inside of folders are read as well.
    """

    def __init__(self, names: Iterable[str], *, recursive: bool = False) -> None:
        self._names = tuple(names)
        self._recursive = recursive
        self._standard_input: bytes | None = None

    def documents(self, faults: list[Located]) -> Iterator[Document]:
        """All documents, one after the other, so that none of them has to stay in memory.

        What cannot be read goes into ``faults``, which is complete when there are no more documents.
        """
        for name in self._names:
            for path, source in _files_of(name, self._recursive, faults):
                try:
                    text = self._typed() if path is None else path.read_bytes()
                except OSError as error:
                    faults.append(_fault(source, 1, "NotReadable", error.strerror or str(error)))
                    continue
                yield from _parse(source, text, faults)

    def _typed(self) -> bytes:
        if self._standard_input is None:
            self._standard_input = sys.stdin.buffer.read()
        return self._standard_input


def _files_of(name: str, recursive: bool, faults: list[Located]) -> Iterator[tuple[Path | None, str]]:
    if name == STANDARD_INPUT:
        yield None, "standard input"
        return
    path = Path(name)
    if not path.is_dir():
        yield path, name
        return
    entries = path.rglob("*") if recursive else path.iterdir()
    inside = sorted(item for item in entries if item.suffix in SUFFIXES and item.is_file())
    if not inside:
        deeper = not recursive and any(item.is_dir() for item in path.iterdir())
        hint = "; -R looks into its folders" if deeper else ""
        faults.append(_fault(name, 1, "NothingToRead", f"the folder has no {', '.join(SUFFIXES)} file{hint}"))
    for item in inside:
        yield item, str(item)


def _parse(source: str, text: bytes, faults: list[Located]) -> Iterator[Document]:
    if not text.strip():
        faults.append(_fault(source, 1, "NothingToRead", "it is empty"))
        return
    if text.lstrip()[:1] == b"{" and not source.endswith((".yaml", ".yml")):
        yield Document(source, 1, text)
        return
    # A YAML file may hold JSON, which kubectl's users do; the fast reader is tried first.
    if text.lstrip()[:1] == b"{" and _is_json(text):
        yield Document(source, 1, text)
        return
    from dra_kubectl.yaml_documents import FaultyYamlError
    from dra_kubectl.yaml_objects import yaml_objects

    read, something = 0, False
    try:
        for item in yaml_objects(text):
            read, something = item.document, something or item.value is not None
            yield Document(source, item.document, item.value, item.item)
    except FaultyYamlError as error:
        faults.append(Located(source=source, document=read + 1, refusal=error.refusal))
        return
    if not something:
        faults.append(_fault(source, 1, "NothingToRead", "it holds nothing but comments"))


def _is_json(text: bytes) -> bool:
    import msgspec

    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _fault(source: str, document: int, code: str, seen: str) -> Located:
    refusal = Refusal(code=code, fault=Fault.USER, seen=seen)
    return Located(source=source, document=document, refusal=refusal)
