from __future__ import annotations

import json
import stat
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from tests.workflow.conftest import Clock
from workflow.accounts import find_account, sign_in
from workflow.actor import Actor
from workflow.councils import list_councils, view_council
from workflow.facts.jurisdiction import jurisdiction_of
from workflow.founding import PASSWORDS, found
from workflow.jurisdictions import duties_of
from workflow.migrating import migrate
from workflow.office import Office
from workflow.organisations import list_organisations
from workflow.records import (
    Account,
    Issuer,
    JournalEntry,
    Organisation,
    SigningCertificate,
    SigningMandate,
)
from workflow.rules import journal
from workflow.settings import Settings
from workflow.standing import custody_reason, mandates_of, signer_unmet
from workflow.structure import issuers_of, units_of

SEATS = ("H56", "H56.MAU.01", "H56.MAU.02", "H56.MAU.03", "H56.MAU.04")
#: Whose people have usernames that begin so.
OF = dict(zip(("tinh", "vpdp", "xa", "sonnmt", "sokhcn"), SEATS, strict=True))


def _issuer(office: Office, organisation_id: uuid.UUID, kind: str) -> Issuer:
    with office.reading(None) as reading:
        return next(row for row in issuers_of(reading, organisation_id) if row.kind == kind)


def test_the_commune_the_office_and_two_departments_stand_under_the_province(
    office: Office,
) -> None:
    with office.reading(None) as reading:
        province, coordination, commune, *departments = list_organisations(reading)
        below = (coordination, commune, *departments)
        assert [row.code for row in (province, *below)] == list(SEATS)
        assert province.parent_id is None
        assert {row.parent_id for row in below} == {province.organisation_id}
        kinds = [row.kind for row in issuers_of(reading, commune.organisation_id)]
        assert kinds == ["UBND", "HDND", "CHU_TICH"]
        assert all(units_of(reading, row.organisation_id) for row in (province, *below))
        for seat in (province, coordination, commune):
            assert reading.get(Organisation, seat.organisation_id).copying_authority


@pytest.mark.parametrize(
    ("username", "kind", "capacity", "may"),
    [
        ("tinh.chutich", "UBND", "TM", True),
        ("tinh.chutich", "CHU_TICH", "", True),
        ("tinh.phochutich", "CHU_TICH", "KT", False),
        ("sonnmt.giamdoc", "AGENCY", "", True),
        ("sokhcn.giamdoc", "AGENCY", "", True),
        ("sokhcn.truongphong", "AGENCY", "TL", False),
        ("xa.chutich", "UBND", "TM", True),
        ("xa.chutich", "CHU_TICH", "", True),
        ("xa.chutich", "HDND", "TM", False),
        ("xa.chutichhdnd", "HDND", "TM", True),
        ("xa.phochutich", "UBND", "TM+KT", True),
        ("xa.phochutich", "UBND", "TM", False),
        ("xa.phochutich", "CHU_TICH", "KT", True),
        ("xa.phochutich", "CHU_TICH", "", False),
        ("xa.truongphong", "UBND", "TL", False),
        ("xa.vanthu", "UBND", "TM", False),
    ],
)
def test_who_may_sign_for_whom(
    office: Office,
    acting: Callable[[str], Actor],
    seat: Callable[[str], uuid.UUID],
    username: str,
    kind: str,
    capacity: str,
    may: bool,
) -> None:
    issuer = _issuer(office, seat(OF[username.partition(".")[0]]), kind)
    with office.reading(None) as reading:
        unmet = signer_unmet(
            mandates_of(reading, issuer),
            issuer,
            acting(username).person_id,
            "quyet_dinh",
            capacity,
            reading.today,
        )
    assert (unmet is None) is may, unmet


def test_only_the_clerk_keeps_the_agencys_key(
    office: Office, acting: Callable[[str], Actor], seat: Callable[[str], uuid.UUID]
) -> None:
    commune = seat("H56.MAU.02")
    with office.reading(None) as reading:
        for prefix, code in OF.items():
            clerk = acting(f"{prefix}.vanthu").person_id
            assert custody_reason(reading, seat(code), clerk) is None
        for other in ("xa.chutich", "xa.chuyenvien", "vpdp.vanthu", "xa.quantri"):
            assert custody_reason(reading, commune, acting(other).person_id)


