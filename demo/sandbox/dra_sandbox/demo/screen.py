"""What the demo shows: headings, tables and verdicts, as wide as the terminal and readable without colour."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence

from dra_core.snapshot.json_value import text_at
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dra_sandbox.demo.device_table import Row, in_use
from dra_sandbox.demo.expectations import Container, environment_of
from dra_sandbox.world.objects import POD, World, namespace_of, objects_at

QUIET_ENDINGS = ("_UUID", "_RESOURCE_CLAIM")  # long, and the device table shows the same
WHOLE = ("UUID", "SEES")  # columns whose cells people copy
NARROWEST = 80  # columns, where nobody says how wide the output may be


class Screen:
    """Writes to standard output."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or make_console()

    def say(self, text: str = "") -> None:
        """A line."""
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def heading(self, text: str) -> None:
        """A line that stands out, after an empty one."""
        self._console.print()
        self._console.print(Text(text, style="bold"), soft_wrap=True)

    @contextlib.contextmanager
    def working(self, text: str) -> Iterator[None]:
        """Says on a terminal, as long as it lasts, what is going on."""
        with self._console.status(Text(text)):
            yield

    def good(self, text: str) -> None:
        """Something is as it should be."""
        self._console.print(Text("ok    ", style="green") + Text(text, style=""), soft_wrap=True)

    def bad(self, text: str) -> None:
        """Something is not."""
        self._console.print(Text("FAULT ", style="bold red") + Text(text), soft_wrap=True)

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table without lines; long cells are folded."""
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
        for heading in headings:
            table.add_column(heading, overflow="fold", no_wrap=heading in WHOLE)
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        if self._console.is_terminal:
            self._console.print(table)
            return
        with self._console.capture() as printed:
            self._console.print(table)
        for line in printed.get().splitlines():  # without the blanks that fill the last column
            self.say(line.rstrip())

    def devices(self, rows: tuple[Row, ...]) -> None:
        """What there is."""
        self.table(
            ("NODE", "DEVICE", "UUID", "MODEL"),
            [(row.node, row.device, row.uuid or "-", row.model or "-") for row in rows],
        )

    def device_table(self, rows: tuple[Row, ...]) -> None:
        """Every device, and who uses it."""
        self.table(
            ("NODE", "DEVICE", "UUID", "CLAIM", "PODS"),
            [(row.node, row.device, row.uuid or "-", *_users(row)) for row in rows],
        )

    def devices_in_use(self, rows: tuple[Row, ...]) -> None:
        """The devices that are in use, and how many are not."""
        used = in_use(rows)
        self.table(("DEVICE", "UUID", "CLAIM", "PODS"), [(row.device, row.uuid or "-", *_users(row)) for row in used])
        free = sum(not row.occupied for row in rows)
        self.say(f"{free} of {len(rows)} devices are free." if free else f"All {len(rows)} devices are in use.")

    def pods(self, world: World, namespace: str) -> None:
        """The pods of a namespace, as kubectl shows them."""
        rows = []
        for pod in world.all(POD):
            if namespace_of(pod) == namespace:
                statuses = objects_at(pod, "status", "containerStatuses")
                ready = sum(item.get("ready") is True for item in statuses)
                rows.append(
                    (
                        text_at(pod, "metadata", "name"),
                        f"{ready}/{len(objects_at(pod, 'spec', 'containers'))}",
                        text_at(pod, "status", "phase") or "Pending",
                        text_at(pod, "spec", "nodeName") or "-",
                    )
                )
        self.table(("POD", "READY", "STATUS", "NODE"), rows)

    def environments(self, outputs: Mapping[Container, str]) -> None:
        """What each container sees of its GPUs."""
        rows = [("/".join(container), "\n".join(_gpu_lines(text)) or "-") for container, text in outputs.items()]
        self.table(("CONTAINER", "SEES"), rows)


def make_console() -> Console:
    """As wide as the terminal; where there is none, wide enough."""
    console = Console()
    return console if console.is_terminal else Console(width=max(console.width, NARROWEST))


def _users(row: Row) -> tuple[str, str]:
    """The claims that have the device, and beside each its pods."""
    claims = (user.claim for user in row.users)
    pods = (f"{', '.join(user.pods) or 'nobody'}{' (admin)' if user.admin else ''}" for user in row.users)
    return "\n".join(claims) or "-", "\n".join(pods) or "-"


def _gpu_lines(output: str) -> list[str]:
    return [
        f"{name}={value}"
        for name, value in environment_of(output).items()
        if (name.startswith("GPU_DEVICE_") and not name.endswith(QUIET_ENDINGS))
        or (name == "DRA_ADMIN_ACCESS" and value == "true")
    ]
