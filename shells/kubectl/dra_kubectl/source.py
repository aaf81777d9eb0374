"""What all subcommands share: where the cluster comes from, and how the output looks."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NoReturn

import click
import msgspec
from click.decorators import FC
from dra_core.allocation.features import DEFAULTS, Features
from dra_core.planning import Cluster, ClusterSnapshot, Document, Located, Reading, changed, read_cluster
from dra_core.refusal import Refusal
from returns.result import Failure

from dra_kubectl import what_if
from dra_kubectl.completing import Completion, kind_and_name, of_kind
from dra_kubectl.files import Files

FITS, DOES_NOT_FIT, BAD_INPUT = 0, 1, 2
"""Exit codes of all subcommands."""

MOST_FAULTS = 50  # lines; a broken file has thousands


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The options that say where the cluster comes from."""

    filenames: tuple[str, ...]
    recursive: bool
    kubeconfig: str
    context: str
    namespace: str
    all_namespaces: bool
    kubernetes: str


class Loaded(msgspec.Struct, frozen=True, eq=False):
    """A cluster, and what of it came from files.

    Attributes:
        cluster: Ready for questions.
        given: The objects of the files.
        namespace: Where objects are that a command names without a namespace.
        everywhere: Whether all namespaces are looked at where nothing is named.
        displaced: Pods (namespace and name) that lose their node in a what-if.
    """

    cluster: Cluster
    given: ClusterSnapshot
    namespace: str
    everywhere: bool = False
    displaced: frozenset[tuple[str, str]] = frozenset()


def source_options(command: FC) -> FC:
    """``-f``, the kubeconfig's options, and the version whose rules hold; ``given_source`` says what was given."""
    for option in reversed((*_OPTIONS, *_WHAT_IF)):
        command = option(command)
    return command


def _remember(context: click.Context, parameter: click.Parameter, value: str | bool | tuple[str, ...]) -> None:
    context.meta[f"{__name__}.{parameter.name}"] = value


_OPTIONS = (
    click.option(
        "-f",
        "--filename",
        "filenames",
        multiple=True,
        metavar="PATH",
        help="File or folder of YAML or JSON, or - for standard input; repeatable. If it holds Nodes or ResourceSlices,"
        " it is the cluster; else it is joined with the live one.",
        expose_value=False,
        callback=_remember,
    ),
    click.option(
        "-R",
        "--recursive",
        is_flag=True,
        help="Read folders inside of -f folders as well.",
        expose_value=False,
        callback=_remember,
    ),
    click.option(
        "-n",
        "--namespace",
        default="",
        metavar="NAME",
        help="Namespace of what is named without one.",
        expose_value=False,
        callback=_remember,
        shell_complete=of_kind("Namespace"),
    ),
    click.option(
        "-A",
        "--all-namespaces",
        is_flag=True,
        help="Whatever waits in any namespace, where nothing is named.",
        expose_value=False,
        callback=_remember,
    ),
    *(
        click.option(*names, default="", metavar=metavar, help=text, expose_value=False, callback=_remember)
        for names, metavar, text in (
            (("--kubeconfig",), "PATH", "Kubeconfig of the live cluster."),
            (("--context",), "NAME", "Context of the kubeconfig."),
            (
                ("--kubernetes",),
                "VERSION",
                f"Rules of this version: {', '.join(DEFAULTS)}, or all (every alpha feature)."
                " [default: the live cluster's, or the newest]",
            ),
        )
    ),
)


_COMPLETIONS: Mapping[str, Completion] = {
    "--without": kind_and_name,
    "--remove-node": of_kind("Node"),
    "--drain": of_kind("Node"),
    "--taint": of_kind("Node"),
    "--untaint": of_kind("Node"),
    "--add-node": of_kind("Node", "like="),
}
_WHAT_IF = tuple(
    click.option(
        option,
        multiple=True,
        nargs=count,
        metavar=metavar,
        help=text,
        expose_value=False,
        callback=what_if.remembered,
        shell_complete=_COMPLETIONS.get(option),
    )
    for option, metavar, count, text in what_if.OPTIONS
)


def given_source(context: click.Context | None = None) -> Source:
    """What the command line says about the source."""
    meta = (context or click.get_current_context()).meta
    return Source(
        filenames=meta[f"{__name__}.filenames"],
        recursive=meta[f"{__name__}.recursive"],
        kubeconfig=meta[f"{__name__}.kubeconfig"],
        context=meta[f"{__name__}.context"],
        namespace=meta[f"{__name__}.namespace"],
        all_namespaces=meta[f"{__name__}.all_namespaces"],
        kubernetes=meta[f"{__name__}.kubernetes"],
    )


def load() -> Loaded:
    """The cluster; ends the program with BAD_INPUT if anything is wrong."""
    gc.disable()  # millions of records without cycles: nothing to find, and much to look at
    try:
        return _loaded(given_source())
    finally:
        gc.freeze()
        gc.enable()


