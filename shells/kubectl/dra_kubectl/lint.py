"""``kubectl-dra lint``: objects against the API's rules, before they are applied."""

from __future__ import annotations

import sys

import click
import msgspec
from dra_core.allocation.cel_language import CelLanguage
from dra_core.planning import Located, lint_documents
from dra_core.planning.explain import API_VERSION
from dra_core.planning.lint import unchecked_parameters

from dra_kubectl.files import Files
from dra_kubectl.output import output_option, print_value
from dra_kubectl.source import BAD_INPUT, DOES_NOT_FIT, FITS


class LintReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The findings; ``drakit.dev/v1alpha1`` of its JSON."""

    api_version: str = API_VERSION
    kind: str = "LintReport"
    findings: tuple[Located, ...]


@click.command()
@click.option("-f", "--filename", "filenames", multiple=True, required=True, metavar="PATH", help="As for explain.")
@click.option("-R", "--recursive", is_flag=True, help="Read folders inside of -f folders as well.")
@click.option("-n", "--namespace", default="default", metavar="NAME", help="Namespace of objects that name none.")
@click.option("--details", is_flag=True, help="Name opaque parameters that only their driver could check.")
@output_option()
def lint(filenames: tuple[str, ...], recursive: bool, namespace: str, details: bool, form: str) -> None:
    """Check slices, classes, claims, templates, taint rules and the claims of pods; all faults at once.

    Exit code 0: nothing found, 1: faults found, 2: a file is not readable.
    """
    files, unreadable = Files(filenames, recursive=recursive), list[Located]()
    wrong = lint_documents(files.documents(unreadable), CelLanguage(), namespace=namespace)
    findings = (*unreadable, *wrong)
    if form == "text":
        for finding in findings:
            click.echo(f"{finding.sentence} [{finding.refusal.code}]")
        if not findings:
            click.echo("no faults found")
        for remark in unchecked_parameters(files.documents([]), namespace=namespace) if details else ():
            click.echo(f"note: {remark.sentence}")
    else:
        print_value(LintReport(findings=findings), form)
    sys.exit(BAD_INPUT if unreadable else DOES_NOT_FIT if findings else FITS)
