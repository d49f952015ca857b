"""What a token is asked to sign is checked against the file, whatever the server says."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from signing import pades
from signing.devca import DevelopmentCA
from signing.keys import LiveKey
from tests.signing import pdfs
from workflow.token_client import (
    Asked,
    HeldKey,
    KeyStopped,
    NotWhatItSays,
    check,
    read_secret,
)


@pytest.fixture
def held(tmp_path: Path) -> HeldKey:
    return HeldKey(DevelopmentCA(tmp_path / "pki").issue_person("a", "A", "B"), "A")


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    return tmp_path / "prepared.pdf"


@pytest.fixture
def asked(tmp_path: Path, held: HeldKey, prepared: Path) -> Asked:
    return ask(tmp_path, held, prepared, "CONG VAN")


def ask(folder: Path, held: HeldKey, prepared: Path, text: str) -> Asked:
    """What an honest server asks, and the file that it gives out."""
    source = pdfs.plain(folder / f"{text}.pdf", text=text)
    trust = DevelopmentCA(folder / "pki").trust
    made = pades.prepare(
        source,
        certificate=held.key.certificate,
        chain=(),
        field="person1",
        level="B-LT",
        trust=trust,
    )
    prepared.write_bytes(source.read_bytes() + made.tail)
    return Asked(
        base_sha256=made.base_sha256,
        base_bytes=made.base_bytes,
        byte_range=(0, made.room.start, made.room.end, made.room.covered_bytes - made.room.end),
        certificate_sha256=hashlib.sha256(held.key.certificate).hexdigest(),
        attributes=made.attributes,
        digest=hashlib.sha256(made.attributes).hexdigest(),
    )


def test_what_is_as_it_says_may_be_signed(asked: Asked, held: HeldKey, prepared: Path) -> None:
    check(asked, held, prepared)


def with_attributes(asked: Asked, attributes: bytes) -> Asked:
    return replace(asked, attributes=attributes, digest=hashlib.sha256(attributes).hexdigest())


def shifted(asked: Asked, *by: int) -> Asked:
    moved = [number + step for number, step in zip(asked.byte_range, by, strict=True)]
    return replace(asked, byte_range=tuple(moved))  # type: ignore[arg-type]


LIES: dict[str, tuple[Callable[[Asked], Asked], str]] = {
    "another digest": (lambda asked: replace(asked, digest="0" * 64), "giá trị băm"),
    "another certificate": (
        lambda asked: replace(asked, certificate_sha256="0" * 64),
        "chứng thư số khác",
    ),
    "another reviewed file": (
        lambda asked: replace(asked, base_sha256="0" * 64),
        "không bắt đầu bằng văn bản đã xem",
    ),
    "something signed that is no signature": (
        lambda asked: with_attributes(asked, b"Toi xin nhan no 1 ty dong"),
        "không phải của tệp này",
    ),
    "a longer hole": (lambda asked: shifted(asked, 0, -9, 0, 0), "không trống"),
    "an end that is not signed": (lambda asked: shifted(asked, 0, 0, 0, -20), "không phủ hết"),
    "a beginning that is not signed": (lambda asked: shifted(asked, 9, 0, 0, 0), "không phủ hết"),
    "parts the wrong way round": (
        lambda asked: replace(asked, byte_range=(0, asked.byte_range[2], asked.byte_range[1], 0)),
        "không phủ hết",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_found_before_the_key_is_used(
    asked: Asked, held: HeldKey, prepared: Path, lie: str
) -> None:
    tell, why = LIES[lie]
    with pytest.raises(NotWhatItSays, match=why):
        check(tell(asked), held, prepared)


def test_another_file_than_the_one_downloaded_is_not_signed(
    asked: Asked, held: HeldKey, prepared: Path, tmp_path: Path
) -> None:
    other = ask(tmp_path, held, tmp_path / "other.pdf", "QUYET DINH")
    with pytest.raises(NotWhatItSays, match="không phải của tệp này"):
        check(with_attributes(asked, other.attributes), held, prepared)


def test_a_changed_page_behind_the_reviewed_part_is_not_signed(
    asked: Asked, held: HeldKey, prepared: Path
) -> None:
    content = bytearray(prepared.read_bytes())
    content[asked.base_bytes + 40] ^= 1
    prepared.write_bytes(content)
    with pytest.raises(NotWhatItSays, match="không phải của tệp này"):
        check(asked, held, prepared)


def test_nothing_may_hide_in_the_room_of_the_signature(
    asked: Asked, held: HeldKey, prepared: Path
) -> None:
    content = bytearray(prepared.read_bytes())
    content[asked.byte_range[1] + 9] = ord("5")
    prepared.write_bytes(content)
    with pytest.raises(NotWhatItSays, match="không trống"):
        check(asked, held, prepared)


def test_the_room_is_not_in_what_was_reviewed(asked: Asked, held: HeldKey, prepared: Path) -> None:
    whole = prepared.read_bytes()
    everything = replace(
        asked, base_bytes=len(whole), base_sha256=hashlib.sha256(whole).hexdigest()
    )
    with pytest.raises(NotWhatItSays, match="không phủ hết"):
        check(everything, held, prepared)


def test_a_secret_is_read_from_a_pipe_or_a_file_of_its_owner(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, "bí mật\nvà không hơn".encode())
    os.close(writer)
    assert read_secret(Path(f"/dev/fd/{reader}")) == "bí mật"
    os.close(reader)
    path = tmp_path / "pin"
    path.touch(mode=0o600)
    for wrong in (b"", b"\n", b"\xff\n"):
        path.write_bytes(wrong)
        with pytest.raises(KeyStopped):
            read_secret(path)
    path.write_bytes(b"1234\r\n")
    assert read_secret(path) == "1234"
    path.chmod(0o640)
    with pytest.raises(KeyStopped) as refused:
        read_secret(path)
    assert "1234" not in str(refused.value)


def test_a_key_of_another_certificate_is_not_used(
    asked: Asked, held: HeldKey, prepared: Path, tmp_path: Path
) -> None:
    other: LiveKey = DevelopmentCA(tmp_path / "pki").issue_person("b", "B", "C")
    with pytest.raises(NotWhatItSays, match="chứng thư số khác"):
        check(asked, HeldKey(other, "B"), prepared)