def _loaded(source: Source) -> Loaded:
    files = Files(source.filenames, recursive=source.recursive)
    namespace = source.namespace or "default"
    given = _read_files(files, namespace)
    snapshot, minor = given, 0
    if not given.describes_a_cluster:
        from dra_kubectl.live import read_live, say

        live = read_live(source.kubeconfig, source.context)
        say(live.remarks)
        there = _read(tuple(live.documents.values()), list(live.faults), namespace)
        minor = live.minor
        if not source.namespace and live.namespace not in ("", namespace):
            namespace = live.namespace
            given = _read_files(files, namespace)
        snapshot = there.joined(given)
    before, snapshot = snapshot, _changed(snapshot, namespace)
    from dra_core.allocation.cel_language import CelLanguage

    cluster = Cluster(snapshot, CelLanguage(), _features(source.kubernetes, minor))
    return Loaded(cluster, given, namespace, source.all_namespaces, _placed(before) - _placed(snapshot))


def _placed(snapshot: ClusterSnapshot) -> frozenset[tuple[str, str]]:
    return frozenset((pod.metadata.namespace, pod.metadata.name) for pod in snapshot.pods if pod.spec.node_name)


def follow() -> Iterator[Loaded]:
    """The live cluster now, and again whenever something in it changed, without end."""
    source = given_source()
    from dra_kubectl.following import following
    from dra_kubectl.live import read_live, say

    live = read_live(source.kubeconfig, source.context)
    say(live.remarks)
    namespace = source.namespace or live.namespace or "default"
    parts = {kind: _read([document], [], namespace) for kind, document in live.documents.items()}
    if live.server is None or live.faults:
        refuse(live.faults)
    from dra_core.allocation.cel_language import CelLanguage

    features = _features(source.kubernetes, live.minor)
    first: Cluster | None = None  # what CEL answered is kept there; a chain of clusters would keep them all
    with following(live.server, live.served) as changes:
        while True:
            snapshot = ClusterSnapshot()
            for part in parts.values():
                snapshot = snapshot.joined(part)
            snapshot = _changed(snapshot, namespace)
            cluster = Cluster(snapshot, CelLanguage(), features) if first is None else first.having(snapshot)
            first = first or cluster
            yield Loaded(cluster, ClusterSnapshot(), namespace)
            news = next(changes)
            say(news.broken)
            parts |= {kind: _read([document], [], namespace) for kind, document in news.documents.items()}


def _changed(snapshot: ClusterSnapshot, namespace: str) -> ClusterSnapshot:
    """The snapshot after the command line's what-ifs."""
    try:
        edits = what_if.given_edits(namespace, {node.metadata.name for node in snapshot.nodes})
    except what_if.NotAnEditError as error:
        bad_input(str(error))
    after = changed(snapshot, edits)
    if isinstance(after, Failure):
        refusal: Refusal = after.failure()
        bad_input(refusal.sentence)
    return after.unwrap()


def load_files(filenames: Sequence[str], namespace: str = "default") -> ClusterSnapshot:
    """The objects of files alone; ends the program where these are all of kinds that nobody looks at."""
    reading = _reading_of(Files(filenames), namespace)
    if reading.ignored and reading.snapshot == ClusterSnapshot():
        bad_input(f"{', '.join(filenames)}: nothing in it is about devices or pods, only {', '.join(reading.ignored)}")
    return reading.snapshot


def _read_files(files: Files, namespace: str) -> ClusterSnapshot:
    return _reading_of(files, namespace).snapshot


def _reading_of(files: Files, namespace: str) -> Reading:
    faults: list[Located] = []
    return _reading(files.documents(faults), faults, namespace)


def _read(documents: Iterable[Document], faults: list[Located], namespace: str) -> ClusterSnapshot:
    return _reading(documents, faults, namespace).snapshot


def _reading(documents: Iterable[Document], faults: list[Located], namespace: str) -> Reading:
    """The objects of documents; ends the program if there are faults, here or in reading (then all are told)."""
    read = read_cluster(documents, namespace=namespace)
    if isinstance(read, Failure):
        refused: tuple[Located, ...] = read.failure()
        faults = [*faults, *refused]
    if faults:
        refuse(faults)
    reading: Reading = read.unwrap()
    for unknown in reading.unknown[:MOST_FAULTS]:
        click.echo(f"note: {unknown.sentence}", err=True)
    return reading


def refuse(faults: Sequence[Located]) -> NoReturn:
    """Say what is wrong with the input, and end."""
    for fault in faults[:MOST_FAULTS]:
        click.echo(f"error: {fault.sentence}", err=True)
    if len(faults) > MOST_FAULTS:
        click.echo(f"error: and {len(faults) - MOST_FAULTS} more", err=True)
    sys.exit(BAD_INPUT)


def bad_input(text: str) -> NoReturn:
    """Say what is wrong with the command line, and end."""
    click.echo(f"error: {text}", err=True)
    sys.exit(BAD_INPUT)


def _features(version: str, minor: int) -> Features:
    if version == "all":
        return Features.everything()
    if version:
        known = version.removeprefix("v")
        if known not in DEFAULTS:
            bad_input(f"--kubernetes {version}: known are {', '.join(DEFAULTS)} and all")
        return DEFAULTS[known]
    return DEFAULTS.get(f"1.{minor}", DEFAULTS[max(DEFAULTS)])
