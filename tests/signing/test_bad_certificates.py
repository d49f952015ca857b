"""Bad certificates and bad services on the way to a signature: refused or postponed, nothing lost.

Each time the key was not used where that could be known before, no target appears, and the source
is what it was.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from signing import pades
from signing.errors import SigningRefused, TrustUnavailable
from signing.keys import Algorithm, LiveKey
from signing.pades import Level
from signing.revocation import SERVICE as STATUS_SERVICE
from signing.revocation import HttpRevocation
from signing.timestamping import SERVICE as TIME_STAMP_SERVICE
from signing.timestamping import HttpTimeStamper
from signing.trust import Trust
from signing.validation import validate
from tests.signing import pdfs, test_revocation, test_timestamping, wire
from tests.signing.pki import CA, TSA, Pki, PrivateKey, Profile, issue, rsa_key, signed_with_sha1
from tests.signing.wire import Manner, Services, good_manners, stamping

DEADLINE_SECONDS = 1.0
SERVER_AUTH = ExtendedKeyUsageOID.SERVER_AUTH
NO_SIGNING = " Không thể ký."


@dataclass
class CountedKey:
    """A key that counts its uses."""

    live: LiveKey
    uses: list[bytes] = field(default_factory=list)

    @property
    def certificate(self) -> bytes:
        return self.live.certificate

    @property
    def chain(self) -> tuple[bytes, ...]:
        return self.live.chain

    @property
    def algorithm(self) -> Algorithm:
        return self.live.algorithm

    @property
    def signature_bytes(self) -> int:
        return self.live.signature_bytes

    def sign(self, data: bytes, digest_algorithm: str) -> bytes:
        self.uses.append(data)
        return self.live.sign(data, digest_algorithm)


@dataclass
class Desk:
    """Somebody about to sign `source` into `target`."""

    services: Services
    trust: Trust
    source: Path
    target: Path

    def sign(self, key: LiveKey | CountedKey, level: Level = "B-LT") -> pades.SignedRevision:
        return pades.sign(
            self.source, self.target, key=key, field="person1", level=level, trust=self.trust
        )


@pytest.fixture
def services() -> Iterator[Services]:
    with wire.serving() as running:
        yield running


@pytest.fixture
def desk(services: Services, tmp_path: Path) -> Desk:
    root = services.pki.root.certificate
    trust = Trust(
        anchors=(root,),
        revocation=(HttpRevocation([services.host], [root], timeout_seconds=2 * DEADLINE_SECONDS),),
        timestamper=HttpTimeStamper(services.tsa_url, timeout_seconds=DEADLINE_SECONDS),
    )
    return Desk(services, trust, pdfs.plain(tmp_path / "source.pdf"), tmp_path / "target.pdf")


@pytest.fixture
def untouched(desk: Desk) -> Iterator[None]:
    """Whatever happens, the source stays and nothing is left beside it."""
    before = desk.source.read_bytes()
    yield
    assert desk.source.read_bytes() == before
    assert list(desk.source.parent.iterdir()) == [desk.source]


@pytest.mark.parametrize("level", ["B-B", "B-T", "B-LT", "B-LTA"])
@pytest.mark.parametrize("key", [None, rsa_key()], ids=["p256", "rsa2048"])
def test_over_the_wire_every_level_is_reached_and_valid(
    desk: Desk, level: Level, key: object
) -> None:
    signer = desk.services.pki.issue(Profile(key=key))  # type: ignore[arg-type]
    assert desk.sign(signer, level).level == level
    report = validate(desk.target, trust=desk.trust)
    assert (report.verdict, report.signatures[0].level) == ("HOP_LE", level)
    if level in ("B-LT", "B-LTA"):  # what stands in the file is enough
        assert validate(desk.target, trust=Trust(desk.trust.anchors)).verdict == "HOP_LE"


def test_once_warm_a_signature_costs_one_call(desk: Desk) -> None:
    signer = desk.services.pki.issue(Profile())
    desk.sign(signer)
    desk.services.asked.clear()
    for _ in range(3):
        desk.target.unlink()
        desk.sign(signer)
    assert desk.services.asked == Counter({"/tsa": 3})
    assert desk.services.connections == 2  # one for time-stamps, one for status, kept open


def test_validation_calls_nobody(desk: Desk, services: Services) -> None:
    desk.sign(services.pki.issue(Profile()), "B-B")
    services.asked.clear()
    root = services.pki.root.certificate
    cold = Trust((root,), revocation=(HttpRevocation([services.host], [root]),))
    assert validate(desk.target, trust=cold).verdict == "KHONG_XAC_DINH"
    assert not services.asked


@pytest.mark.parametrize(
    ("key", "digest"),
    [
        (rsa_key(1024), "sha256"),
        (ec.generate_private_key(ec.SECP192R1()), "sha256"),
        (rsa_key(), "sha1"),
    ],
    ids=["RSA-1024", "EC-192", "SHA-1"],
)
def test_a_weak_signature_made_elsewhere_is_not_valid(
    desk: Desk, key: PrivateKey, digest: str
) -> None:
    signer = desk.services.pki.issue(Profile(key=key))
    pdfs.signed_elsewhere(desk.source, signer, "person1", digest)
    desk.trust.revocation[0].evidence((signer.certificate, *signer.chain), fetch=True)
    report = validate(desk.source, trust=desk.trust)
    assert (report.integrity, report.verdict) == ("INTACT", "KHONG_XAC_DINH")
    assert report.sub_indication == "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"


def revoked(pki: Pki, status: str) -> LiveKey:
    key = pki.issue(Profile(status=(status,)))
    pki.revoke(key)
    return key


def below_a_revoked_authority(pki: Pki) -> LiveKey:
    pki.revoke(pki.issuing)
    return pki.issue(Profile())


def below_an_expired_authority(pki: Pki) -> LiveKey:
    authority = pki.issue(replace(CA, name="CA cũ", valid=(-9, -1), status=("crl",)), by=pki.root)
    return pki.issue(Profile(status=("crl",)), by=authority)


def below_a_signer(pki: Pki) -> LiveKey:
    """Issued by somebody who is no authority."""
    return pki.issue(Profile(), by=pki.issue(Profile("Trần Thị Ngọc Ánh")))


def look_alike(pki: Pki) -> LiveKey:
    """Every name is the same, and so are the addresses; only the keys differ."""
    return Pki(pki.services).issue(Profile())


def look_alike_below_the_genuine_chain(pki: Pki) -> LiveKey:
    return replace(look_alike(pki), chain=(pki.issuing.certificate,))


def self_signed(pki: Pki) -> LiveKey:
    return issue(Profile(), None, pki.services)


def broken(pki: Pki) -> LiveKey:
    key = pki.issue(Profile())
    return replace(key, certificate=key.certificate[:-20])


EXPIRED = "Chứng thư số đã hết hạn."
WEAK = "Khóa hoặc thuật toán của chứng thư số không đủ an toàn."
PURPOSE = "Chứng thư số không được cấp để ký văn bản."
UNTRUSTED = "Chứng thư số không thuộc nguồn tin cậy đã cấu hình."
REVOKED = "Chứng thư số đã bị thu hồi."


def issued(**profile: object) -> Callable[[Pki], LiveKey]:
    return lambda pki: pki.issue(Profile(**profile))  # type: ignore[arg-type]


BAD: dict[str, tuple[Callable[[Pki], LiveKey], str, str]] = {
    "expired": (issued(valid=(-9, -1)), "certificate_expired", EXPIRED),
    "expired a minute ago": (issued(valid=(-9, -1 / 1440)), "certificate_expired", EXPIRED),
    "not yet valid": (
        issued(valid=(1, 9)),
        "certificate_not_yet_valid",
        "Chứng thư số chưa có hiệu lực.",
    ),
    "revoked, says OCSP": (lambda pki: revoked(pki, "ocsp"), "certificate_revoked", REVOKED),
    "revoked, says a list": (lambda pki: revoked(pki, "crl"), "certificate_revoked", REVOKED),
    "below a revoked authority": (
        below_a_revoked_authority,
        "certificate_revoked",
        "Chứng thư số của tổ chức chứng thực đã bị thu hồi.",
    ),
    "of unknown status": (
        issued(status=()),
        "certificate_status_unknown",
        "Chưa kiểm tra được trạng thái thu hồi của chứng thư số.",
    ),
    "for web servers": (issued(purposes=(SERVER_AUTH,)), "certificate_purpose", PURPOSE),
    "for encryption": (issued(usage=("key_encipherment",)), "certificate_purpose", PURPOSE),
    "for time-stamps": (lambda pki: pki.tsa, "certificate_purpose", PURPOSE),
    "for OCSP": (lambda pki: pki.ocsp, "certificate_purpose", PURPOSE),
    "an authority's": (lambda pki: pki.issuing, "certificate_purpose", PURPOSE),
    "the root's": (lambda pki: pki.root, "certificate_purpose", PURPOSE),
    "RSA-1024": (issued(key=rsa_key(1024)), "certificate_weak", WEAK),
    "EC-192": (issued(key=ec.generate_private_key(ec.SECP192R1())), "certificate_weak", WEAK),
    "EC-224": (issued(key=ec.generate_private_key(ec.SECP224R1())), "certificate_weak", WEAK),
    "signed over SHA-1": (
        lambda pki: signed_with_sha1(pki.issue(Profile()), pki.issuing),
        "certificate_weak",
        WEAK,
    ),
    "a look-alike": (look_alike, "certificate_untrusted", UNTRUSTED),
    "a look-alike below the genuine chain": (
        look_alike_below_the_genuine_chain,
        "certificate_untrusted",
        UNTRUSTED,
    ),
    "self-signed": (self_signed, "certificate_untrusted", UNTRUSTED),
    "below a signer": (below_a_signer, "certificate_untrusted", UNTRUSTED),
    "below an expired authority": (
        below_an_expired_authority,
        "certificate_untrusted",
        UNTRUSTED,
    ),
    "broken": (broken, "certificate_malformed", "Chứng thư số không đọc được."),
}


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("level", ["B-B", "B-LT"])
@pytest.mark.parametrize("bad", BAD)
def test_a_bad_certificate_is_refused_by_its_name_before_the_key_is_used(
    desk: Desk, bad: str, level: Level
) -> None:
    make, code, sentence = BAD[bad]
    key = CountedKey(make(desk.services.pki))
    with pytest.raises(SigningRefused) as refused:
        desk.sign(key, level)
    assert (refused.value.code, str(refused.value).removesuffix(NO_SIGNING)) == (code, sentence)
    assert key.uses == []
    assert not desk.services.asked["/tsa"]  # nor is a time-stamp ordered


@pytest.mark.usefixtures("untouched")
def test_a_signer_who_is_an_anchor_is_not_believed_for_that(desk: Desk) -> None:
    key = CountedKey(self_signed(desk.services.pki))
    with pytest.raises(SigningRefused) as refused:
        replace(desk, trust=Trust((key.certificate,))).sign(key, "B-B")
    assert refused.value.code == "certificate_status_unknown"
    assert key.uses == []


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("bad", ["a look-alike", "self-signed", "expired", "for web servers"])
def test_what_is_refused_at_sight_makes_nobody_be_asked(desk: Desk, bad: str) -> None:
    with pytest.raises(SigningRefused):
        desk.sign(BAD[bad][0](desk.services.pki))
    assert not desk.services.asked


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("level", ["B-T", "B-LT"])
@pytest.mark.parametrize("misbehaviour", test_timestamping.MISBEHAVIOURS)
def test_a_misbehaving_time_stamp_service_postpones_before_the_key_is_used(
    desk: Desk, misbehaviour: str, level: Level
) -> None:
    manner, _ = test_timestamping.MISBEHAVIOURS[misbehaviour]
    desk.services.manners["/tsa"] = manner(desk.services.pki)
    key = CountedKey(desk.services.pki.issue(Profile()))
    postponed(desk, key, TIME_STAMP_SERVICE, level, uses=0)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("misbehaviour", test_timestamping.MISBEHAVIOURS)
def test_a_time_stamp_service_that_misbehaves_later_postpones_too(
    desk: Desk, misbehaviour: str
) -> None:
    key = CountedKey(desk.services.pki.issue(Profile()))
    desk.sign(key)
    desk.target.unlink()
    manner, _ = test_timestamping.MISBEHAVIOURS[misbehaviour]
    desk.services.manners["/tsa"] = manner(desk.services.pki)
    postponed(desk, key, TIME_STAMP_SERVICE, "B-LT", uses=1)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("misbehaviour", test_revocation.MISBEHAVIOURS)
def test_a_misbehaving_responder_postpones_before_the_key_is_used(
    desk: Desk, misbehaviour: str
) -> None:
    manner, _ = test_revocation.MISBEHAVIOURS[misbehaviour]
    desk.services.manners["/ocsp"] = manner(desk.services.pki)
    key = CountedKey(desk.services.pki.issue(Profile()))
    postponed(desk, key, STATUS_SERVICE, "B-B", uses=0)


def postponed(desk: Desk, key: CountedKey, service: str, level: Level, *, uses: int) -> None:
    """Signing ends as "not now" in time, and works as soon as the service does."""
    started, before = time.monotonic(), len(key.uses)
    with pytest.raises(TrustUnavailable) as fault:
        desk.sign(key, level)
    assert time.monotonic() - started < 2 * DEADLINE_SECONDS + 2
    assert fault.value.what == service
    assert len(key.uses) - before == uses
    assert not desk.target.exists()
    desk.services.manners.update(good_manners(desk.services.pki))
    desk.sign(key, level)
    desk.target.unlink()


def of_a_look_alike(pki: Pki) -> Manner:
    return stamping(Pki(pki.services).tsa)


def of_a_revoked_one(pki: Pki) -> Manner:
    authority = pki.issue(TSA)
    pki.revoke(authority)
    return stamping(authority)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("level", ["B-T", "B-LT"])
@pytest.mark.parametrize("authority", [of_a_look_alike, of_a_revoked_one])
def test_a_time_stamp_nobody_would_believe_is_refused(
    desk: Desk, authority: Callable[[Pki], Manner], level: Level
) -> None:
    desk.services.manners["/tsa"] = authority(desk.services.pki)
    key = CountedKey(desk.services.pki.issue(Profile()))
    with pytest.raises(SigningRefused) as refused:
        desk.sign(key, level)
    assert refused.value.code == "timestamp_untrusted"
    assert key.uses == []


@pytest.mark.usefixtures("untouched")
def test_nobody_at_the_time_stamp_address_postpones(desk: Desk) -> None:
    with wire.nobody() as url:
        alone = replace(desk.trust, timestamper=HttpTimeStamper(url))
        away = replace(desk, trust=alone)
        with pytest.raises(TrustUnavailable):
            away.sign(desk.services.pki.issue(Profile()))
