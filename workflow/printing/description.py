"""A dossier's description as XML: the fields of ND 30/2020 Annex VI part II, types and lengths.

What does not fit its field is left out of it, never cut: it stands beside it in an element of our
own namespace, with a sentence that says so. The same dossier gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from xml.etree import ElementTree as ET

from workflow.printing.elements import allowed
from workflow.rules.fields import FILE, OUTGOING, Element, Fields, Form, Values, fit

OURS = "urn:vanthu:dossier-description:1"


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
    problems = _fill(
        root,
        FILE,
        {
            # FileNotation is the number in the agency's list of files (Annex V), which has no
            # dossiers.
            "FileCode": _code_of(dossier),
            "Title": dossier.title,
            "Maintenance": dossier.maintenance,
            "Rights": dossier.rights,
            "Creator": dossier.creator,
            "Language": dossier.language,
            "StartDate": dossier.start_on,
            "EndDate": dossier.end_on,
            "DocTotal": len(dossier.documents),
            "PageTotal": sum(document.pages for document in dossier.documents),
            "Description": dossier.description,
        },
    )
    listed = ET.SubElement(root, "DocumentList")
    for document in dossier.documents:
        _document(ET.SubElement(listed, "Document"), dossier, document)
    ET.indent(root)
    text = ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"
    return text, problems


def _code_of(dossier: DescribedDossier) -> Fields:
    return {"OrganId": dossier.organ_id, "FileCatalog": dossier.catalog}


def _document(element: ET.Element, dossier: DescribedDossier, document: DescribedDocument) -> None:
    _fill(
        element,
        OUTGOING,
        {
            "FileCode": _code_of(dossier),
            # Counted anew in each volume, so that three digits do.
            "DocOrdinal": document.volume_ordinal,
            "TypeName": document.type_name,
            "CodeNumber": document.number,
            "CodeNotation": document.notation,
            "IssuedDate": document.issued_on,
            "OrganName": document.organ_name,
            "Subject": document.subject,
            "Language": dossier.language,
            "PageAmount": document.pages
            if all(file.pages is not None for file in document.files)
            else None,
            "Description": document.description,
            "SignerInfo": [
                {"Position": position, "FullName": name} for position, name in document.signers
            ],
        },
    )
    _ours(element, "Volume", str(document.volume))
    _ours(element, "Ordinal", str(document.ordinal))
    for slot in document.slots:
        _ours(element, "Slot", slot)
    _ours(element, "Verdict", document.verdict or "", reason=document.unmet)
    for file in document.files:
        _ours(
            element,
            "File",
            file.title,
            sha256=file.sha256,
            size=str(file.size_bytes),
            pages=None if file.pages is None else str(file.pages),
            notJoined=file.not_joined,
            damaged="true" if file.mended else None,
        )


def _fill(element: ET.Element, form: Form, values: Values) -> tuple[str, ...]:
    """What fits its field becomes an element; the rest stands beside it, with its sentence."""
    fitted = fit(form, values)
    _put(element, fitted.elements)
    problems = []
    for one in fitted.unfit:
        problems.append(
            f"Trường {one.path} để trống: giá trị “{one.value}” {one.why} theo Phụ lục VI."
        )
        _ours(element, "Unfitting", one.value, field=one.path, reason=problems[-1])
    return tuple(problems)


def _put(element: ET.Element, elements: Sequence[Element]) -> None:
    for name, content in elements:
        inner = ET.SubElement(element, name)
        if isinstance(content, str):
            inner.text = allowed(content)
        else:
            _put(inner, content)


def _ours(element: ET.Element, name: str, value: str, **attributes: str | None) -> None:
    """An element of our own."""
    own = ET.SubElement(element, f"{{{OURS}}}{name}")
    own.text = allowed(value)
    for attribute, said in attributes.items():
        if said is not None:
            own.set(attribute, allowed(said))


ET.register_namespace("vt", OURS)
