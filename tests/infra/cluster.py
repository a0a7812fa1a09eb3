"""A Kubernetes without a node: its own etcd, API server and controllers, and a kubelet that only says what pods are.

Objects are checked, stored, and acted on as anywhere: pods are made, rolled one by one, and refused where they break a
rule. What runs in them is another test's matter.
"""

import os
import secrets
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx2
import trustme

from infra.kubernetes.build import NotBuiltError, built
from infra.system_packages import NotInstalledError, install, may_install
from streams.broker.probe import free_port

_START_S: Final = 120.0
_STOP_S: Final = 20.0
_CONTROLLERS: Final = (
    "deployment-controller",
    "disruption-controller",
    "endpointslice-controller",
    "garbage-collector-controller",
    "namespace-controller",
    "replicaset-controller",
    "serviceaccount-controller",
    "statefulset-controller",
)
_LOOK_EVERY_S: Final = 0.1


class NoClusterError(Exception):
    """There is none to be had here; the message says what is missing."""


@dataclass
class Cluster:
    """A running one. `client` speaks to the API server, `kubeconfig` is for kubectl and Helm."""

    client: httpx2.Client
    kubeconfig: Path
    programs: Path

    def get(self, path: str) -> Any:
        """An object, or a list of them."""
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def items(self, path: str, **selector: str) -> list[dict[str, Any]]:
        """What a list holds, by labels."""
        labels = ",".join(f"{name}={value}" for name, value in selector.items())
        answer = self.client.get(path, params={"labelSelector": labels})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    def post(self, path: str, document: dict[str, Any]) -> httpx2.Response:
        """Make something; the answer."""
        return self.client.post(path, json=document)

    def patch(self, path: str, document: dict[str, Any]) -> None:
        """Change some fields."""
        headers = {"Content-Type": "application/merge-patch+json"}
        answer = self.client.patch(path, json=document, headers=headers)
        assert answer.status_code == 200, answer.text

    def run(self, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """kubectl or Helm."""
        program, *arguments = command
        kept = self.programs / program
        return subprocess.run(
            [str(kept) if kept.exists() else program, *arguments],
            input=stdin,
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig)},
            capture_output=True,
            text=True,
            timeout=300,
        )

    def until(self, is_so: Callable[[], bool], what: str) -> None:
        """Wait for something that its controllers bring about."""
        deadline_s = _now_s() + _START_S
        while not is_so():
            assert _now_s() < deadline_s, f"waited for {what}"
            threading.Event().wait(_LOOK_EVERY_S)


@dataclass
class Kubelet:
    """Says of every pod that it runs and is ready, one look after it was made, and takes those away that are to go.

    `least_ready` is the least number of ready pods that it saw of each component, once all were there.
    """

    cluster: Cluster
    namespace: str
    least_ready: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def at_work(self) -> Iterator["Kubelet"]:
        """Until the block ends."""
        over = threading.Event()
        problems: list[BaseException] = []

        def work() -> None:
            try:
                while not over.wait(_LOOK_EVERY_S):
                    self._look()
            except BaseException as problem:  # told where it can be seen
                problems.append(problem)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield self
        finally:
            over.set()
            thread.join()
        assert not problems, problems

    def _look(self) -> None:
        pods = self.cluster.items(f"/api/v1/namespaces/{self.namespace}/pods")
        ready: dict[str, int] = {}
        for pod in pods:
            component = pod["metadata"]["labels"]["app.kubernetes.io/component"]
            ready[component] = ready.get(component, 0) + _is_ready(pod)
        for component, count in ready.items():
            if component in self.least_ready:
                self.least_ready[component] = min(self.least_ready[component], count)
        for pod in pods:
            path = f"/api/v1/namespaces/{self.namespace}/pods/{pod['metadata']['name']}"
            if "deletionTimestamp" in pod["metadata"]:
                self.cluster.client.delete(path, params={"gracePeriodSeconds": "0"})
            elif "nodeName" not in pod["spec"]:
                target = {"apiVersion": "v1", "kind": "Node", "name": "node-1"}
                named = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod["metadata"]["name"]}}
                self.cluster.post(f"{path}/binding", named | {"target": target})
            elif not _is_ready(pod):
                with suppress(AssertionError):  # it was taken away just now
                    self.cluster.patch(f"{path}/status", {"status": _running()})


