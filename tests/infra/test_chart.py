"""The chart as Helm renders it: golden files, what every pod has to hold to, and Kubernetes' own schemas."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from streams.cli.app import COMMANDS
from streams.version import own_version

CHART: Final = Path("infra/chart")
CASES: Final = sorted(path.stem for path in (CHART / "ci").glob("*.yaml"))
GOLDEN: Final = Path("tests/infra/golden")
KUBERNETES: Final = ["1.29.0", "1.33.0", "1.37.0"]
CUSTOM: Final = {"ServiceMonitor", "PrometheusRule", "ScaledObject"}


def rendered(case: str) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all((GOLDEN / f"{case}.yaml").read_text(encoding="utf-8")) if one]


def pods(case: str) -> list[dict[str, Any]]:
    return [one["spec"]["template"]["spec"] for one in rendered(case) if one["kind"] in ("StatefulSet", "Deployment")]


@pytest.fixture
def helm() -> str:
    found = shutil.which("helm")
    if found is None:
        pytest.skip("helm is not here: go install helm.sh/helm/v3/cmd/helm@v3.22.0 (twenty minutes)")
    return found


@pytest.mark.parametrize("case", CASES)
def test_helm_renders_what_is_on_record(helm: str, case: str) -> None:
    command = [helm, "template", "slo", str(CHART), "--namespace", "slo", "--kube-version", "1.33"]
    done = subprocess.run(
        [*command, "--values", str(CHART / "ci" / f"{case}.yaml")], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == (GOLDEN / f"{case}.yaml").read_text(encoding="utf-8")


# Of what kube-score asks for, each with its reason; what a single object is spared is said at that object.
SPARED: Final = {
    "container-image-pull-policy": "a version's image never changes: to pull it again would make each start wait",
    "deployment-has-host-podantiaffinity": "pods are spread by topologySpreadConstraints",
    "statefulset-has-host-podantiaffinity": "pods are spread by topologySpreadConstraints",
    "deployment-replicas": "history, prober and dashboard may be one: nothing is lost while they are away",
}


@pytest.mark.parametrize("case", CASES)
def test_kube_score_has_nothing_to_say(case: str) -> None:
    found = shutil.which("kube-score")
    if found is None:
        pytest.skip("kube-score is not here: go install github.com/zegl/kube-score/cmd/kube-score@v1.20.0")
    command = [found, "score", "--output-format", "ci", *(f"--ignore-test={name}" for name in SPARED)]
    done = subprocess.run([*command, str(GOLDEN / f"{case}.yaml")], capture_output=True, text=True, timeout=60)
    lines = done.stdout.splitlines()
    assert [line for line in lines if not line.startswith(("[OK]", "[SKIPPED]"))] == [], done.stderr
    assert any(line.startswith("[OK]") for line in lines)


def test_helm_refuses_a_setting_that_is_none(helm: str) -> None:
    done = subprocess.run(
        [helm, "lint", str(CHART), "--set", "settings.slo_clock=event"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "slo_clock" in done.stdout + done.stderr


@pytest.mark.long
@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("case", CASES)
def test_kubernetes_takes_it(case: str, version: str) -> None:
    validate = pytest.importorskip("kubernetes_validate", reason="pip install kubernetes-validate")
    for one in rendered(case):
        if one["kind"] not in CUSTOM:
            validate.validate(one, version, strict=True)


@pytest.mark.parametrize("case", CASES)
def test_every_pod_is_shut_in_and_asked_how_it_is(case: str) -> None:
    assert pods(case)
    for pod in pods(case):
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        (container,) = pod["containers"]
        assert container["image"] == f"slo-streams:{own_version()}"
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container)
        assert "memory" in container["resources"]["limits"]
        assert "cpu" not in container["resources"]["limits"]


@pytest.mark.parametrize("case", CASES)
def test_every_pod_runs_a_command_that_exists(case: str) -> None:
    for pod in pods(case):
        supervise, command = pod["containers"][0]["args"]
        assert supervise == "supervise"
        assert command in COMMANDS


def test_secrets_come_as_files_alone() -> None:
    for pod in pods("all"):
        names = {one["name"]: one.get("value", "") for one in pod["containers"][0]["env"]}
        assert names["SLO_SASL_PASSWORD_FILE"] == "/run/secrets/slo-streams/SLO_SASL_PASSWORD"  # noqa: S105
        assert {"SLO_SASL_PASSWORD", "SLO_DATABASE_URL"}.isdisjoint(names)


def test_every_secret_setting_can_be_given() -> None:
    reference = Path("infra/docs/pages/reference/settings.md").read_text(encoding="utf-8")
    secrets = set(re.findall(r"^\| `(SLO_\w+)_FILE`", reference, re.MULTILINE))
    schema = yaml.safe_load((CHART / "values.schema.json").read_text(encoding="utf-8"))
    assert set(schema["properties"]["secrets"]["propertyNames"]["enum"]) == secrets


def test_a_pod_is_an_instance_of_its_own() -> None:
    (worker,) = [one for one in rendered("worker-alone") if one["kind"] == "StatefulSet"]
    environment = {one["name"]: one for one in worker["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert environment["SLO_INSTANCE_ID"]["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}
