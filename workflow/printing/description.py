"""A dossier's description as XML: the fields of ND 30/2020 Annex VI part II, types and lengths.

What does not fit its field is left out of it, never cut: it stands beside it in an element of our
own namespace, with a sentence that says so. The same dossier gives the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from xml.etree import ElementTree as ET

OURS = "urn:vanthu:dossier-description:1"
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 §2.2


@dataclass(frozen=True)
class KeptFile:
    """The signed bytes, and whether their pages are in the volume.

    `mended`: they are damaged, and what could not be read may be missing there.
    """

    title: str
    sha256: str
    size_bytes: int
    pages: int | None
    not_joined: str | None = None
    mended: bool = False


@dataclass(frozen=True)
class DescribedDocument:
    """One document of the dossier; `ordinal` is its place in the whole."""

    ordinal: int
    volume: int
    volume_ordinal: int
    type_name: str | None
    number: str | None
    notation: str | None
    issued_on: date | None
    organ_name: str | None
    subject: str
    signers: Sequence[tuple[str | None, str]]
    description: str
    slots: Sequence[str]
    verdict: str | None
    unmet: str | None
    files: Sequence[KeptFile]

    @property
    def pages(self) -> int:
        """Of the files that were joined."""
        return sum(file.pages or 0 for file in self.files)


@dataclass(frozen=True)
class DescribedDossier:
    """The dossier as Annex VI part II.III wants it."""

    identifier: str
    organ_id: str
    catalog: int
    title: str
    maintenance: str
    rights: str
    creator: str
    language: str
    start_on: date | None
    end_on: date | None
    description: str
    documents: Sequence[DescribedDocument]


def describe(dossier: DescribedDossier) -> tuple[bytes, tuple[str, ...]]:
    """The XML, and a sentence for each value of the dossier itself that does not fit its field."""
    root = ET.Element("Dossier")
    root.set("id", dossier.identifier)
    fields = _Fields(root)
    about = fields.inside("FileCode")
    about.text("OrganId", dossier.organ_id, 13)
    about.number("FileCatalog", dossier.catalog, 4)
    # FileNotation is the number in the agency's list of files (Annex V), which has no dossiers.
    fields.text("Title", dossier.title, 500)
    fields.text("Maintenance", dossier.maintenance, 30)
    fields.text("Rights", dossier.rights, 30)
    fields.text("Creator", dossier.creator, 30)
    fields.text("Language", dossier.language, 50)
    fields.day("StartDate", dossier.start_on)
    fields.day("EndDate", dossier.end_on)
    fields.number("DocTotal", len(dossier.documents), 4)
    fields.number("PageTotal", sum(document.pages for document in dossier.documents), 4)
    fields.text("Description", dossier.description, 500)
    listed = fields.inside("DocumentList")
    for document in dossier.documents:
        _document(listed.inside("Document"), dossier, document)
    ET.indent(root)
    text = ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"
    return text, (*about.problems, *fields.problems)


def _document(fields: _Fields, dossier: DescribedDossier, document: DescribedDocument) -> None:
    code = fields.inside("FileCode")
    code.text("OrganId", dossier.organ_id, 13)
    code.number("FileCatalog", dossier.catalog, 4)
    # Counted anew in each volume, so that three digits do.
    fields.number("DocOrdinal", document.volume_ordinal, 3)
    fields.text("TypeName", document.type_name, 100)
    fields.text("CodeNumber", document.number, 11)
    fields.text("CodeNotation", document.notation, 30)
    fields.day("IssuedDate", document.issued_on)
    fields.text("OrganName", document.organ_name, 200)
    fields.text("Subject", document.subject, 500)
    fields.text("Language", dossier.language, 30)
    if all(file.pages is not None for file in document.files):
        fields.number("PageAmount", document.pages, 3)
    fields.text("Description", document.description, 500)
    for position, name in document.signers:
        signer = fields.inside("SignerInfo")
        signer.text("Position", position, 100)
        signer.text("FullName", name, 50)
    fields.ours("Volume", str(document.volume))
    fields.ours("Ordinal", str(document.ordinal))
    for slot in document.slots:
        fields.ours("Slot", slot)
    fields.ours("Verdict", document.verdict or "", reason=document.unmet)
    for file in document.files:
        fields.ours(
            "File",
            file.title,
            sha256=file.sha256,
            size=str(file.size_bytes),
            pages=None if file.pages is None else str(file.pages),
            notJoined=file.not_joined,
            damaged="true" if file.mended else None,
        )


class _Fields:
    """The children of an element, each checked against its type and length."""

    def __init__(self, element: ET.Element) -> None:
        self._element = element
        self.problems: list[str] = []

    def inside(self, name: str) -> _Fields:
        return _Fields(ET.SubElement(self._element, name))

    def text(self, name: str, value: str | None, length: int) -> None:
        """A String of at most `length` characters; without a value no element."""
        if not value:
            return
        if len(value) <= length:
            ET.SubElement(self._element, name).text = _FORBIDDEN.sub("\ufffd", value)
        else:
            self._too_long(name, value, f"dài {len(value)} ký tự, quá {length} ký tự")

    def number(self, name: str, value: int, digits: int) -> None:
        """A Number of at most `digits` digits."""
        if 0 <= value < 10**digits:
            ET.SubElement(self._element, name).text = str(value)
        else:
            self._too_long(name, str(value), f"quá {digits} chữ số")

    def day(self, name: str, value: date | None) -> None:
        """A Date of ten characters."""
        if value is not None:
            ET.SubElement(self._element, name).text = f"{value:%d/%m/%Y}"

    def ours(self, name: str, value: str, **attributes: str | None) -> None:
        """An element of our own."""
        element = ET.SubElement(self._element, f"{{{OURS}}}{name}")
        element.text = _FORBIDDEN.sub("\ufffd", value)
        for attribute, said in attributes.items():
            if said is not None:
                element.set(attribute, _FORBIDDEN.sub("\ufffd", said))

    def _too_long(self, name: str, value: str, why: str) -> None:
        sentence = f"Trường {name} để trống: giá trị “{value}” {why} theo Phụ lục VI."
        self.problems.append(sentence)
        self.ours("Unfitting", value, field=name, reason=sentence)


ET.register_namespace("vt", OURS)
