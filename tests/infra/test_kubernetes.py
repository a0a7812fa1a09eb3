"""The chart on a real API server with its controllers: installed, asked, rolled, scaled, rolled back, taken away.

The namespace takes no pod that is not `restricted`, the strictest of Kubernetes' own standards.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.infra.cluster import Cluster, Kubelet, NoClusterError, running_cluster

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

CHART: Final = "infra/chart"
DEFINITIONS: Final = (
    (
        "github.com/prometheus-operator/prometheus-operator@v0.85.0",
        "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
        (
            "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
            "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
        ),
    ),
    (
        "github.com/kedacore/keda/v2@v2.18.1",
        "h1:h6bRt/IOxxtZpJlHSqhdH/lcInH7Z9obxg/JvWOmGAw=",
        ("config/crd/bases/keda.sh_scaledobjects.yaml",),
    ),
)
"""Where others' kinds are defined that `ci/all.yaml` has: module, its checksum, files."""
SERVICES: Final = {"worker", "prober", "gateway", "history", "notifier", "dashboard"}
NAMESPACE: Final = "slo"
_APPS = f"/apis/apps/v1/namespaces/{NAMESPACE}"
_CORE = f"/api/v1/namespaces/{NAMESPACE}"
_WORKER = f"{_APPS}/statefulsets/slo-worker"
_BUDGETS = f"/apis/policy/v1/namespaces/{NAMESPACE}/poddisruptionbudgets"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One with the kinds of Prometheus' operator and of KEDA, and the namespace of the chart."""
    try:
        with running_cluster(tmp_path_factory.mktemp("kubernetes")) as found:
            for definition in definitions():
                done = found.run("kubectl", "create", "-f", "-", stdin=definition)
                assert done.returncode == 0, done.stderr
            labels = {"pod-security.kubernetes.io/enforce": "restricted"}
            made = found.post("/api/v1/namespaces", {"metadata": {"name": NAMESPACE, "labels": labels}})
            assert made.status_code == 201, made.text
            accounts = f"{_CORE}/serviceaccounts/default"
            found.until(lambda: found.client.get(accounts).status_code == 200, "the namespace to be ready")
            yield found
    except NoClusterError as problem:
        pytest.skip(str(problem))


def definitions() -> Iterator[str]:
    """Definitions of kinds as their makers publish them, fetched as modules of Go."""
    for module, checksum, files in DEFINITIONS:
        done = subprocess.run(["go", "mod", "download", "-json", module], capture_output=True, text=True, timeout=300)
        if done.returncode:
            pytest.skip(f"{module} cannot be had: {done.stdout}{done.stderr}")
        found = json.loads(done.stdout)
        assert found["Sum"] == checksum
        for name in files:
            yield Path(found["Dir"], name).read_text(encoding="utf-8")


