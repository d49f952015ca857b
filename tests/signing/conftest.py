"""One development CA and one trip of two signatures for all tests of the seal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from signing import fields, pades
from signing.devca import DevelopmentCA
from signing.fields import SignatureField
from signing.keys import LiveKey
from tests.signing import pdfs


@dataclass(frozen=True)
class Office:
    """Keys of a small office."""

    ca: DevelopmentCA
    person: LiveKey
    deputy: LiveKey
    agency: LiveKey


@dataclass(frozen=True)
class Trip:
    """The files of one outgoing document: reserved, signed by a person, numbered and sealed."""

    prepared: Path
    signed: Path
    sealed: Path


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    ca = DevelopmentCA(tmp_path_factory.mktemp("pki"))
    return Office(
        ca,
        ca.issue_person("chairman", "Nguyễn Văn Ước", "UBND xã Tân Hòa"),
        ca.issue_person("deputy", "Trần Thị Ngọc Ánh", "UBND xã Tân Hòa"),
        ca.issue_agency("commune", "ỦY BAN NHÂN DÂN XÃ TÂN HÒA"),
    )


@pytest.fixture(scope="session")
def trip(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Trip:
    folder = tmp_path_factory.mktemp("trip")
    made = Trip(folder / "prepared.pdf", folder / "signed.pdf", folder / "sealed.pdf")
    fields.prepare(
        pdfs.plain(folder / "plain.pdf", pages=2),
        made.prepared,
        number=pdfs.NUMBER_BOX,
        date=pdfs.DATE_BOX,
        signatures=[
            SignatureField("person1", pdfs.PERSON_BOX),
            SignatureField("agency", locks=True),
        ],
    )
    trust = office.ca.trust
    pades.sign(
        made.prepared, made.signed, key=office.person, field="person1", level="B-LT", trust=trust
    )
    pades.sign(
        made.signed,
        made.sealed,
        key=office.agency,
        field="agency",
        level="B-LT",
        trust=trust,
        fill=pdfs.FILL,
        lock=True,
    )
    return made
