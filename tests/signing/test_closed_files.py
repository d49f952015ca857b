"""Files that must not be signed, or not so: refused before the key is used, and left alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import (
    FieldMDPAction,
    FieldMDPSpec,
    MDPPerm,
    SigFieldSpec,
    SigSeedValueSpec,
    append_signature_field,
)

from signing import pades
from signing.errors import SigningRefused, UnreadablePdf
from signing.keys import LiveKey
from signing.validation import validate
from tests.signing import pdfs, plugin
from tests.signing.conftest import Office
from tests.signing.pki import Profile
from tests.signing.test_bad_certificates import CountedKey
from tests.signing.trusted import House

Prepare = Callable[[Path, LiveKey], object]


@pytest.fixture(scope="module")
def house() -> House:
    return House.new()


@pytest.fixture(scope="module")
def key(house: House) -> LiveKey:
    return house.pki.issue(Profile())


def encrypted(path: Path, _key: LiveKey, password: str = "") -> None:
    pdfs.plain(path)
    with pikepdf.open(path, allow_overwriting_input=True) as opened:
        opened.save(path, encryption=pikepdf.Encryption(owner="owner", user=password))


def without_pages(path: Path, _key: LiveKey) -> None:
    pikepdf.new().save(path)


def certified(permission: MDPPerm) -> Prepare:
    def prepare(path: Path, key: LiveKey) -> None:
        plugin.sign(pdfs.plain(path), key, certify=True, docmdp_permissions=permission)

    return prepare


def restricting(action: FieldMDPAction, *names: str) -> Prepare:
    """A signature that lets nobody touch some fields any more."""

    def prepare(path: Path, key: LiveKey) -> None:
        with_field(path, SigFieldSpec("person1"))
        spec = SigFieldSpec("first", field_mdp_spec=FieldMDPSpec(action, list(names) or None))
        plugin.sign(path, key, spec=spec)

    return prepare


def with_field(path: Path, spec: SigFieldSpec) -> None:
    pdfs.revise(pdfs.plain(path), lambda writer: append_signature_field(writer, spec))


def altered(path: Path, key: LiveKey) -> None:
    plugin.sign(pdfs.plain(path), key)
    pdfs.revise(path, pdfs.change_page)


def with_text_field(path: Path, _key: LiveKey) -> None:
    pdfs.revise(pdfs.plain(path), lambda writer: pdfs.text_field(writer, "person1", "x"))


def locked_wrongly(writer: IncrementalPdfFileWriter) -> None:
    """A permission of no known kind, in the signature's transform parameters."""
    signature = pdfs.field(writer, "first")["/V"]
    transform = signature["/Reference"][0]["/TransformParams"]
    transform[pdf_name("/Action")] = pdf_name("/Perhaps")
    writer.update_container(transform)


def restricting_wrongly(path: Path, key: LiveKey) -> None:
    restricting(FieldMDPAction.INCLUDE, "other")(path, key)
    pdfs.revise(path, locked_wrongly)


CLOSED: dict[str, tuple[Prepare, str]] = {
    "encrypted": (encrypted, "encrypted"),
    "certified: no changes": (certified(MDPPerm.NO_CHANGES), "locked"),
    "every field locked": (restricting(FieldMDPAction.ALL), "locked"),
    "this field locked": (restricting(FieldMDPAction.INCLUDE, "person1"), "locked"),
    "all but another locked": (restricting(FieldMDPAction.EXCLUDE, "other"), "locked"),
    "locked in unknown words": (restricting_wrongly, "locked"),
    "altered after a signature": (altered, "not_intact"),
    "the field is for text": (with_text_field, "field_taken"),
    "the field is used": (
        lambda path, key: plugin.sign(pdfs.plain(path), key, field_name="person1"),
        "field_taken",
    ),
    "the field asks for more": (
        lambda path, _key: with_field(
            path, SigFieldSpec("person1", seed_value_dict=SigSeedValueSpec(reasons=["x"]))
        ),
        "field_constrained",
    ),
    "the field locks some fields": (
        lambda path, _key: with_field(
            path,
            SigFieldSpec(
                "person1", field_mdp_spec=FieldMDPSpec(FieldMDPAction.INCLUDE, ["vanthu"])
            ),
        ),
        "field_constrained",
    ),
    "hybrid": (lambda path, _key: pdfs.hybrid(path), "not_strict"),
}
UNREADABLE: dict[str, Prepare] = {
    "without pages": without_pages,
    "encrypted with a password": lambda path, key: encrypted(path, key, "secret"),
    "cut off": lambda path, _key: path.write_bytes(pdfs.plain(path).read_bytes()[:-40]),
    "its pages are text": lambda path, _key: pdfs.revise(pdfs.plain(path), pages_are_text),
}