def test_keys_are_with_those_who_sign_and_with_agencies_that_seal(
    office: Office, acting: Callable[[str], Actor]
) -> None:
    with office.reading(None) as reading:
        rows = reading.session.scalars(select(SigningCertificate)).all()
        held = {row.person_id or row.organisation_id for row in rows}
        signers = set(reading.session.scalars(select(SigningMandate.person_id)))
        seals = set(reading.session.scalars(select(Issuer.organisation_id)))
    assert signers | seals <= held
    for username in ("tinh.vanthu", "tinh.phochutich", "sonnmt.thamdinh", "xa.kiemtoan"):
        assert acting(username).person_id not in held


def test_appraisers_are_in_the_unit_whose_head_gives_them_criteria(
    acting: Callable[[str], Actor], seat: Callable[[str], uuid.UUID]
) -> None:
    for prefix in ("sonnmt", "sokhcn"):
        head, appraiser = acting(f"{prefix}.truongphong"), acting(f"{prefix}.chuyenvien")
        assert appraiser.roles == {seat(OF[prefix]): frozenset({"specialist", "appraiser"})}
        assert appraiser.units == head.headed_units


def test_every_kind_of_dossier_is_received_and_every_field_of_it_appraised(
    office: Office, seat: Callable[[str], uuid.UUID]
) -> None:
    province, departments = seat("H56"), {seat("H56.MAU.03"), seat("H56.MAU.04")}
    fields = {leaf.field for kind in office.law.kinds for leaf in kind.leaves}
    with office.reading(None) as reading:
        duties = duties_of(reading, province)
        assert {duty.field for duty in duties} == fields
        assert {duty.organisation_id for duty in duties} == departments
        for kind in office.law.kinds:
            where = jurisdiction_of(reading, seat("H56.MAU.02"), kind.code)
            assert (where.province_id, where.office_id) == (province, seat("H56.MAU.01"))


def test_a_council_of_five_sits_from_the_first_day(
    office: Office, acting: Callable[[str], Actor], seat: Callable[[str], uuid.UUID]
) -> None:
    with office.reading(acting("vpdp.chuyenvien")) as reading:
        (council,) = list_councils(reading)
        members = view_council(reading, council.id).members
    assert council.organisation_id == seat("H56")
    parts = {member.part: member.person_id for member, _ in members}
    assert len(members) == 5
    assert parts["chair"] == acting("tinh.phochutich").person_id
    assert parts["secretary"] == acting("vpdp.truongphong").person_id


def test_roles_and_units_are_those_of_the_posts(
    acting: Callable[[str], Actor], seat: Callable[[str], uuid.UUID]
) -> None:
    head = acting("xa.truongphong")
    assert head.roles == {seat("H56.MAU.02"): frozenset({"unit_head"})}
    assert len(head.headed_units) == 1
    drafter = acting("xa.chuyenvien")
    assert drafter.units == head.units
    assert not drafter.headed_units
    assert acting("tinh.quantri").roles == {seat("H56"): frozenset({"administrator"})}


def test_certificates_name_their_owner_and_say_they_are_for_development(
    office: Office, acting: Callable[[str], Actor]
) -> None:
    clerk = acting("xa.vanthu").person_id
    with office.reading(None) as reading:
        rows = reading.session.scalars(select(SigningCertificate)).all()
        mine = next(row for row in rows if row.person_id == clerk)
    assert mine.key_url == f"devca:person/{clerk}"
    again = office.sealing.development.person(clerk, "Văn thư xã Mẫu", "UBND xã Mẫu")
    assert again.certificate_sha256 == mine.certificate_sha256
    assert b"KHONG CO GIA TRI PHAP LY" in mine.certificate
    assert len({row.certificate_sha256 for row in rows}) == len(rows)


