"""Names of certificates are compared to the byte first, and otherwise as RFC 5280 §7.1 wants.

Where a serial number stands beside the name, that is compared before.
"""

from __future__ import annotations

import pytest
from asn1crypto import cms, x509
from pyhanko.sign import general

import signing.certificates  # which brings the comparison
from tests.signing.pki import Pki, Profile


def name(common_name: str, organisation: str = "UBND xã Mẫu") -> x509.Name:
    return x509.Name.build({"common_name": common_name, "organization_name": organisation})


def test_the_comparison_is_ours() -> None:
    assert x509.Name.__eq__ is signing.certificates._same_name


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("CA phục vụ", "CA phục vụ", True),
        ("CA phục vụ", "ca  PHỤC vụ", True),
        ("CA phục vụ", "CA phục vu", False),
        ("CA", "CA 2", False),
    ],
)
def test_names_are_equal_as_prepared(one: str, other: str, *, same: bool) -> None:
    again = x509.Name.load(name(other).dump())
    assert (name(one) == again) is same
    assert (again == name(one)) is same
    assert (name(one) != again) is not same


def test_a_name_is_no_other_thing() -> None:
    assert name("CA") != "CA"
    assert name("CA") != name("CA", "Khác")


def test_a_certificate_is_named_by_serial_number_and_issuer() -> None:
    assert general.match_issuer_serial is signing.certificates._match_issuer_serial
    pki = Pki()
    one, sibling = (x509.Certificate.load(pki.issue(Profile()).certificate) for _ in range(2))

    def named(issuer: x509.Name, serial: int) -> bool:
        identifier = cms.IssuerAndSerialNumber({"issuer": issuer, "serial_number": serial})
        return general.match_issuer_serial(identifier, one)

    assert named(x509.Name.load(one.issuer.dump()), one.serial_number)
    assert not named(one.issuer, sibling.serial_number)
    assert not named(name("CA"), one.serial_number)
