"""The flags of ``dra-webhook``."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import dra_webhook.command_line as under_test
import pytest
from click.testing import CliRunner, Result
from dra_core.profiles import GpuProfile
from dra_core.profiles.cpu import CpuProfile
from dra_core.profiles.net import NetProfile
from dra_logs import Log
from dra_webhook.settings import Settings, StartError

PAIR = ("--tls-cert-file", "a.crt", "--tls-private-key-file", "a.key")


class Runs:
    """What the command would have run with."""

    def __init__(self) -> None:
        self.settings: list[Settings] = []
        self.fault: StartError | None = None

    def run(self, settings: Settings, stop: threading.Event, log: Log) -> None:  # noqa: ARG002  as the real one
        self.settings.append(settings)
        if self.fault is not None:
            raise self.fault


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    made = Runs()
    monkeypatch.setattr(under_test, "run", made.run)
    # The process that runs the tests keeps its own signals and log.
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr(under_test, "log_to_stderr", lambda *_, **__: None)
    return made


def call(flags: Sequence[str], environment: Mapping[str, str] = {}) -> Result:
    return CliRunner().invoke(under_test.main, list(flags), env=dict(environment), prog_name="dra-webhook")


def test_defaults(runs: Runs) -> None:
    assert call(PAIR).exit_code == 0
    assert runs.settings == [
        Settings(
            driver_name="gpu.example.com",
            profile=GpuProfile(),
            certificate_file=Path("a.crt"),
            key_file=Path("a.key"),
            port=8443,
        )
    ]


def test_every_flag_has_its_twin_in_the_environment(runs: Runs) -> None:
    flags = {
        "--driver-name": "mine.example.com",
        "--device-profile": "net",
        "--tls-cert-file": "b.crt",
        "--tls-private-key-file": "b.key",
        "--port": "9443",
        "--log-level": "debug",
        "--log-format": "console",
    }
    assert {option.opts[0] for option in under_test.main.params} == set(flags)
    assert call([word for pair in flags.items() for word in pair]).exit_code == 0
    twins = {flag.removeprefix("--").replace("-", "_").upper(): value for flag, value in flags.items()}
    assert call([], twins).exit_code == 0
    by_flag, by_twin = runs.settings
    assert by_flag == by_twin
    assert (by_flag.driver_name, by_flag.profile, by_flag.port) == ("mine.example.com", NetProfile(), 9443)


@pytest.mark.parametrize(("name", "profile"), [("gpu", GpuProfile()), ("net", NetProfile()), ("cpu", CpuProfile())])
def test_the_driver_is_called_after_its_profile(runs: Runs, name: str, profile: object) -> None:
    """As the kubelet plugin calls it; "" is what a chart sets that leaves it open."""
    assert call([*PAIR, "--device-profile", name], {"DRIVER_NAME": ""}).exit_code == 0
    assert [(each.driver_name, each.profile) for each in runs.settings] == [(f"{name}.example.com", profile)]


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (PAIR[:2], "--tls-private-key-file"),
        (PAIR[2:], "--tls-cert-file"),
        ((*PAIR, "--driver-name", "No_Name"), "--driver-name"),
        ((*PAIR, "--device-profile", "tpu"), "--device-profile"),
        ((*PAIR, "--port", "65536"), "--port"),
    ],
)
def test_wrong_flags_are_named(runs: Runs, flags: Sequence[str], named: str) -> None:
    result = call(flags)
    assert result.exit_code == 2
    assert named in result.output
    assert runs.settings == []


def test_what_keeps_it_from_running_is_one_line(runs: Runs) -> None:
    runs.fault = StartError("the port 8443 cannot be listened on: Address already in use")
    result = call(PAIR)
    assert result.exit_code == 1
    assert result.stderr == "dra-webhook: the port 8443 cannot be listened on: Address already in use\n"


def test_help_tells_exit_codes_and_variables() -> None:
    text = call(["--help"]).output
    assert "Exit codes: 0 after SIGTERM" in text
    assert "/validate-resource-claim-parameters" in text
    for variable in ("DRIVER_NAME", "DEVICE_PROFILE", "TLS_CERT_FILE", "TLS_PRIVATE_KEY_FILE", "PORT"):
        assert variable in text