def _is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _running() -> dict[str, Any]:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    kinds = ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    return {
        "phase": "Running",
        "startTime": now,
        "conditions": [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in kinds],
    }


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """One of this machine alone, gone with the block.

    Raises:
        NoClusterError: a part is not here.
    """
    programs, etcd = _programs()
    peers, clients, secure = (free_port() for _ in range(3))
    token = secrets.token_hex(16)
    with ExitStack() as stack:
        stores = f"http://127.0.0.1:{clients}"
        options = {"data-dir": folder / "etcd", "listen-client-urls": stores, "advertise-client-urls": stores}
        peer = f"http://127.0.0.1:{peers}"
        options |= {"listen-peer-urls": peer, "initial-advertise-peer-urls": peer}
        options |= {"initial-cluster": f"default={peer}", "unsafe-no-fsync": "true", "log-level": "error"}
        stack.enter_context(_process(folder, "etcd", etcd, options))
        kubeconfig = _write_files(folder, secure, token)
        server = {
            "etcd-servers": stores,
            "bind-address": "127.0.0.1",
            "advertise-address": "127.0.0.1",
            "secure-port": secure,
            "tls-cert-file": folder / "server.pem",
            "tls-private-key-file": folder / "server.pem",
            "token-auth-file": folder / "tokens.csv",
            "authorization-mode": "RBAC",
            "service-cluster-ip-range": "10.96.0.0/16",
            "service-account-issuer": "https://kubernetes.default.svc",
            "service-account-key-file": folder / "accounts.pem",
            "service-account-signing-key-file": folder / "accounts.pem",
            "endpoint-reconciler-type": "none",
        }
        process = stack.enter_context(_process(folder, "kube-apiserver", programs / "kube-apiserver", server))
        trust = ssl.create_default_context(cafile=folder / "authority.pem")
        client = stack.enter_context(
            httpx2.Client(
                base_url=f"https://127.0.0.1:{secure}",
                headers={"Authorization": f"Bearer {token}"},
                verify=trust,
                timeout=60,
            )
        )
        cluster = Cluster(client, kubeconfig, programs)
        cluster.until(lambda: _answers(client, process), "the API server")
        controllers = {
            "kubeconfig": kubeconfig,
            "controllers": ",".join(_CONTROLLERS),
            "leader-elect": "false",
            "secure-port": "0",
            "service-account-private-key-file": folder / "accounts.pem",
        }
        stack.enter_context(
            _process(folder, "kube-controller-manager", programs / "kube-controller-manager", controllers)
        )
        yield cluster


def _programs() -> tuple[Path, Path]:
    """The folder of what was built, and etcd."""
    try:
        programs = built()
        if shutil.which("etcd") is None and may_install():
            install(["etcd-server"], print)
    except (NotBuiltError, NotInstalledError) as problem:
        raise NoClusterError(str(problem)) from None
    etcd = shutil.which("etcd")
    if etcd is None:
        raise NoClusterError("etcd is not here: apt-get install etcd-server")
    return programs, Path(etcd)


def _write_files(folder: Path, port: int, token: str) -> Path:
    """Certificates, a token of somebody who may do everything, and the file that kubectl reads."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    authority.issue_cert("accounts").private_key_pem.write_to_path(folder / "accounts.pem")
    (folder / "tokens.csv").write_text(f'{token},admin,admin,"system:masters"\n')
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(
        f"""\
apiVersion: v1
kind: Config
current-context: test
contexts: [{{name: test, context: {{cluster: test, user: admin}}}}]
users: [{{name: admin, user: {{token: {token}}}}}]
clusters:
  - name: test
    cluster: {{server: "https://127.0.0.1:{port}", certificate-authority: {folder / "authority.pem"}}}
"""
    )
    return kubeconfig


def _answers(client: httpx2.Client, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None, "the API server has ended: its log says why"
    try:
        return client.get("/readyz").status_code == 200
    except httpx2.TransportError:
        return False


@contextmanager
def _process(folder: Path, name: str, program: Path, options: dict[str, object]) -> Iterator["subprocess.Popen[bytes]"]:
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [str(program), *(f"--{option}={value}" for option, value in options.items())], stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _now_s() -> float:
    return datetime.now(UTC).timestamp()