def pages_are_text(writer: IncrementalPdfFileWriter) -> None:
    writer.root[pdf_name("/Pages")] = generic.pdf_string("pages")
    writer.update_root()


def attempt(house: House, key: LiveKey, source: Path) -> pytest.ExceptionInfo[Exception]:
    """Sign in vain: the key is not used, nothing is written, the source is what it was."""
    before, counted = source.read_bytes(), CountedKey(key)
    with pytest.raises((SigningRefused, UnreadablePdf)) as refused:
        pades.sign(
            source,
            source.with_name("target.pdf"),
            key=counted,
            field="person1",
            level="B-B",
            trust=house.trust,
        )
    with pytest.raises((SigningRefused, UnreadablePdf)):
        pades.prepare(
            source,
            certificate=key.certificate,
            chain=key.chain,
            field="person1",
            level="B-B",
            trust=house.trust,
        )
    assert counted.uses == []
    assert source.read_bytes() == before
    assert list(source.parent.iterdir()) == [source]
    return refused


@pytest.mark.parametrize("kind", CLOSED)
def test_a_closed_file_is_refused_with_its_reason(
    house: House, key: LiveKey, tmp_path: Path, kind: str
) -> None:
    prepare, code = CLOSED[kind]
    prepare(tmp_path / "closed.pdf", key)
    refused = attempt(house, key, tmp_path / "closed.pdf")
    assert isinstance(refused.value, SigningRefused)
    assert refused.value.code == code


@pytest.mark.parametrize("kind", UNREADABLE)
def test_an_unreadable_file_is_refused(
    house: House, key: LiveKey, tmp_path: Path, kind: str
) -> None:
    UNREADABLE[kind](tmp_path / "closed.pdf", key)
    assert isinstance(attempt(house, key, tmp_path / "closed.pdf").value, UnreadablePdf)


OPEN: dict[str, Prepare] = {
    "certified: forms": certified(MDPPerm.FILL_FORMS),
    "certified: annotations": certified(MDPPerm.ANNOTATE),
    "another field locked": restricting(FieldMDPAction.INCLUDE, "other"),
    "all but this locked": restricting(FieldMDPAction.EXCLUDE, "person1"),
}


@pytest.mark.parametrize("kind", OPEN)
def test_a_file_that_permits_it_is_signed(
    house: House, key: LiveKey, tmp_path: Path, kind: str
) -> None:
    source, target = tmp_path / "open.pdf", tmp_path / "target.pdf"
    OPEN[kind](source, key)
    pades.sign(source, target, key=key, field="person1", level="B-LT", trust=house.trust)
    report = validate(target, trust=house.trust)
    assert report.integrity == "INTACT", report.reasons
    assert [item.intact for item in report.signatures] == [True, True]


_ON_A_FULL_DISK = """
import resource, sys
from pathlib import Path
from signing import pades
from signing.devca import DevelopmentCA
ca = DevelopmentCA(Path(sys.argv[1]))
source, target, level = Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
key = ca.key("agency/commune")
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[5]), resource.RLIM_INFINITY))
try:
    pades.sign(source, target, key=key, field="agency", level=level, trust=ca.trust)
except OSError as fault:
    print(type(fault).__name__, fault.strerror)
"""


@pytest.mark.parametrize("level", ["B-B", "B-LTA"])
def test_a_full_disk_leaves_no_half_file(office: Office, tmp_path: Path, level: str) -> None:
    """Wherever the disk is full: while copying, at the signature, at the time-stamp."""
    source, target = pdfs.plain(tmp_path / "source.pdf"), tmp_path / "target.pdf"
    before = source.read_bytes()
    pades.sign(
        source,
        target,
        key=office.agency,
        field="agency",
        level=level,  # type: ignore[arg-type]
        trust=office.ca.trust,
    )
    needed = target.stat().st_size
    target.unlink()
    # The size of an answer differs by a few bytes from one to the next.
    for limit in (len(before) // 2, len(before) + 500, needed - 9_000, needed - 100):
        command = [sys.executable, "-c", _ON_A_FULL_DISK, office.ca.folder, source, target, level]
        done = subprocess.run([*command, str(limit)], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "OSError File too large", (limit, done)
        assert list(tmp_path.iterdir()) == [source]
        assert source.read_bytes() == before
