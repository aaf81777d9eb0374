"""The architecture page tells what the import contracts enforce, and names only what is there."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/architecture.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def rows_below(heading: str) -> list[set[str]]:
    """The second column of the table below a heading: the code names in it, row by row."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|")[2] for line in section.splitlines() if line.startswith("|")]
    return [names for row in rows if (names := set(re.findall(r"`([a-z_]+)`", row)))]


def contract_layers(contains: str) -> list[set[str]]:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contains in contract["name"])
    return [{name.strip("() ") for name in layer.split("|")} for layer in layers]


def test_the_page_names_the_layers_that_the_contracts_enforce() -> None:
    assert rows_below("Layers") == contract_layers("A shell imports no other shell")
    assert rows_below("Inside the core") == contract_layers("Inside the core")


def test_every_path_in_the_documents_is_there() -> None:
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    missing = []
    for document in documents:
        text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
            if not (document.parent / target).exists():
                missing.append(f"{document.relative_to(ROOT)}: ({target})")
        for target in re.findall(r"`((?:core|shells|demo|docs|tests|helm|proto|benchmarks)/[\w./-]+)`", text):
            if not (ROOT / target).exists():
                missing.append(f"{document.relative_to(ROOT)}: `{target}`")
    assert missing == []


def names_in(path: Path) -> set[str]:
    """Functions, classes and methods of a module."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
    return found


def test_every_name_that_a_document_points_at_is_there() -> None:
    missing = []
    pointed = set()
    for document in sorted((ROOT / "docs").rglob("*.md")):
        for path, name in re.findall(r"`([\w./-]+\.py)::(\w+)`", document.read_text()):
            pointed.add(name)
            if not (ROOT / path).exists() or name not in names_in(ROOT / path):
                missing.append(f"{document.relative_to(ROOT)}: {path}::{name}")
    assert missing == []
    assert len(pointed) > 50, "the pages on anatomy, organization and practices point at code"
