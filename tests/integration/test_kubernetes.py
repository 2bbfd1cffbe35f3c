"""The manifests: valid by Kubernetes' own schemas, at one with each other, and with commands that run."""

import re

import pytest
import yaml

from tests.conftest import ROOT
from tests.integration.commands import check_command

kubernetes_validate = pytest.importorskip("kubernetes_validate")

FOLDER = ROOT / "k8s"
FILES = sorted(FOLDER.glob("*.yaml"))
MANIFESTS = {path.name: yaml.safe_load(path.read_text()) for path in FILES}
PODS = {
    name: manifest["spec"]["template"]
    for name, manifest in MANIFESTS.items()
    if manifest["kind"] in ("Deployment", "Job")
}
VERSION = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), flags=re.M)[1]


# The oldest that has all that is used, and the latest.
@pytest.mark.parametrize("version", ["1.31", kubernetes_validate.latest_version()])
@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_is_valid(name, version):
    kubernetes_validate.validate(MANIFESTS[name], version, strict=True)


def test_an_invalid_one_would_be_told():
    wrong = yaml.safe_load((FOLDER / "deployment.yaml").read_text())
    wrong["spec"]["template"]["spec"]["containers"][0]["readOnly"] = True
    with pytest.raises(kubernetes_validate.ValidationError, match="readOnly"):
        kubernetes_validate.validate(wrong, "1.31", strict=True)


def test_they_find_each_other():
    deployment, service = MANIFESTS["deployment.yaml"], MANIFESTS["service.yaml"]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels == service["spec"]["selector"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert service["spec"]["ports"][0]["targetPort"] == container["ports"][0]["name"]
    target = MANIFESTS["autoscaler.yaml"]["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", deployment["metadata"]["name"])
    assert "replicas" not in deployment["spec"]


@pytest.mark.parametrize("name", PODS)
def test_what_a_pod_asks_for_is_there(name):
    spec = PODS[name]["spec"]
    (container,) = spec["containers"]
    config, secret = MANIFESTS["config.yaml"], MANIFESTS["secret.example.yaml"]
    assert [one["configMapRef"]["name"] for one in container["envFrom"]] == [config["metadata"]["name"]]
    for variable in container.get("env", []):
        source = variable.get("valueFrom", {})
        if "secretKeyRef" in source:
            assert source["secretKeyRef"]["name"] == secret["metadata"]["name"]
            assert source["secretKeyRef"]["key"] in secret["stringData"]
        if "configMapKeyRef" in source:
            assert source["configMapKeyRef"]["key"] in config["data"]
    claims = {MANIFESTS["runs.yaml"]["metadata"]["name"]}
    volumes = {one["name"]: one for one in spec["volumes"]}
    assert {one["name"] for one in container["volumeMounts"]} == set(volumes)
    for volume in volumes.values():
        assert volume.get("persistentVolumeClaim", {}).get("claimName", "recsys-runs") in claims


@pytest.mark.parametrize("name", PODS)
def test_a_pod_may_do_little(name):
    spec = PODS[name]["spec"]
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 10001  # that of the Dockerfile
    assert spec["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "memory" in container["resources"]["limits"]
    assert container["image"] == f"recsys:{VERSION}"


@pytest.mark.parametrize("name", PODS)
def test_the_command_of_a_pod(name, monkeypatch):
    (container,) = PODS[name]["spec"]["containers"]
    monkeypatch.setenv("OPTUNA_STORAGE", "postgresql+psycopg://host/optuna")
    monkeypatch.setenv("HOSTNAME", "recsys-sweep-x")
    check_command(container["args"], MANIFESTS["config.yaml"]["data"])


def test_the_secret_is_an_example():
    assert set(MANIFESTS["secret.example.yaml"]["stringData"].values()) == {""}
