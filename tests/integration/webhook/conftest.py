"""A webhook with a certificate."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.webhook.certificates import Pair, PairFiles, make_pair
from tests.integration.webhook.webhook_process import WebhookProcess


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return make_pair(tmp_path)


@pytest.fixture
def files(tmp_path: Path, pair: Pair) -> PairFiles:
    made = PairFiles(tmp_path)
    made.write(pair)
    return made


@pytest.fixture
def webhook(files: PairFiles) -> Iterator[WebhookProcess]:
    process = WebhookProcess(files)
    yield process
    process.end()
