"""The webhook from start to stop."""

from __future__ import annotations

import threading

from dra_logs import Log

from dra_webhook.answers import Answers
from dra_webhook.certificate import Certificate, CertificateError
from dra_webhook.metrics import Metrics
from dra_webhook.server import TlsServer
from dra_webhook.settings import Settings, StartError

STOP_SECONDS = 10.0
"""For requests in progress."""


def run(settings: Settings, stop: threading.Event, log: Log) -> None:
    """Answer the API server until ``stop`` is set.

    Raises:
        StartError: It cannot run as it is set up.
    """
    try:
        certificate = Certificate(settings.certificate_file, settings.key_file, log)
    except CertificateError as error:
        raise StartError(str(error)) from error
    answers = Answers(settings.driver_name, settings.profile, Metrics(), log)
    try:
        server = TlsServer(settings.port, certificate, answers, log)
    except OSError as error:
        raise StartError(f"the port {settings.port} cannot be listened on: {error.strerror}") from error
    server.start()
    log.info("serving", port=server.port, profile=settings.profile.name)
    stop.wait()
    log.info("stopping")
    left = server.stop(STOP_SECONDS)
    if left:
        log.warning("requests took too long and are cut off", count=left)
    log.info("stopped")
