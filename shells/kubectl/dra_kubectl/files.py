"""Files, folders and standard input as documents for the core."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from dra_core.planning import Document, Located
from dra_core.refusal import Fault, Refusal

STANDARD_INPUT = "-"
SUFFIXES = (".json", ".yaml", ".yml")  # what is read of a folder, as kubectl does


def read_documents(names: Iterable[str], *, recursive: bool = False) -> tuple[list[Document], list[Located]]:
    """All documents of the named files, and what could not be read of them.

    Args:
        names: Files, folders, ``-`` for standard input.
        recursive: Folders inside folders as well.
    """
    found: list[Document] = []
    faults: list[Located] = []
    for name in names:
        for path, source in _files_of(name, recursive, faults):
            try:
                text = sys.stdin.buffer.read() if path is None else path.read_bytes()
            except OSError as error:
                faults.append(_fault(source, 1, "NotReadable", error.strerror or str(error)))
                continue
            _parse(source, text, found, faults)
    return found, faults


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


def _parse(source: str, text: bytes, found: list[Document], faults: list[Located]) -> None:
    if not text.strip():
        faults.append(_fault(source, 1, "NothingToRead", "it is empty"))
        return
    if text.lstrip()[:1] == b"{" and not source.endswith((".yaml", ".yml")):
        found.append(Document(source, 1, text))
        return
    # A YAML file may hold JSON, which kubectl's users do; the fast reader is tried first.
    if text.lstrip()[:1] == b"{" and _is_json(text):
        found.append(Document(source, 1, text))
        return
    from dra_kubectl.yaml_documents import FaultyYamlError, documents

    number = 0
    try:
        for value in documents(text):
            number += 1
            found.append(Document(source, number, value))
    except FaultyYamlError as error:
        faults.append(Located(source=source, document=number + 1, refusal=error.refusal))
        return
    if all(document.value is None for document in found[len(found) - number :]):
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
