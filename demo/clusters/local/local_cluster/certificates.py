"""A CA and the certificates that the components know each other by, made with openssl."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .layout import Layout

# Common name and organisation by file name: Kubernetes takes them for user and group.
USERS = {
    "admin": ("kubernetes-admin", "system:masters"),
    "controller-manager": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
}


def make_certificates(layout: Layout) -> None:
    """Make what is missing; what is there stays, because running components use it."""
    folder = layout.certificates
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (folder / "ca.crt").exists():
        _openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                 "-days", "365", "-subj", f"/CN={layout.name}-ca", "-keyout", "ca.key", "-out", "ca.crt")  # fmt: skip
    if not (folder / "service-account.key").exists():
        _openssl(folder, "genrsa", "-out", "service-account.key", "2048")
    users = {**USERS, "kubelet": (f"system:node:{layout.node_name}", "system:nodes")}
    for name, (common_name, organisation) in users.items():
        _certificate(folder, name, f"/{f'O={organisation}/' if organisation else ''}CN={common_name}", "")
    names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost"]
    addresses = [layout.address, layout.service_address, "127.0.0.1"]
    alternatives = ",".join([*(f"DNS:{name}" for name in names), *(f"IP:{address}" for address in addresses)])
    _certificate(folder, "apiserver", "/CN=kube-apiserver", alternatives)


def _certificate(folder: Path, name: str, subject: str, alternatives: str) -> None:
    if (folder / f"{name}.crt").exists():
        return
    usage = "serverAuth" if alternatives else "clientAuth"
    extensions = f"extendedKeyUsage={usage}\n" + (f"subjectAltName={alternatives}\n" if alternatives else "")
    (folder / f"{name}.ext").write_text(extensions)
    _openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", subject,
             "-keyout", f"{name}.key", "-out", f"{name}.csr")  # fmt: skip
    _openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
             "-days", "365", "-extfile", f"{name}.ext", "-out", f"{name}.crt")  # fmt: skip


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
