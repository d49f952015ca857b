"""The check in the signing process finds whatever is not as it was meant to be written."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import core, parser
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.sign.general import simple_cms_attribute

from signing import cms, pades
from signing.check import check
from signing.errors import SigningRefused
from signing.keys import LiveKey
from signing.report import Level
from signing.responders import TimeStampAuthority
from signing.revision import Room, Written
from signing.settled import settled
from tests.signing import pdfs
from tests.signing.pki import Profile, rsa_key
from tests.signing.trusted import House, Stamper

LEVELS: tuple[Level, ...] = ("B-B", "B-T", "B-LT", "B-LTA")


@dataclass(frozen=True)
class Made:
    """A signed file and what its maker knows of it."""

    content: bytes
    base: bytes
    certificate: bytes
    written: tuple[Written, ...]

    def passes(self, content: bytes | None = None, **changes: object) -> bool:
        asked: dict[str, object] = {
            "base_bytes": len(self.base),
            "base_sha256": hashlib.sha256(self.base).hexdigest(),
            "certificate": self.certificate,
            "written": self.written,
        }
        stream = io.BytesIO(self.content if content is None else content)
        try:
            check(stream, **(asked | changes))  # type: ignore[arg-type]
        except SigningRefused:
            return False
        return True


def written_in(content: bytes, base_bytes: int) -> tuple[Written, ...]:
    """The values in a file, found by their text; each revision ends with its own %%EOF."""
    found = []
    for match in re.finditer(rb"/Contents (<[0-9A-F]+>)", content):
        if match.start() < base_bytes:
            continue
        padded = bytes.fromhex(match[1][1:-1].decode())
        covered = content.index(b"%%EOF\n", match.end()) + len(b"%%EOF\n")
        room = Room(match.start(1), match.end(1), covered)
        found.append(Written(room, padded[: parser.peek(padded)]))
    return tuple(found)


@pytest.fixture(scope="module")
def house() -> House:
    return House.new()


@pytest.fixture(scope="module")
def key(house: House) -> LiveKey:
    return house.pki.issue(Profile(key=rsa_key()))


@pytest.fixture(scope="module")
def made(house: House, key: LiveKey, tmp_path_factory: pytest.TempPathFactory) -> dict[Level, Made]:
    folder = tmp_path_factory.mktemp("check")
    base = pdfs.plain(folder / "plain.pdf").read_bytes()
    found = {}
    for level in LEVELS:
        target = folder / f"{level}.pdf"
        pades.sign(folder / "plain.pdf", target, key=key, field="s", level=level, trust=house.trust)
        content = target.read_bytes()
        found[level] = Made(content, base, key.certificate, written_in(content, len(base)))
    return found


@pytest.mark.parametrize("level", LEVELS)
def test_what_was_written_passes(made: dict[Level, Made], level: Level) -> None:
    assert made[level].passes()
    assert len(made[level].written) == (2 if level == "B-LTA" else 1)


@pytest.mark.parametrize("level", LEVELS)
def test_every_flipped_byte_is_found(made: dict[Level, Made], level: Level) -> None:
    one = made[level]
    # Everything at steps that share no factor with a line of the file, and all of the values' ends.
    places = {*range(0, len(one.content), 97)}
    for item in one.written:
        places |= {item.room.start, item.room.start + 1, item.room.end - 2, item.room.end - 1}
    for place in sorted(places):
        changed = bytearray(one.content)
        changed[place] ^= 1
        assert not one.passes(bytes(changed)), place


@given(data=st.data())
def test_no_change_of_any_kind_passes(made: dict[Level, Made], data: st.DataObject) -> None:
    one = made[data.draw(st.sampled_from(LEVELS))]
    start = data.draw(st.integers(0, len(one.content)))
    end = data.draw(st.integers(start, min(len(one.content), start + 40)))
    instead = data.draw(st.binary(max_size=40))
    changed = one.content[:start] + instead + one.content[end:]
    assert one.passes(changed) == (changed == one.content)


def test_the_maker_must_have_meant_it(house: House, made: dict[Level, Made]) -> None:
    """What is right in itself is still refused when it is not what was to be written."""
    one, other = made["B-B"], house.pki.issue(Profile())
    (written,) = one.written
    assert not one.passes(certificate=other.certificate)
    assert not one.passes(base_sha256=hashlib.sha256(one.base[:-1]).hexdigest())
    assert not one.passes(base_bytes=len(one.base) - 1)
    assert not one.passes(written=[replace(written, value=written.value + b"\0")])
    assert not one.passes(written=made["B-T"].written)
    assert not one.passes(certificate=None), "a signature is no time-stamp"
    assert not one.passes(one.content + b"\n")
    assert not one.passes(one.content[:-1])
    archived = made["B-LTA"]
    assert not archived.passes(written=archived.written[:1])
    assert not archived.passes(written=archived.written[::-1])


Forge = Callable[[bytes, LiveKey], bytes]


def plainly(digest: bytes, key: LiveKey) -> bytes:
    """The value as `pades` makes it, without a time-stamp."""
    return with_attributes(cms.signed_attributes(digest, key.certificate), key)


def with_attributes(attributes: bytes, key: LiveKey, token: bytes | None = None) -> bytes:
    signature = key.sign(attributes, "sha256")
    return cms.signed_data(attributes, signature, key.certificate, key.chain, token)


def resigned(one: Made, key: LiveKey, content: bytes, forge: Forge = plainly) -> Made:
    """The file with another value over it, made with the right key, and meant."""
    room = one.written[0].room
    digest = hashlib.sha256(content[: room.start] + content[room.end :]).digest()
    value = forge(digest, key)
    shown = value.hex().upper().encode().ljust(room.end - room.start - 2, b"0")
    changed = content[: room.start] + b"<" + shown + b">" + content[room.end :]
    return replace(one, content=changed, written=(Written(room, value),))


def test_a_byte_range_that_leaves_out_more_is_found(made: dict[Level, Made], key: LiveKey) -> None:
    """The digest is over what the range says, and the range must say everything."""
    one = made["B-T"]
    room = one.written[0].room
    rest = room.covered_bytes - room.end
    stated = b"/ByteRange [0 %d %d %d]" % (room.start, room.end, rest)
    assert one.content.count(stated) == 1
    assert resigned(one, key, one.content).passes()
    for numbers in (
        (0, room.start - 1, room.end, rest),
        (0, room.start, room.end + 1, rest - 1),
        (0, room.start, room.end, rest - 1),
        (1, room.start - 1, room.end, rest),
    ):
        other = (b"/ByteRange [%d %d %d %d]" % numbers).ljust(len(stated))
        assert not resigned(one, key, one.content.replace(stated, other)).passes()


def reencoded(change: Callable[[asn1_cms.SignedData], None]) -> Forge:
    """A value as it should be, then changed by hand without regard to what the key signed."""

    def forge(digest: bytes, key: LiveKey) -> bytes:
        content = asn1_cms.ContentInfo.load(plainly(digest, key))
        change(content["content"])
        encoded: bytes = content.dump(force=True)
        return encoded

    return forge


def attributes_with(
    *more: asn1_cms.CMSAttribute, without: str | None = None, order: int = 1
) -> Forge:
    def forge(digest: bytes, key: LiveKey) -> bytes:
        plain = asn1_cms.CMSAttributes.load(cms.signed_attributes(digest, key.certificate))
        kept = [item for item in plain if item["type"].native != without]
        encoded = sorted(item.dump() for item in (*kept, *more))
        body = b"".join(encoded[::order])
        size = len(body).to_bytes(2, "big")
        return with_attributes(b"\x31\x82" + size + body, key)

    return forge


def bound_to_another(digest: bytes, key: LiveKey) -> bytes:
    other = House.new().pki.issue(Profile())
    return with_attributes(cms.signed_attributes(digest, other.certificate), key)


def by_another_key(digest: bytes, key: LiveKey) -> bytes:
    attributes = cms.signed_attributes(digest, key.certificate)
    value = rsa_key(2048, 1).sign(attributes, padding.PKCS1v15(), hashes.SHA256())
    return cms.signed_data(attributes, value, key.certificate, key.chain)


def stamped_elsewhere(digest: bytes, key: LiveKey) -> bytes:
    stamper = TimeStampAuthority(House.new().pki.tsa)
    token = settled(stamper.async_timestamp(hashlib.sha256(b"another").digest(), "sha256"))
    return with_attributes(cms.signed_attributes(digest, key.certificate), key, token.dump())


def without_certificate(signed: asn1_cms.SignedData) -> None:
    signed["certificates"] = [item for item in signed["certificates"] if item.chosen.ca]


FORGERIES: dict[str, Forge] = {
    "over another digest": lambda digest, key: plainly(digest[::-1], key),
    "bound to another certificate": bound_to_another,
    "by another key": by_another_key,
    "with a signing time": attributes_with(
        simple_cms_attribute("signing_time", core.UTCTime(datetime(2026, 11, 22, tzinfo=UTC)))
    ),
    "with an attribute twice": attributes_with(simple_cms_attribute("content_type", "data")),
    "of another content type": attributes_with(
        simple_cms_attribute("content_type", "tst_info"), without="content_type"
    ),
    "without binding the certificate": attributes_with(without="signing_certificate_v2"),
    "with attributes out of order": attributes_with(order=-1),
    "with a time-stamp over something else": stamped_elsewhere,
    "with its content inside": reencoded(
        lambda signed: signed["encap_content_info"].__setitem__("content", b"inside")
    ),
    "without the certificate": reencoded(without_certificate),
    "with the signer twice": reencoded(
        lambda signed: signed["signer_infos"].append(signed["signer_infos"][0].copy())
    ),
    "naming another certificate": reencoded(
        lambda signed: signed["signer_infos"][0]["sid"].chosen.__setitem__("serial_number", 7)
    ),
    "naming another algorithm": reencoded(
        lambda signed: signed["signer_infos"][0].__setitem__(
            "signature_algorithm", {"algorithm": "sha512_rsa"}
        )
    ),
    "naming another digest": reencoded(
        lambda signed: signed["signer_infos"][0].__setitem__(
            "digest_algorithm", {"algorithm": "sha512"}
        )
    ),
    "no CMS": lambda _digest, _key: b"\x30\x03\x02\x01\x01",
    "with bytes behind": lambda digest, key: plainly(digest, key) + b"\x05\x00",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_value_that_does_not_bind_is_found(
    made: dict[Level, Made], key: LiveKey, name: str
) -> None:
    """Made with the right key and meant to be written: what it says still must be right."""
    one = made["B-T"]
    assert not resigned(one, key, one.content, FORGERIES[name]).passes()


def test_the_forger_is_able(made: dict[Level, Made], key: LiveKey) -> None:
    """What the forgeries are made with makes what passes, too."""
    one = made["B-T"]
    for forge in (plainly, attributes_with(), reencoded(lambda _signed: None)):
        assert resigned(one, key, one.content, forge).passes()


class Careless(Stamper):
    """Stamps something else from a given answer on, and says nothing."""

    def __init__(self, key: LiveKey, good: int) -> None:
        super().__init__(key)
        self._good = good

    async def async_timestamp(
        self, message_digest: bytes, md_algorithm: str
    ) -> asn1_cms.ContentInfo:
        self._good -= 1
        digest = message_digest if self._good >= 0 else message_digest[::-1]
        return await super().async_timestamp(digest, md_algorithm)


@pytest.mark.parametrize(("level", "good"), [("B-T", 1), ("B-LT", 1), ("B-LTA", 1), ("B-LTA", 2)])
def test_nothing_is_handed_out_that_fails(
    house: House, key: LiveKey, tmp_path: Path, level: Level, good: int
) -> None:
    """The first answer tells the size; the second is the signature's, the third the document's."""
    source, target = pdfs.plain(tmp_path / "plain.pdf"), tmp_path / "signed.pdf"
    trust = replace(house.trust, timestamper=Careless(house.pki.tsa, good))
    with pytest.raises(SigningRefused) as refused:
        pades.sign(source, target, key=key, field="s", level=level, trust=trust)
    assert refused.value.code == "own_signature_bad"
    assert list(tmp_path.iterdir()) == [source]


def test_no_archive_time_stamp_over_something_else(
    house: House, key: LiveKey, tmp_path: Path
) -> None:
    source, target = pdfs.plain(tmp_path / "plain.pdf"), tmp_path / "archived.pdf"
    pades.sign(source, source, key=key, field="s", level="B-B", trust=house.trust)
    trust = replace(house.trust, timestamper=Careless(house.pki.tsa, 1))
    with pytest.raises(SigningRefused) as refused:
        pades.archive(source, target, trust=trust)
    assert refused.value.code == "own_signature_bad"
    assert list(tmp_path.iterdir()) == [source]


def test_a_key_of_another_certificate_gets_no_time_stamp(
    house: House, key: LiveKey, tmp_path: Path
) -> None:
    source, stamper = pdfs.plain(tmp_path / "plain.pdf"), Stamper(house.pki.tsa)
    swapped = replace(key, private_key=rsa_key(2048, 1))
    trust = replace(house.trust, timestamper=stamper)
    with pytest.raises(SigningRefused) as refused:
        pades.sign(source, tmp_path / "o.pdf", key=swapped, field="s", level="B-T", trust=trust)
    assert refused.value.code == "wrong_signature"
    assert stamper.asked == 1  # before the key was used, to know the size
    assert list(tmp_path.iterdir()) == [source]