def helm(cluster: Cluster, *arguments: str) -> str:
    done = cluster.run("helm", *arguments, "--namespace", NAMESPACE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def pods(cluster: Cluster, service: str) -> list[dict[str, Any]]:
    return cluster.items(f"{_CORE}/pods", **{"app.kubernetes.io/component": service})


def all_ready(cluster: Cluster, kubelet: Kubelet) -> None:
    """Every service is as it was last asked for; from now on it is noted how many of each are ready."""

    def are_ready() -> bool:
        found = cluster.items(f"{_APPS}/deployments") + cluster.items(f"{_APPS}/statefulsets")
        return {one["metadata"]["name"].removeprefix("slo-") for one in found} == SERVICES and all(
            one["status"].get("observedGeneration") == one["metadata"]["generation"]
            and one["status"].get("updatedReplicas", 0) == one["spec"]["replicas"]
            and one["status"].get("readyReplicas", 0) == one["spec"]["replicas"]
            and one["status"].get("replicas", 0) == one["spec"]["replicas"]
            for one in found
        )

    cluster.until(are_ready, "all services to be ready")
    kubelet.least_ready = {service: len(pods(cluster, service)) for service in SERVICES}


def test_the_life_of_a_release(cluster: Cluster) -> None:
    with Kubelet(cluster, NAMESPACE).at_work() as kubelet:
        helm(cluster, "install", "slo", CHART, "--values", f"{CHART}/ci/all.yaml")
        all_ready(cluster, kubelet)
        assert [one["metadata"]["name"] for one in pods(cluster, "worker")] == ["slo-worker-0"]  # KEDA says how many
        _nothing_is_to_be_said_of_its_objects(cluster)

        scaled = {"spec": {"replicas": 4}}
        cluster.patch(f"{_WORKER}/scale", scaled)
        all_ready(cluster, kubelet)
        _only_one_may_be_taken_away(cluster)
        all_ready(cluster, kubelet)

        before = {one["metadata"]["uid"] for one in pods(cluster, "worker")}
        changed = ("--values", f"{CHART}/ci/all.yaml", "--set-string", "objectives.ours\\.yaml=# others")
        helm(cluster, "upgrade", "slo", CHART, *changed)
        all_ready_after = dict(kubelet.least_ready)
        assert all_ready_after["worker"] >= 3
        cluster.until(
            lambda: before.isdisjoint({one["metadata"]["uid"] for one in pods(cluster, "worker")}), "all to be new"
        )
        rolled = kubelet.least_ready["worker"]
        all_ready(cluster, kubelet)
        assert rolled == 3  # one after the other, and as many as KEDA had asked for
        assert cluster.get(_WORKER)["spec"]["replicas"] == 4

        helm(cluster, "rollback", "slo", "1")
        all_ready(cluster, kubelet)
        assert cluster.get(f"{_CORE}/configmaps/slo-objectives")["data"] == {"ours.yaml": "# objectives in OpenSLO\n"}

        helm(cluster, "uninstall", "slo", "--wait")
        cluster.until(lambda: not cluster.items(f"{_CORE}/pods"), "all pods to be gone")
        assert cluster.items(f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/networkpolicies") == []
        assert cluster.items(_BUDGETS) == []


def _nothing_is_to_be_said_of_its_objects(cluster: Cluster) -> None:
    """Applied once more with every field known, the server has no warning, and nothing is changed."""
    manifest = helm(cluster, "get", "manifest", "slo")
    kinds = {one["kind"] for one in yaml.safe_load_all(manifest) if one}
    assert {"NetworkPolicy", "PodDisruptionBudget", "StatefulSet", "ServiceMonitor", "PrometheusRule"} <= kinds
    command = (
        "kubectl",
        "apply",
        "--server-side",
        "--force-conflicts",
        "--validate=strict",
        "--field-manager=helm",
        "-f",
        "-",
    )
    done = cluster.run(*command, "--namespace", NAMESPACE, stdin=manifest)
    assert (done.returncode, done.stderr) == (0, "")
    worker = cluster.get(_WORKER)
    unknown = manifest.replace("podManagementPolicy:", "podManagementPolicies:")
    done = cluster.run(*command, "--namespace", NAMESPACE, stdin=unknown)
    assert done.returncode == 1
    assert "podManagementPolicies" in done.stderr
    assert cluster.get(_WORKER)["spec"] == worker["spec"]
    policies = cluster.items(f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/networkpolicies")
    assert {one["metadata"]["name"].removeprefix("slo-") for one in policies} == SERVICES
    for policy in policies:
        selected = policy["spec"]["podSelector"]["matchLabels"]
        assert len(cluster.items(f"{_CORE}/pods", **selected)) >= 1, "a policy that is about no pod"
        assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    for service in cluster.items(f"{_CORE}/services"):
        selected = service["spec"]["selector"]
        assert len(cluster.items(f"{_CORE}/pods", **selected)) >= 1, "a service without a pod"


def _only_one_may_be_taken_away(cluster: Cluster) -> None:
    """The budget of disruptions lets a drain take one worker, and the next when that one is back."""
    budget = f"{_BUDGETS}/slo-worker"
    cluster.until(lambda: cluster.get(budget)["status"].get("disruptionsAllowed") == 1, "the budget to be reckoned")

    def evict(name: str) -> int:
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": NAMESPACE}}
        return cluster.post(f"{_CORE}/pods/{name}/eviction", eviction).status_code

    assert [evict("slo-worker-0"), evict("slo-worker-1")] == [201, 429]
    cluster.until(lambda: cluster.get(budget)["status"]["disruptionsAllowed"] == 1, "it to be back")


def test_a_pod_that_may_more_is_refused(cluster: Cluster) -> None:
    """That the namespace takes none but restricted ones is no empty promise."""
    container = {"name": "a", "image": "a", "securityContext": {"allowPrivilegeEscalation": True}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [container]}}
    answer = cluster.post(f"{_CORE}/pods", pod)
    assert answer.status_code == 403
    assert "PodSecurity" in answer.text


def test_the_newest_values_are_taken_with_every_service_alone(cluster: Cluster) -> None:
    """The smallest release: a worker, and nothing that needs another kind."""
    with Kubelet(cluster, NAMESPACE).at_work():
        helm(cluster, "install", "one", CHART, "--values", f"{CHART}/ci/worker-alone.yaml")
        cluster.until(lambda: cluster.get(f"{_APPS}/statefulsets/one-worker")["status"].get("readyReplicas") == 1, "it")
        helm(cluster, "uninstall", "one", "--wait")
        cluster.until(lambda: not cluster.items(f"{_CORE}/pods"), "all pods to be gone")
