"""Production: its own values or none, and development signatures worth nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from tests.workflow.conftest import Clock
from tests.workflow.outgoing_trip import Trip
from workflow.actor import Actor
from workflow.entrusting import add_certificate
from workflow.office import Office
from workflow.reporting import measure
from workflow.rules.errors import Invalid
from workflow.rules.reasons import Reason
from workflow.settings import Settings


def test_production_names_every_value_it_lacks() -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(mode="production", objects_url=SecretStr("file:/srv/objects"))
    message = str(refused.value)
    assert "VANTHU_DATABASE_URL" in message
    assert "VANTHU_TRUST_ANCHORS" in message
    assert "VANTHU_SECRET" in message
    assert "VANTHU_TSA_URL" in message
    assert "VANTHU_LOG_KEY" in message
    assert "VANTHU_LOG_ORIGIN" in message
    assert "VANTHU_OBJECTS_URL" not in message


def test_a_setting_that_does_not_exist_is_not_swallowed() -> None:
    with pytest.raises(ValidationError):
        Settings(data_directory="x")  # type: ignore[call-arg]


def test_a_secret_does_not_show(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path, database_url=SecretStr("postgresql+psycopg://u:geheim@h/d")
    )
    assert "geheim" not in repr(settings)


def test_a_secret_that_could_be_guessed_is_refused_without_being_repeated() -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(secret=SecretStr("geheim" * 5))
    assert "geheim" not in str(refused.value)
    assert Settings(secret=SecretStr("geheim" * 6)).secret


@pytest.mark.parametrize(
    "value",
    [
        "tsa.invalid",
        "ftp://tsa.invalid/",
        "http://",
        "http:///tsa",
        "http://name@tsa.invalid/",
        "https://name:geheim@tsa.invalid/",
        "http://tsa.invalid:99999/",
        "http://tsa.invalid/\n",
    ],
)
def test_a_time_stamp_authority_is_a_plain_web_address(value: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(tsa_url=value)
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    "value", ["", "http://tsa.invalid", "https://tsa.invalid:8443/rfc3161?a=b"]
)
def test_a_time_stamp_authority_may_have_port_and_path(value: str) -> None:
    assert Settings(tsa_url=value).tsa_url == value


@pytest.mark.parametrize("value", ["log", "key:", "key:a b", "devca:agency/log", "client:"])
def test_the_log_is_signed_with_a_key_of_the_keyring(value: str) -> None:
    with pytest.raises(ValidationError):
        Settings(log_key=value)
    assert Settings(log_key="key:log").log_key == "key:log"


@pytest.mark.parametrize("value", ["a b", "a+b", "a\nb", "nhật.ký", "x" * 201])
def test_a_log_has_a_name_that_a_tree_head_can_hold(value: str) -> None:
    with pytest.raises(ValidationError):
        Settings(log_origin=value)
    assert Settings(log_origin="vanthu.example/log").log_name == "vanthu.example/log"


@pytest.mark.parametrize(
    "value",
    [
        "http://ocsp.invalid",
        "ocsp.invalid/path",
        "a b",
        "a,,b",
        ",",
        "*",
        "a:port",
        "name@ocsp.invalid",
    ],
)
def test_revocation_hosts_are_hosts(value: str) -> None:
    with pytest.raises(ValidationError):
        Settings(revocation_hosts=value)


def test_revocation_hosts_are_listed_with_commas() -> None:
    settings = Settings(revocation_hosts="ocsp.invalid, crl.invalid:8080,[::1]:80")
    assert settings.listed_revocation_hosts == ("ocsp.invalid", "crl.invalid:8080", "[::1]:80")
    assert Settings().listed_revocation_hosts == ()


@pytest.mark.parametrize("value", ["10.0.0.1/8", "10.0.0", "inside.invalid", "10.0.0.0/8,"])
def test_revocation_networks_are_networks(value: str) -> None:
    with pytest.raises(ValidationError):
        Settings(revocation_networks=value)


def test_revocation_networks_are_listed_with_commas() -> None:
    settings = Settings(revocation_networks="10.20.0.0/16, fd00:20::/32,10.1.2.3")
    assert settings.listed_revocation_networks == ("10.20.0.0/16", "fd00:20::/32", "10.1.2.3")
    assert Settings().listed_revocation_networks == ()


@pytest.fixture
def production(
    office: Office, office_settings: Settings, clock: Clock, tmp_path: Path
) -> Iterator[Office]:
    """The development office, opened for production."""
    anchors = tmp_path / "anchors"
    anchors.mkdir()
    opened = Office.open(
        Settings(
            mode="production",
            data_dir=office_settings.data_dir,
            database_url=SecretStr(office_settings.database),
            objects_url=SecretStr(office_settings.objects),
            trust_anchors=anchors,
            secret=SecretStr("x" * 32),
            tsa_url="http://tsa.invalid/",
            log_key="key:log",
            log_origin="vanthu.invalid/log",
        ),
        clock=clock,
    )
    yield opened
    opened.close()


def test_development_signatures_never_count_in_production(
    office: Office, production: Office, acting: Callable[[str], Actor], clock: Clock
) -> None:
    trip = Trip(office, acting).issued()
    organisation = trip.issuer("UBND").organisation_id
    period = f"{clock.now.year}"
    with office.reading(acting("xa.kiemtoan")) as reading:
        (_, counted), *_ = measure(reading, organisation, period).report.issuers
    assert counted.outgoing_signed.achieved
    with production.reading(acting("xa.kiemtoan")) as reading:
        (_, counted), *_ = measure(reading, organisation, period).report.issuers
    assert counted.outgoing_signed.reasons == {Reason.DEVELOPMENT: 1}
    assert not counted.outgoing_signed.achieved
    # Judged afresh, the same bytes are not valid either: production trusts no development anchor.
    revision = trip.view().held.revisions[0]
    with production.local_copy(organisation, revision.sha256, revision.size_bytes) as path:
        report = production.sealing.judge(path, clock.now).report
    assert report.integrity == "INTACT"
    assert report.verdict == "KHONG_XAC_DINH"
    with pytest.raises(RuntimeError, match="development only"):
        production.sealing.development.agency(organisation, "x")


def test_a_certificate_is_registered_in_production_with_a_key_that_production_has(
    office: Office, production: Office, acting: Callable[[str], Actor]
) -> None:
    administrator, person = acting("xa.quantri"), acting("xa.vanthu").person_id
    where = "devca:person/" + str(person)
    with office.transaction(administrator) as tx:
        add_certificate(tx, certificate=b"one", key_url=where, person_id=person)
    with pytest.raises(Invalid) as refused, production.transaction(administrator) as tx:
        add_certificate(tx, certificate=b"two", key_url=where, person_id=person)
    assert [pointer for pointer, _ in refused.value.errors] == ["/key_url"]
    for n, address in enumerate(("key:con-dau", "client:")):
        with production.transaction(administrator) as tx:
            row = add_certificate(tx, certificate=b"%d" % n, key_url=address, person_id=person)
            assert row.key_url == address
