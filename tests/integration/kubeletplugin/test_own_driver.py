"""The driver of docs/write-your-own-driver.md, as a program."""

from __future__ import annotations

import doctest
from pathlib import Path

from tests.integration.kubeletplugin.conftest import StartPlugin
from tests.integration.kubeletplugin.kubelet_side import Claim, KubeletSide
from tests.integration.kubeletplugin.little_api import LittleApi
from tests.integration.kubeletplugin.plugin_process import NodeDirectories
from tests.property.claims import claim, config, result

PAGE = Path(__file__).resolve().parents[3] / "docs/write-your-own-driver.md"
DRIVER = "fpga.acme.com"


def program() -> str:
    """What an author would put into one file: the profile of the page, and the program behind it."""
    text = PAGE.read_text()
    profile = doctest.script_from_examples(text.split("## Try it without a cluster")[0])
    main = text.split("## The program")[1].split("```python")[1].split("```")[0]
    return profile + main


def test_it_publishes_prepares_and_refuses(
    start: StartPlugin, kubelet: KubeletSide, api: LittleApi, node: NodeDirectories
) -> None:
    script = node.root / "fpga.py"
    script.write_text(program())
    api.add(claim("uid-1", [result("fpga-1", driver=DRIVER)], [config({"bitstream": "fir"}, driver=DRIVER)]))
    api.add(claim("uid-2", [result("fpga-2", driver=DRIVER)], [config({"clockMHz": 1}, driver=DRIVER)], name="wrong"))
    plugin = start("--driver-name", DRIVER, "--cards", "3", program=[str(script)])
    kubelet.wait_for_plugin(driver=DRIVER)
    api.wait(lambda: api.devices() == ["fpga-0", "fpga-1", "fpga-2"], "three cards")
    answers = kubelet.prepare(Claim("uid-1", "claim"), Claim("uid-2", "wrong"), driver=DRIVER)
    (device,) = answers["uid-1"].devices
    assert device.device == "fpga-1"
    (file,) = node.cdi_files()
    assert "FPGA_1_BITSTREAM=fir" in (node.cdi / file).read_text()
    assert "spec.devices.config[0].opaque.parameters.bitstream: the field is missing" in answers["uid-2"].error
    assert plugin.stop() == 0