def test_every_account_signs_in_with_the_kept_password(office: Office) -> None:
    accounts = found(office)
    posts = {
        "xa": "vanthu chuyenvien truongphong thethuc chutich phochutich theodoi kiemtoan quantri",
        "vpdp": "vanthu chuyenvien truongphong chanhvp quantri",
        "tinh": "vanthu chuyenvien truongphong thethuc chutich phochutich quantri",
        "sonnmt": "vanthu chuyenvien thamdinh truongphong giamdoc",
        "sokhcn": "vanthu chuyenvien truongphong giamdoc",
    }
    assert {account.username for account in accounts} >= {
        f"{prefix}.{name}" for prefix, names in posts.items() for name in names.split(" ")
    }
    for account in accounts:
        token, _ = sign_in(office, account.username, account.password)
        assert token
    with office.reading(None) as reading:
        hashes = set(reading.session.scalars(select(Account.password_hash)))
        assert len(hashes) == len(accounts)  # each with its own salt
    kept = office.settings.data_dir / PASSWORDS
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert json.loads(kept.read_text())["password"] == accounts[0].password


def test_founding_again_changes_nothing(office: Office) -> None:
    with office.reading(None) as reading:
        before = reading.session.scalar(select(func.count()).select_from(JournalEntry))
    assert found(office) == found(office)
    with office.reading(None) as reading:
        assert reading.session.scalar(select(func.count()).select_from(JournalEntry)) == before


def test_the_system_chain_holds(office: Office) -> None:
    with office.reading(None) as reading:
        rows = reading.session.scalars(
            select(JournalEntry)
            .where(JournalEntry.chain == "system")
            .order_by(JournalEntry.sequence)
        ).all()
        findings = journal.verify((row.sequence, row.content, row.digest) for row in rows)
    assert findings.intact
    assert findings.entries > 50
    # Titles and names are descriptive text: they belong in rows, not in the journal.
    assert not any("Mẫu".encode() in row.content for row in rows)


def test_a_crash_before_the_commit_leaves_nothing_and_is_made_good(tmp_path: Path) -> None:
    """The password file exists, the rows do not: the next start founds with that password."""
    data_dir = tmp_path / "crashed"
    data_dir.mkdir()
    password = "a-password-kept-before-the-crash"
    (data_dir / PASSWORDS).write_text(json.dumps({"password": password}))
    settings = Settings(data_dir=data_dir)
    migrate(settings)
    crashed = Office.open(settings)
    try:
        assert {account.password for account in found(crashed)} == {password}
        sign_in(crashed, "xa.chutich", password)
    finally:
        crashed.close()


def test_two_processes_that_found_at_once_found_one_office(
    database_url: str, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, database_url=SecretStr(database_url))
    migrate(settings)
    program = (
        "import sys; from pathlib import Path; from pydantic import SecretStr;"
        "from workflow.founding import found; from workflow.office import Office;"
        "from workflow.settings import Settings;"
        "office = Office.open(Settings(data_dir=Path(sys.argv[1]),"
        " database_url=SecretStr(sys.argv[2])));"
        "print(*sorted((a.username, a.password) for a in found(office)))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), settings.database],
            cwd=Path(__file__).parents[2],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], answers
    assert answers[0][0] == answers[1][0]
    office = Office.open(settings)
    try:
        sign_in(office, "xa.vanthu", found(office)[0].password)
        with office.reading(None) as reading:
            assert len(list_organisations(reading)) == len(SEATS)
    finally:
        office.close()


def test_another_office_is_left_alone(office: Office, tmp_path: Path) -> None:
    (office.settings.data_dir / PASSWORDS).unlink()
    assert found(office) == []
    with office.reading(None) as reading:
        assert find_account(reading, "xa.vanthu") is not None


def test_production_founds_nothing(office: Office, tmp_path: Path, clock: Clock) -> None:
    production = Settings(
        mode="production",
        data_dir=tmp_path,
        database_url=SecretStr(office.settings.database),
        objects_url=SecretStr(f"file:{tmp_path}"),
        trust_anchors=tmp_path,
        secret=SecretStr("x" * 32),
        tsa_url="http://tsa.invalid/",
        log_key="key:log",
        log_origin="vanthu.invalid/log",
    )
    other = Office(
        production,
        database=office.database,
        objects=office.objects,
        sealing=office.sealing,
        clock=clock,
    )
    with pytest.raises(RuntimeError, match="development only"):
        found(other)
