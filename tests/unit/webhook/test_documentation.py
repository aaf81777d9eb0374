"""The page about the webhook says what is so."""

from __future__ import annotations

import re
from pathlib import Path

from dra_webhook.answers import METHODS
from dra_webhook.command_line import main
from dra_webhook.metrics import Metrics

PAGE = (Path(__file__).resolve().parents[3] / "docs/webhook.md").read_text()


def test_every_flag_and_variable_is_on_the_page_and_no_other() -> None:
    named = set(re.findall(r"^\| `(--[a-z-]+)` \| `([A-Z_]+)` \|", PAGE, re.MULTILINE))
    assert named == {(option.opts[0], str(getattr(option, "envvar", ""))) for option in main.params}


def test_every_path_is_on_the_page_and_no_other() -> None:
    assert dict(re.findall(r"^\| `(/[a-z-]+)` \| ([A-Z]+) \|", PAGE, re.MULTILINE)) == METHODS


def test_every_metric_is_on_the_page_and_no_other() -> None:
    names = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in Metrics().registry.collect()
        if family.name.startswith("dra_")
    }
    assert set(re.findall(r"^\| `(dra_[a-z_]+)`", PAGE, re.MULTILINE)) == names
