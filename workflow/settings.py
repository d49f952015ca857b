"""Settings: a mode and URLs; the scheme of a URL picks the adapter.

Read from environment variables `VANTHU_*`. The defaults are the embedded office: everything in one
folder, no server. Production refuses development values and says which.
"""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from workflow.rules.checkpoints import ORIGIN

_HOST = re.compile(r"([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.IGNORECASE)
_KEY = re.compile("key:[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_SECRET_CHARACTERS = 32


class Settings(BaseSettings):
    """Everything an operator chooses; frozen, passed along, never global."""

    model_config = SettingsConfigDict(
        env_prefix="VANTHU_",
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,  # a URL may hold a password
    )

    mode: Literal["development", "production"] = "development"
    data_dir: Path = Path("var")
    #: `sqlite:///…` or `postgresql+psycopg://…`; empty: SQLite in `data_dir`.
    database_url: SecretStr = SecretStr("")
    #: `file:…` or `s3://KEY:SECRET@host:port/bucket`; empty: a folder in `data_dir`.
    objects_url: SecretStr = SecretStr("")
    #: Empty: a worker thread in the server. `redis://…`: Celery workers do the jobs.
    broker_url: SecretStr = SecretStr("")
    #: A folder of PEM trust anchors beside the development ones.
    trust_anchors: Path | None = None
    #: A folder of kinds of dossier beside those that ship; see docs/dossier-kinds.md.
    kinds: Path | None = None
    upload_max_bytes: int = Field(default=50_000_000, gt=0)
    token_hours: int = Field(default=10, gt=0)
    #: How long a recorded intent to sign may be acted on.
    intent_minutes: int = Field(default=15, gt=0)
    #: The time-stamp authority (RFC 3161), `http(s)://…`; empty: development's own, or none.
    tsa_url: str = ""
    #: Hosts (`host` or `host:port`, commas between) that may be asked for OCSP and CRLs: of our own
    #: certificates before signing, of a sender's after a file came in.
    revocation_hosts: str = ""
    #: Private networks (`10.20.0.0/16`, commas between) in which a listed host may stand; a host
    #: listed by its address needs none.
    revocation_networks: str = ""
    #: A TOML file naming the keys that jobs may sign with; see docs/signing.md.
    signing_keys: Path | None = None
    #: The key that signs the tree heads of the log above the journal, such as `key:log`: nobody's
    #: own and no seal's. Empty: development's own.
    log_key: str = ""
    #: What the log calls itself in every tree head, for good: a URL without its scheme. Empty:
    #: development's own.
    log_origin: str = ""
    #: Where signed tree heads are kept under retention, see `objects_url`; empty: there.
    log_objects_url: SecretStr = SecretStr("")
    log_retention_years: int = Field(default=20, gt=0, le=100)
    #: Authenticates pending signatures; one for all servers of an office. Empty: a file in
    #: `data_dir`.
    secret: SecretStr = SecretStr("")
    job_lease_seconds: int = Field(default=60, gt=0)
    job_attempts: int = Field(default=8, gt=0)

    @field_validator("secret")
    @classmethod
    def _refuse_what_can_be_guessed(cls, value: SecretStr) -> SecretStr:
        # Whoever reads a pending signature in the database can try secrets without being noticed.
        if 0 < len(value.get_secret_value()) < _SECRET_CHARACTERS:
            raise ValueError(
                f"must have {_SECRET_CHARACTERS} characters, e.g. openssl rand -hex 32"
            )
        return value

    @field_validator("log_key")
    @classmethod
    def _refuse_what_is_no_key_of_ours(cls, value: str) -> str:
        if value and not _KEY.fullmatch(value):
            raise ValueError("must be key: and a name of the signing keys, such as key:log")
        return value

    @field_validator("log_origin")
    @classmethod
    def _refuse_what_cannot_name_a_log(cls, value: str) -> str:
        if value and not ORIGIN.fullmatch(value):
            raise ValueError("must be a URL without its scheme, such as vanthu.example/log")
        return value

    @field_validator("tsa_url")
    @classmethod
    def _refuse_what_is_no_plain_web_address(cls, value: str) -> str:
        parts = urlsplit(value)
        web = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        if value and not (web and "@" not in parts.netloc and value.isprintable()):
            raise ValueError("must be http://… or https://…, without a user name or password")
        return value

    @field_validator("revocation_hosts")
    @classmethod
    def _refuse_what_is_no_list_of_hosts(cls, value: str) -> str:
        if value and not all(map(_HOST.fullmatch, _listed(value))):
            raise ValueError("must be host or host:port, with commas between; no addresses")
        return value

    @field_validator("revocation_networks")
    @classmethod
    def _refuse_what_is_no_list_of_networks(cls, value: str) -> str:
        for item in _listed(value):
            ip_network(item)
        return value

    @model_validator(mode="after")
    def _refuse_development_values_in_production(self) -> Self:
        if self.mode == "production":
            unset = [
                f"VANTHU_{name.upper()}"
                for name in (
                    "database_url",
                    "objects_url",
                    "trust_anchors",
                    "secret",
                    "tsa_url",
                    "log_key",
                    "log_origin",
                )
                if not _given(getattr(self, name))
            ]
            if unset:
                raise ValueError("production needs its own values for: " + ", ".join(unset))
        return self

    def make_data_dir(self) -> None:
        """The data folder, for its owner only: it holds password hashes and documents."""
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)

    @property
    def database(self) -> str:
        return self.database_url.get_secret_value() or f"sqlite:///{self.data_dir / 'vanthu.db'}"

    @property
    def objects(self) -> str:
        return self.objects_url.get_secret_value() or f"file:{self.data_dir / 'objects'}"

    @property
    def log_objects(self) -> str:
        return self.log_objects_url.get_secret_value() or self.objects

    @property
    def log_name(self) -> str:
        return self.log_origin or "vanthu.invalid/development"

    @property
    def listed_revocation_hosts(self) -> tuple[str, ...]:
        return _listed(self.revocation_hosts)

    @property
    def listed_revocation_networks(self) -> tuple[str, ...]:
        return _listed(self.revocation_networks)

    @property
    def broker(self) -> str:
        return self.broker_url.get_secret_value()

    @property
    def development(self) -> bool:
        return self.mode == "development"


def _listed(value: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in value.split(",")) if value else ()


def _given(value: SecretStr | Path | str | None) -> bool:
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)
