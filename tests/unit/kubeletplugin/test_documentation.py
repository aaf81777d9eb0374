"""The pages about the plugin say what is so."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

from dra_kubeletplugin.command_line import command
from dra_kubeletplugin.metrics import Metrics

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/kubelet-plugin.md").read_text()
PARTS = ("preparation", "publication", "sharing", "cdi")


def test_the_examples_for_a_drivers_author_run() -> None:
    page = ROOT / "docs/write-your-own-driver.md"
    failed, tried = doctest.testfile(str(page), module_relative=False)
    assert failed == 0
    assert tried > 10


def test_every_flag_and_variable_is_on_the_page_and_no_other() -> None:
    named = {
        (flag, variable) for flag, variable in re.findall(r"^\| `(--[a-z-]+)` \| `([A-Z_]+)` \|", PAGE, re.MULTILINE)
    }
    assert named == {(option.opts[0], str(getattr(option, "envvar", ""))) for option in command.params}


def test_every_metric_is_on_the_page_and_no_other() -> None:
    registry = Metrics().registry
    names = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in registry.collect()
        if family.name.startswith("dra_")
    }
    assert set(re.findall(r"^\| `(dra_[a-z_]+)`", PAGE, re.MULTILINE)) == names


def test_every_error_code_is_on_the_page() -> None:
    sources = [path for part in PARTS for path in (ROOT / "core/dra_core" / part).rglob("*.py")]
    sources += [ROOT / "core/dra_core/snapshot/codec.py", *(ROOT / "shells/kubeletplugin").rglob("claims_on_node.py")]
    text = "\n".join(path.read_text() for path in sources)
    codes = set(re.findall(r'code="([A-Z][A-Za-z]+)"', text))
    codes |= set(re.findall(r'_(?:refused|fault|repeated)\(\s*"([A-Z][A-Za-z]+)"', text))
    assert len(codes) > 20
    assert {code for code in codes if f"`{code}`" not in PAGE} == set()
