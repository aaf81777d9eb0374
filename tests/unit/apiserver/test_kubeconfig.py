"""Kubeconfigs and pods: where the API server is, and who we are; every fault in one line for people."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from dra_apiserver import NODES, Access, ApiServer, IdentityError, access_by_kubeconfig, access_in_pod, kubeconfig_files
from dra_apiserver.exec_credential import read_exec_credential
from dra_apiserver.token_file import TokenFile
from dra_core.refusal import Refusal
from dra_core.snapshot.json_value import Json, JsonObject
from returns.result import Failure, Result, Success

from tests.unit.apiserver.scripted_server import Answer, ScriptedServer

EXEC = "client.authentication.k8s.io/v1"


def kubeconfig(path: Path, *, cluster: JsonObject | None = None, user: JsonObject | None = None, **more: Json) -> Path:
    content: dict[str, Json] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "mine"}}],
        "clusters": [{"name": "c", "cluster": cluster or {"server": "http://127.0.0.1:1/"}}],
        "users": [{"name": "u", "user": user or {}}],
        **more,
    }
    path.write_text(json.dumps(content))
    return path


def access(*files: Path, context: str = "") -> Access:
    found: Result[Access, Refusal] = access_by_kubeconfig(files, context)
    assert isinstance(found, Success), found
    way: Access = found.unwrap()
    return way


def refusal(*files: Path, context: str = "") -> Refusal:
    found: Result[Access, Refusal] = access_by_kubeconfig(files, context)
    assert isinstance(found, Failure)
    refused: Refusal = found.failure()
    return refused


class TestKubeconfig:
    def test_server_namespace_and_token(self, tmp_path: Path) -> None:
        found = access(kubeconfig(tmp_path / "config", user={"token": "secret"}))
        assert (found.server, found.namespace) == ("http://127.0.0.1:1", "mine")
        assert found.identity(False).token == "secret"

    def test_yaml_too(self, tmp_path: Path) -> None:
        path = tmp_path / "config"
        path.write_text(
            "current-context: a\n"
            "contexts: [{name: a, context: {cluster: c}}]\n"
            "clusters: [{name: c, cluster: {server: http://here}}]\n"
        )
        found = access(path)
        assert found.server == "http://here"
        assert found.identity(False).token == "", "without a user: nobody"

    def test_another_context(self, tmp_path: Path) -> None:
        contexts: Json = [
            {"name": "here", "context": {"cluster": "c", "user": "u"}},
            {"name": "there", "context": {"cluster": "d", "user": "u"}},
        ]
        clusters: Json = [
            {"name": "c", "cluster": {"server": "http://c"}},
            {"name": "d", "cluster": {"server": "http://d"}},
        ]
        path = kubeconfig(tmp_path / "config", contexts=contexts, clusters=clusters)
        assert access(path).server == "http://c"
        assert access(path, context="there").server == "http://d"

    def test_the_token_file_is_relative_to_its_kubeconfig(self, tmp_path: Path) -> None:
        (tmp_path / "token").write_text("from the file\n")
        found = access(kubeconfig(tmp_path / "config", user={"tokenFile": "token"}))
        assert found.identity(False).token == "from the file"

    def test_of_several_files_the_first_that_sets_a_value_wins(self, tmp_path: Path) -> None:
        first = tmp_path / "first"
        first.write_text(json.dumps({"users": [{"name": "u", "user": {"token": "first"}}]}))
        second = kubeconfig(tmp_path / "second", user={"token": "second"})
        found = access(tmp_path / "missing", first, second)
        assert found.identity(False).token == "first"
        assert found.server == "http://127.0.0.1:1"

    def test_which_files_kubectl_would_read(self) -> None:
        home = Path("/home/me")
        assert kubeconfig_files({}, home) == (home / ".kube/config",)
        assert kubeconfig_files({"KUBECONFIG": "/a::/b"}, home) == (Path("/a"), Path("/b"))

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            ({"current-context": ""}, "no context is set"),
            ({"current-context": "gone"}, "there is no context named 'gone' (there are: here)"),
            ({"clusters": []}, "the context 'here' names the cluster 'c', which is not there"),
            ({"users": None}, "the context 'here' names the user 'u', which is not there"),
            ({"cluster": {"insecure-skip-tls-verify": True}}, "has no server"),
            ({"user": {"auth-provider": {"name": "gcp"}}}, "Kubernetes gave it up"),
            ({"user": {"username": "me"}}, "use a token or a client certificate"),
            ({"user": {"as": "somebody"}}, "impersonation"),
            ({"user": {"tokenFile": "gone", "client-certificate-data": "%"}}, "is not base64"),
            ({"user": {"client-certificate": "gone"}}, "No such file"),
            ({"cluster": {"server": "https://a", "certificate-authority-data": "bm8gY2VydA=="}}, "cannot be used"),
        ],
    )
    def test_what_is_wrong_is_told_in_one_line(self, tmp_path: Path, more: Mapping[str, Json], said: str) -> None:
        path = tmp_path / "config"
        kubeconfig(path)
        content = json.loads(path.read_text())
        for key, value in more.items():
            match key:
                case "cluster":
                    content["clusters"][0]["cluster"] = value
                case "user":
                    content["users"][0]["user"] = value
                case _:
                    content[key] = value
        path.write_text(json.dumps(content))
        sentence = refusal(path).sentence
        assert said in sentence
        assert "\n" not in sentence
        assert refusal(path).code == "KubeconfigUnusable"

    @pytest.mark.parametrize("text", ["{", "\x00", "a: [", "&a [*a]"])
    def test_what_is_no_kubeconfig(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "config"
        path.write_text(text)
        assert str(path) in refusal(path).sentence


class TestTls:
    @pytest.fixture(scope="class")
    @staticmethod
    def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
        """A file with a key and the certificate that it signed for itself, good for servers and clients."""
        path = tmp_path_factory.mktemp("tls") / "both.pem"
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=server"
        names = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:other.name"]
        subprocess.run(
            [*command.split(), *names, "-keyout", str(path), "-out", f"{path}.crt"], check=True, capture_output=True
        )
        path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
        return path

    def test_the_servers_certificate_is_checked_and_the_clients_shown(self, tmp_path: Path, certificate: Path) -> None:
        server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server_side.load_cert_chain(certificate)
        server_side.load_verify_locations(f"{certificate}.crt")
        server_side.verify_mode = ssl.CERT_REQUIRED
        pem = base64.b64encode(certificate.read_bytes()).decode()
        user = {"client-certificate-data": pem, "client-key-data": pem}
        authority = {"certificate-authority": f"{certificate}.crt"}
        with ScriptedServer(Answer(body={"kind": "Node"}), tls=server_side) as server:
            path = kubeconfig(tmp_path / "config", cluster={"server": server.url, **authority}, user=user)
            answer = ApiServer(access(path), "tests").get(NODES, "a")
            assert isinstance(answer, Success), answer

    @pytest.mark.parametrize(
        ("cluster", "good"),
        [({}, False), ({"insecure-skip-tls-verify": True}, True), ({"tls-server-name": "wrong.name"}, False)],
    )
    def test_an_unknown_authority_is_refused_unless_told_otherwise(
        self, tmp_path: Path, certificate: Path, cluster: JsonObject, good: bool
    ) -> None:
        server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server_side.load_cert_chain(certificate)
        with ScriptedServer(*[Answer(body={"kind": "Node"})] * 2, tls=server_side) as server:
            path = kubeconfig(tmp_path / "config", cluster={"server": server.url, **cluster})
            answer = ApiServer(access(path), "tests").get(NODES, "a")
            assert isinstance(answer, Success) is good

    def test_the_name_in_the_certificate_may_be_another_one(self, tmp_path: Path, certificate: Path) -> None:
        server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server_side.load_cert_chain(certificate)
        cluster = {"certificate-authority": f"{certificate}.crt", "tls-server-name": "other.name"}
        with ScriptedServer(Answer(body={"kind": "Node"}), tls=server_side) as server:
            path = kubeconfig(tmp_path / "config", cluster={"server": server.url, **cluster})
            assert isinstance(ApiServer(access(path), "tests").get(NODES, "a"), Success)


class TestExec:
    def program(self, directory: Path, answer: str, *, code: int = 0) -> JsonObject:
        """A program that notes its runs, and the kubeconfig's user that names it."""
        script = directory / "login"
        script.write_text(
            f'#!/bin/sh\necho "$KUBERNETES_EXEC_INFO $1 $MORE" >> {directory}/runs\n'
            f"cat <<'END'\n{answer}\nEND\nexit {code}\n"
        )
        script.chmod(0o755)
        env: Json = [{"name": "MORE", "value": "more"}]
        return {
            "exec": {
                "apiVersion": EXEC,
                "command": "./login",
                "args": ["first"],
                "env": env,
                "provideClusterInfo": True,
                "interactiveMode": "Never",
                "installHint": "install\n  login",
            }
        }

    def answer(self, **status: Json) -> str:
        return json.dumps({"apiVersion": EXEC, "kind": "ExecCredential", "status": status})

    def runs(self, directory: Path) -> list[str]:
        return (directory / "runs").read_text().splitlines()

    def test_the_program_is_run_once_and_told_what_for(self, tmp_path: Path) -> None:
        user = self.program(tmp_path, self.answer(token="fresh"))
        found = access(kubeconfig(tmp_path / "config", user=user))
        assert [found.identity(False).token for _ in range(3)] == ["fresh"] * 3
        (run,) = self.runs(tmp_path)
        assert '"interactive":false' in run
        assert '"server":"http://127.0.0.1:1"' in run
        assert run.endswith("first more")

    def test_it_is_run_again_when_refused_or_expired(self, tmp_path: Path) -> None:
        user = self.program(tmp_path, self.answer(token="fresh"))
        found = access(kubeconfig(tmp_path / "config", user=user))
        found.identity(False)
        found.identity(True)
        assert len(self.runs(tmp_path)) == 2
        old = self.program(tmp_path, self.answer(token="old", expirationTimestamp="2020-01-01T00:00:00Z"))
        found = access(kubeconfig(tmp_path / "config", user=old))
        found.identity(False)
        found.identity(False)
        assert len(self.runs(tmp_path)) == 4

    @pytest.mark.parametrize(("answer", "code"), [("{}", 0), ("nonsense", 0), ("", 3)])
    def test_when_it_gives_nothing_the_hint_is_told(self, tmp_path: Path, answer: str, code: int) -> None:
        found = access(kubeconfig(tmp_path / "config", user=self.program(tmp_path, answer, code=code)))
        with pytest.raises(IdentityError, match=r"'./login' of the kubeconfig gave no credential: .*\(install login\)"):
            found.identity(False)

    def test_a_program_that_is_not_there(self, tmp_path: Path) -> None:
        user: JsonObject = {"exec": {"apiVersion": EXEC, "command": "no-such-program-anywhere"}}
        with pytest.raises(IdentityError, match="no-such-program-anywhere"):
            access(kubeconfig(tmp_path / "config", user=user)).identity(False)

    def test_a_version_that_is_not_known(self, tmp_path: Path) -> None:
        user: JsonObject = {"exec": {"apiVersion": "client.authentication.k8s.io/v9", "command": "true"}}
        with pytest.raises(IdentityError, match="v9"):
            access(kubeconfig(tmp_path / "config", user=user)).identity(False)

    def test_certificates_need_their_key(self) -> None:
        pair = read_exec_credential({"status": {"clientCertificateData": "c", "clientKeyData": "k"}})
        assert (pair.certificate, pair.key, pair.token) == ("c", "k", "")
        with pytest.raises(ValueError, match="neither a token nor"):
            read_exec_credential({"status": {"clientCertificateData": "c"}})


