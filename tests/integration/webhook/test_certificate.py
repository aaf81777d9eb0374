"""The certificate is renewed in place, and whoever does it may fail."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tests.integration.webhook.certificates import Pair, PairFiles, make_pair, replace
from tests.integration.webhook.webhook_process import IS_JSON, PATH, WebhookProcess, answer_from
from tests.unit.admission.reviews import review, text


def test_a_renewed_certificate_is_shown_without_a_restart(
    webhook: WebhookProcess, files: PairFiles, pair: Pair, tmp_path: Path
) -> None:
    body = text(review([]))
    request = (
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    new = make_pair(tmp_path)
    with webhook.connect(pair) as kept:
        files.write(new)
        assert webhook.ask(new, "POST", PATH, body, IS_JSON).status == 200
        kept.sendall(request.encode() + body)
        assert answer_from(kept).status == 200, "a connection from before goes on"
    with pytest.raises(ssl.SSLCertVerificationError):
        webhook.connect(pair)
    webhook.wait_for("the certificate was renewed")


def test_a_broken_renewal_keeps_the_one_before_and_is_told_once(
    webhook: WebhookProcess, files: PairFiles, pair: Pair, tmp_path: Path
) -> None:
    new = make_pair(tmp_path)
    event = "the renewed certificate cannot be used; the one before is kept"

    assert webhook.shows() == pair.shown
    replace(files.certificate, new.certificate)  # the key is still the old one's
    assert [webhook.shows() for _ in range(3)] == [pair.shown] * 3
    files.key.unlink()
    assert [webhook.shows() for _ in range(3)] == [pair.shown] * 3
    replace(files.key, new.key)
    assert webhook.shows() == new.shown

    # Told in the order of what happened, before the connection that saw it was shown anything.
    webhook.wait_for("the certificate was renewed")
    mismatched, missing = webhook.events(event)
    assert "tls.crt" in str(mismatched["error"])
    assert "tls.key cannot be read: No such file" in str(missing["error"])
