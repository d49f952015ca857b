"""What the papers of the demo's dossiers say; see `api.demo.papers`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from api.demo.papers import CONTACT
from api.demo.stage import AGRICULTURE, COMMUNE, COORDINATION, PROVINCE, TECHNOLOGY
from workflow.printing.composition import Article, Hand, Sheet
from workflow.rules.actors import Capacity, signature_block
from workflow.rules.numbering import place_and_date

SECRETARY = "Chuyên viên xã Mẫu"


@dataclass(frozen=True)
class Letterhead:
    """How an organisation's papers begin and end."""

    issuer: tuple[str, ...]
    capacity: tuple[str, ...]
    signer: str
    superior: str | None = "UBND TỈNH MẪU"


_HEADS = {
    PROVINCE: Letterhead(
        ("CHỦ TỊCH ỦY BAN NHÂN DÂN", "TỈNH MẪU"), ("CHỦ TỊCH",), "Chủ tịch tỉnh Mẫu", None
    ),
    COORDINATION: Letterhead(
        ("VĂN PHÒNG ĐIỀU PHỐI", "NÔNG THÔN MỚI TỈNH"),
        ("CHÁNH VĂN PHÒNG",),
        "Chánh Văn phòng Điều phối",
    ),
    COMMUNE: Letterhead(
        ("ỦY BAN NHÂN DÂN", "XÃ MẪU"),
        signature_block((Capacity.TM,), title="Chủ tịch", body="Ủy ban nhân dân"),
        "Chủ tịch xã Mẫu",
        None,
    ),
    AGRICULTURE: Letterhead(
        ("SỞ NÔNG NGHIỆP", "VÀ MÔI TRƯỜNG"),
        ("GIÁM ĐỐC",),
        "Giám đốc Sở Nông nghiệp và Môi trường",
    ),
    TECHNOLOGY: Letterhead(
        ("SỞ KHOA HỌC", "VÀ CÔNG NGHỆ"), ("GIÁM ĐỐC",), "Giám đốc Sở Khoa học và Công nghệ"
    ),
}


def titled(code: str, title: str, subject: str, *paragraphs: str) -> Sheet:
    """A report, submission or notice of the organisation with this code."""
    return _sheet(code, subject, paragraphs, title=title, recipients=("Như trên", "Lưu: VT"))


def letter(code: str, addressee: str, subject: str, *paragraphs: str) -> Sheet:
    """A công văn of the organisation to somebody."""
    return _sheet(code, subject, paragraphs, addressees=(addressee,))


def decision(subject: str, *articles: str) -> Sheet:
    """A decision of the province's chairman, an article for each paragraph."""
    plain = _sheet(PROVINCE, subject, (), title="QUYẾT ĐỊNH", recipients=("Như Điều 2", "Lưu: VT"))
    return replace(
        plain,
        authority="CHỦ TỊCH ỦY BAN NHÂN DÂN TỈNH MẪU",
        grounds=(
            "Căn cứ Luật Tổ chức chính quyền địa phương ngày 16 tháng 6 năm 2025",
            "Theo đề nghị của Chánh Văn phòng Điều phối nông thôn mới tỉnh",
        ),
        enacting="QUYẾT ĐỊNH:",
        body=tuple(
            Article((text,), title)
            for title, text in zip(("Công nhận", "Trách nhiệm thi hành"), articles, strict=True)
        ),
    )


def minutes(subject: str, *paragraphs: str) -> Sheet:
    """Minutes of a meeting of the commune, over which its chairman presided."""
    plain = _sheet(COMMUNE, subject, paragraphs, title="BIÊN BẢN", recipients=("Lưu: VT, HS",))
    return replace(plain, capacity=("CHỦ TỌA",), secretary=Hand(("THƯ KÝ",), SECRETARY))


def on_paper(
    issuer: Sequence[str], code: str, signer: Hand, subject: str, text: str, on: date
) -> Sheet:
    """A report of somebody else in the commune, on paper with number and date."""
    return Sheet(
        issuer=issuer,
        title="BÁO CÁO",
        subject=subject,
        body=(Article((text,)),),
        capacity=signer.capacity,
        signer=signer.name,
        recipients=("Ủy ban nhân dân xã Mẫu", "Lưu: VT"),
        written=(f"Số: {code}", place_and_date("Mẫu", on)),
    )


def _sheet(
    code: str,
    subject: str,
    paragraphs: Sequence[str],
    *,
    title: str | None = None,
    addressees: Sequence[str] = (),
    recipients: Sequence[str] = ("Như trên", "Lưu: VT"),
) -> Sheet:
    head = _HEADS[code]
    return Sheet(
        superior=head.superior,
        issuer=head.issuer,
        title=title,
        subject=subject,
        addressees=addressees,
        body=(Article(paragraphs),),
        capacity=head.capacity,
        signer=head.signer,
        recipients=recipients,
        contact=CONTACT,
    )
