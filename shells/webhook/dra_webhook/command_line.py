"""The command line: every flag has its twin in the environment, as the chart's Deployment sets it."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import click
from dra_core.profiles import GpuProfile, Profile
from dra_core.profiles.cpu import CpuProfile
from dra_core.profiles.net import NetProfile
from dra_core.snapshot.driver_name import driver_name_fault
from dra_logs import Form, Level, log_to_stderr
from dra_logs.flags import log_flags

from dra_webhook.settings import Settings, StartError
from dra_webhook.webhook import run

PROFILES: Mapping[str, Profile] = {"gpu": GpuProfile(), "net": NetProfile(), "cpu": CpuProfile()}
"""How many devices a node has makes no difference to what parameters mean."""


@click.command(
    context_settings={"show_default": True, "max_content_width": 100},
    epilog="Exit codes: 0 after SIGTERM or SIGINT; 1 if it cannot run (one line on stderr says why); 2 wrong flags.",
)
@click.option("--driver-name", envvar="DRIVER_NAME", default="", show_envvar=True,
              show_default="<profile>.example.com", help="Whose parameters it looks at: the driver's name in claims "
              "and classes, the same as the kubelet plugin's.")  # fmt: skip
@click.option("--device-profile", envvar="DEVICE_PROFILE", default="gpu", show_envvar=True,
              type=click.Choice(list(PROFILES)), help="What the parameters mean; the same as the kubelet "
              "plugin's.")  # fmt: skip
@click.option("--tls-cert-file", "certificate_file", envvar="TLS_CERT_FILE", required=True, show_envvar=True,
              type=click.Path(path_type=Path), help="The certificate that it shows, with its chain (PEM). It is read "
              "again when it changes.")  # fmt: skip
@click.option("--tls-private-key-file", "key_file", envvar="TLS_PRIVATE_KEY_FILE", required=True, show_envvar=True,
              type=click.Path(path_type=Path), help="The certificate's private key (PEM, without a "
              "passphrase).")  # fmt: skip
@click.option("--port", envvar="PORT", default=8443, show_envvar=True, type=click.IntRange(0, 65535),
              help="TCP port of everything, HTTPS only; 0: any free one.")  # fmt: skip
@log_flags
def main(
    *,
    driver_name: str,
    device_profile: str,
    certificate_file: Path,
    key_file: Path,
    port: int,
    log_level: Level,
    log_format: Form,
) -> None:
    """Refuse opaque parameters that the kubelet plugin could not use, when they are written: an admission webhook.

    Without it a claim with a typing error in its parameters is created and allocated, and only its pod shows the fault,
    when the kubelet prepares it. With it kubectl apply says at once what is wrong, and in which field. Claims,
    templates and classes are judged by the code that the plugin prepares with, updates by what they change.

    The API server calls POST /validate-resource-claim-parameters, as a ValidatingWebhookConfiguration tells it
    (AdmissionReview, admission.k8s.io/v1); there are also GET /readyz and GET /metrics (Prometheus).

    On SIGTERM it ends the requests in progress. Any number of them may run.
    """
    fault = driver_name_fault(driver_name)
    if driver_name and fault:
        raise click.BadParameter(f"{fault}, such as gpu.example.com", param_hint="--driver-name")
    profile = PROFILES[device_profile]
    settings = Settings(
        driver_name=driver_name or f"{profile.name}.example.com",
        profile=profile,
        certificate_file=certificate_file,
        key_file=key_file,
        port=port,
    )
    log = log_to_stderr(log_level, log_format, driver=settings.driver_name)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, lambda *_: stop.set())
    try:
        run(settings, stop, log)
    except StartError as error:
        click.echo(f"dra-webhook: {error}", err=True)
        sys.exit(1)
