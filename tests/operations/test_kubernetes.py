"""The manifests for Kubernetes are what its schemas take, fit one another and the image, and grant nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from ivr.config.settings import SECRET_FIELDS, Settings
from tests.support.environment import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
#: Versions that are served by clusters today; each refuses fields that it does not know.
VERSIONS = ("1.30", "1.34")
OBJECTS = [
    one for path in sorted(FOLDER.glob("*.yaml")) for one in yaml.safe_load_all(path.read_text()) if one is not None
]


def pods() -> Iterator[dict[str, Any]]:
    for one in OBJECTS:
        if one["kind"] == "StatefulSet":
            yield one["spec"]["template"]["spec"]
        if one["kind"] == "CronJob":
            yield one["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def containers() -> list[dict[str, Any]]:
    return [one for pod in pods() for one in (*pod.get("initContainers", ()), *pod["containers"])]


def named(kind: str) -> dict[str, Any]:
    return {one["metadata"]["name"]: one for one in OBJECTS if one["kind"] == kind}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_is_one_of_kubernetes(version: str) -> None:
    import kubernetes_validate  # it takes a second to import

    assert len(OBJECTS) == 10
    for one in OBJECTS:
        kubernetes_validate.validate(one, version, strict=True)


def test_a_field_that_does_not_exist_is_refused() -> None:
    """The check can fail."""
    import kubernetes_validate

    wrong = {**OBJECTS[0], "dta": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


def test_no_container_has_root_or_rights() -> None:
    assert len(containers()) == 3
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["automountServiceAccountToken"] is False
    for one in containers():
        allowed = one["securityContext"]
        assert allowed["readOnlyRootFilesystem"], one["name"]
        assert allowed["capabilities"]["drop"] == ["ALL"], one["name"]
        assert not allowed["allowPrivilegeEscalation"], one["name"]


def test_settings_exist_and_secrets_are_files() -> None:
    settings = named("ConfigMap")["hotline-settings"]["data"]
    assert not {name.lower() for name in settings} & (set(SECRET_FIELDS) - {"redis_url"})
    for name in (*settings, *(entry["name"] for one in containers() for entry in one["env"])):
        assert name.removesuffix("_FILE").lower() in Settings.model_fields, name


def test_what_is_named_is_there() -> None:
    """Services lead to ports, mounts to volumes, the image's folders are those that it writes to."""
    image = (ROOT / "deploy/container/Containerfile").read_text()
    (main,) = named("StatefulSet")["hotline"]["spec"]["template"]["spec"]["containers"]
    ports = {one["name"]: one["containerPort"] for one in main["ports"]}
    assert sorted(map(str, ports.values())) == re.findall(r"\d+", re.search(r"^EXPOSE (.*)", image, re.MULTILINE)[1])
    for service in named("Service").values():
        assert {one["targetPort"] for one in service["spec"]["ports"]} <= set(ports)
    assert settings_port() == ports["voice"]
    for path in named("Ingress")["hotline"]["spec"]["rules"][0]["http"]["paths"]:
        assert path["backend"]["service"]["port"]["name"] in ports
    for pod, claimed in zip(pods(), (set(), {"var"}), strict=True):
        there = {one["name"] for one in pod["volumes"]} | claimed
        for one in (*pod.get("initContainers", ()), *pod["containers"]):
            assert {mount["name"] for mount in one["volumeMounts"]} <= there
            writable = {mount["mountPath"] for mount in one["volumeMounts"] if not mount.get("readOnly")}
            assert {"/var/lib/hotline", "/tmp"} <= writable


def settings_port() -> int:
    return int(named("ConfigMap")["hotline-settings"]["data"]["VOICE_PORT"])