class TestPod:
    def test_address_token_and_namespace(self, tmp_path: Path) -> None:
        self.service_account(tmp_path)
        environment = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
        found: Result[Access, Refusal] = access_in_pod(environment, tmp_path)
        assert isinstance(found, Success), found
        assert found.unwrap().server == "https://[fd00::1]:443"
        assert found.unwrap().namespace == "drivers"
        assert found.unwrap().identity(False).token == "secret"

    def test_no_pod(self, tmp_path: Path) -> None:
        found: Result[Access, Refusal] = access_in_pod({}, tmp_path)
        assert isinstance(found, Failure)
        assert found.failure().code == "NotInAPod"

    def test_no_service_account(self, tmp_path: Path) -> None:
        environment = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
        found: Result[Access, Refusal] = access_in_pod(environment, tmp_path)
        assert isinstance(found, Failure)
        assert "automountServiceAccountToken" in found.failure().sentence

    def service_account(self, directory: Path) -> None:
        (directory / "token").write_text("secret\n")
        (directory / "namespace").write_text("drivers")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=ca", "-keyout", "/dev/null", "-out", str(directory / "ca.crt")],
            check=True,
            capture_output=True,
        )  # fmt: skip


class TestTokenFile:
    def test_a_replaced_token_is_read_when_the_old_one_was_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "token"
        path.write_text("old")
        token = TokenFile(path)
        assert token.token(False) == "old"
        path.write_text("new")
        assert token.token(False) == "old", "it is not read for each request"
        assert token.token(True) == "new"

    def test_while_it_is_replaced_the_old_one_serves(self, tmp_path: Path) -> None:
        path = tmp_path / "token"
        path.write_text("old")
        token = TokenFile(path)
        assert token.token(False) == "old"
        path.unlink()
        assert token.token(True) == "old"

    def test_one_that_was_never_there(self, tmp_path: Path) -> None:
        with pytest.raises(IdentityError, match="cannot be read"):
            TokenFile(tmp_path / "token").token(False)
