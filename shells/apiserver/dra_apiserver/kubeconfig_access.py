"""Access with a kubeconfig: its files read, its certificates loaded, its programs run when they are needed."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from dra_core.refusal import Fault, Refusal
from dra_core.snapshot.json_value import Json, object_at, text_at
from returns.result import Failure, Result, Success

from dra_apiserver.access import Access, Identity
from dra_apiserver.exec_credential import ExecCredentials
from dra_apiserver.kubeconfig import Chosen, Entry, chosen
from dra_apiserver.token_file import TokenFile


def access_by_kubeconfig(files: Sequence[Path], context: str = "") -> Result[Access, Refusal]:
    """Access through a context ("": the current one) of kubeconfig files; does not call the server."""
    contents = _contents(files)
    if isinstance(contents, Failure):
        refused: Refusal = contents.failure()
        return Failure(refused)
    return chosen(contents.unwrap(), context).bind(_access)


def _contents(files: Sequence[Path]) -> Result[list[tuple[Path, Json]], Refusal]:
    import yaml  # costs a megabyte; pods do without

    contents: list[tuple[Path, Json]] = []
    for path in files:
        try:
            with path.open("rb") as file:
                content: Json = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  safe
        except FileNotFoundError as error:
            if len(files) > 1:  # kubectl passes over names in KUBECONFIG that are no files
                continue
            return Failure(_unusable(path, error))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            return Failure(_unusable(path, error))
        contents.append((path, content))
    return Success(contents)


def _access(found: Chosen) -> Result[Access, Refusal]:
    try:
        return Success(
            Access(
                server=found.server,
                namespace=found.namespace,
                identity=_identity(found),
                proxy=text_at(found.cluster.content, "proxy-url"),
                server_name=text_at(found.cluster.content, "tls-server-name"),
            )
        )
    except (OSError, ValueError) as error:
        return Failure(
            Refusal(
                code="KubeconfigUnusable",
                fault=Fault.USER,
                path=f"kubeconfig, context {found.context}",
                seen=f"its certificates or tokens cannot be used: {' '.join(str(error).split())}",
            )
        )


def _identity(found: Chosen) -> Callable[[bool], Identity]:
    user = found.user.content
    if "exec" in user:
        return _by_program(found)
    certificate, key = found.user.bytes_of("client-certificate"), found.user.bytes_of("client-key")
    tls = _tls(found.cluster, certificate, key)
    token, file = text_at(user, "token"), text_at(user, "tokenFile")
    if file and not token:
        tokens = TokenFile(found.user.directory / file)
        return lambda refused: Identity(token=tokens.token(refused), tls=tls)
    return lambda _: Identity(token=token, tls=tls)


def _by_program(found: Chosen) -> Callable[[bool], Identity]:
    cluster = {
        "server": found.server,
        "certificate-authority-data": text_at(found.cluster.content, "certificate-authority-data"),
    }
    program = ExecCredentials(object_at(found.user.content, "exec"), cluster, found.user.directory)
    plain = _tls(found.cluster, b"", b"")
    known = (("", ""), plain)

    def identity(refused: bool) -> Identity:
        nonlocal known
        credential = program.credential(refused)
        pair = (credential.certificate, credential.key)
        if known[0] != pair:
            known = (pair, _tls(found.cluster, pair[0].encode(), pair[1].encode()) if pair[0] else plain)
        return Identity(token=credential.token, tls=known[1])

    return identity


def _tls(cluster: Entry, certificate: bytes, key: bytes) -> ssl.SSLContext:
    authority = cluster.bytes_of("certificate-authority")
    insecure = cluster.content.get("insecure-skip-tls-verify") is True
    if insecure or text_at(cluster.content, "server").startswith("http:"):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without the system's authorities, which take memory
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    else:
        tls = ssl.create_default_context(cadata=authority.decode() if authority else None)
    if certificate and key:
        with tempfile.NamedTemporaryFile() as both:  # ssl reads certificates from files only; 0600
            both.write(certificate + b"\n" + key)
            both.flush()
            tls.load_cert_chain(both.name)
    return tls


def _unusable(path: Path, error: Exception) -> Refusal:
    return Refusal(
        code="KubeconfigUnusable",
        fault=Fault.USER,
        path=f"kubeconfig {path}",
        seen=" ".join(str(error).split()),
        hint="kubectl config view shows what is wrong",
    )
