"""A letter comes signed; the same letter comes altered; a report comes on paper."""

from __future__ import annotations

from datetime import date, timedelta

from api.demo.counter import Json
from api.demo.papers import LETTER, report
from api.demo.scan import scanned
from api.demo.stage import (
    COMMUNE,
    COORDINATION,
    UNMET,
    Stage,
    day_of,
    due,
    next_steps,
    verdict,
)
from workflow.printing import typeset
from workflow.printing.composition import Sheet


def letter_goes_out(stage: Stage) -> None:
    """The coordination office issues an official letter to the commune."""
    stage.chapter("1. Văn phòng Điều phối gửi công văn cho xã")
    office, commune = stage.seats[COORDINATION], stage.seats[COMMUNE]
    drafter, leader = stage.counter["vpdp.chuyenvien"], stage.counter["vpdp.chanhvp"]
    clerk = stage.counter["vpdp.vanthu"]
    draft = drafter.post(
        "/outgoing-documents",
        {
            "issuer_id": office.issuers["VPĐP"],
            "unit_id": office.units["NV"],
            "type_code": "cong_van",
            "subject": f"V/v {' '.join(LETTER.subject.split())}",
            "files": [{"upload": drafter.upload(office.id, typeset(LETTER))}],
            "signers": [{"person_id": leader.id}],
            "recipients": [{"name": commune.name, "organisation_id": commune.id}],
            "archived_by": "Văn thư",
            "secrecy": "none",
        },
    )
    stage.tell("Chuyên viên soạn công văn", "Đang soạn thảo", draft["state_label"])
    address = f"/outgoing-documents/{draft['id']}"
    stage.walk(
        address,
        (
            ("vpdp.chuyenvien", "submit", "Chuyên viên trình", "Chờ kiểm tra nội dung"),
            ("vpdp.truongphong", "check_content", "Trưởng phòng kiểm tra nội dung", "Chờ duyệt"),
            ("vpdp.chanhvp", "approve", "Chánh Văn phòng duyệt", "Chờ kiểm tra thể thức"),
            ("vpdp.vanthu", "check_format", "Văn thư kiểm tra thể thức", "Chờ ký"),
            ("vpdp.chanhvp", "sign", "Chánh Văn phòng ký số", "Chờ cấp số"),
            ("vpdp.vanthu", "number", "Văn thư cấp số, đăng ký", "Chờ ký số của cơ quan"),
            ("vpdp.vanthu", "seal", "Văn thư ký số của cơ quan", "Chờ phát hành"),
        ),
    )
    issued = clerk.step(address, "issue")
    stage.tell("Văn thư phát hành", "Đã phát hành", issued["state_label"])
    stage.tell_number("vpdp.vanthu", issued, "01/VPĐP-NV")
    told = clerk.until(address, lambda now: "acknowledged" in _statuses(now))
    acknowledged = "đã báo nhận" if "acknowledged" in _statuses(told) else "chưa báo nhận"
    stage.tell("Xã báo đã nhận, ngay trên Hệ thống", "đã báo nhận", acknowledged)
    stage.documents["letter"] = told


def letter_comes_in(stage: Stage) -> None:
    """The commune verifies, registers and directs the letter."""
    stage.chapter("2. Xã kiểm tra chữ ký số, đăng ký và giao việc")
    commune, letter = stage.seats[COMMUNE], stage.documents["letter"]
    arrived = stage.counter["xa.vanthu"].until(
        "/incoming-documents",
        lambda now: bool(now["items"]),
        organisation=commune.id,
        code=letter["code"],
        state="verified",
    )["items"][0]
    address = f"/incoming-documents/{arrived['id']}"
    seen = stage.counter["xa.vanthu"].get(address)
    stage.tell("Kiểm tra công văn đến", "hợp lệ, 2 chữ ký số", verdict(seen), next_steps(seen))
    registered = stage.counter["xa.vanthu"].step(address, "register")
    stage.tell("Đăng ký văn bản đến", "số đến 1", f"số đến {registered['number']}", due(registered))
    stage.walk(address, (("xa.vanthu", "submit", "Văn thư trình lãnh đạo", "Chờ ý kiến chỉ đạo"),))
    assigned = stage.counter["xa.chutich"].step(
        address,
        "assign",
        handlers=[{"part": "lead", "unit_id": commune.units["VP"]}],
        opinion="Văn phòng tham mưu quyết định thành lập Tổ công tác.",
    )
    stage.tell(
        "Chủ tịch giao Văn phòng chủ trì", "Đang giải quyết", assigned["state_label"], due(assigned)
    )
    task = f"/tasks/{assigned['parts'][0]['case_id']}"
    delegated = stage.counter["xa.truongphong"].step(
        task, "delegate", person_id=stage.counter["xa.chuyenvien"].id
    )
    stage.tell("Chánh Văn phòng giao chuyên viên", "Đang thực hiện", delegated["state_label"])
    stage.documents["arrived"] = registered
    stage.documents["task"] = delegated


def tampered_letter_goes_back(stage: Stage) -> None:
    """The same letter with one byte changed comes by mail."""
    stage.chapter("3. Cùng công văn ấy, bị sửa đúng một byte, gửi qua thư điện tử")
    commune, clerk = stage.seats[COMMUNE], stage.counter["xa.vanthu"]
    signed = stage.counter["vpdp.vanthu"].download(stage.documents["letter"])
    tampered = tamper(signed)
    changed = sum(a != b for a, b in zip(signed, tampered, strict=True))
    stage.tell("Sửa số 01 thành 09 trong tệp đã ký", "1 byte khác", f"{changed} byte khác")
    received = clerk.post(
        "/incoming-documents",
        {
            "organisation_id": commune.id,
            "medium": "electronic",
            "sender_kind": "agency",
            "sender_name": stage.seats[COORDINATION].name,
            "subject": stage.documents["letter"]["subject"],
            "secrecy": "none",
            "files": [{"upload": clerk.upload(commune.id, tampered)}],
        },
    )
    address = f"/incoming-documents/{received['id']}"
    seen = clerk.until(address, lambda now: now["verdict"] is not None)
    stage.tell("Kiểm tra chữ ký số", "KHÔNG hợp lệ, 2 chữ ký số", verdict(seen))
    stage.refused("Văn thư đăng ký", UNMET, lambda: clerk.step(address, "register"))
    reason = "Tệp đã bị sửa sau khi ký; đề nghị gửi lại bản gốc trên Hệ thống."
    returned = clerk.step(address, "return", reason=reason)
    stage.tell("Văn thư trả lại, nêu lý do", "Đã trả lại", returned["state_label"], f"“{reason}”")
    stage.documents["tampered"] = returned


def paper_is_digitised(stage: Stage) -> None:
    """A paper is scanned and sealed by the agency's signature alone, under copying authority."""
    stage.chapter("4. Báo cáo giấy được số hóa, chỉ có chữ ký số của cơ quan (sao y)")
    written_on = day_of(stage) - timedelta(days=1)
    paper = report(written_on)
    received = receive_paper(stage, paper, "Trạm Y tế xã Mẫu", "05/BC-TYT", written_on)
    stage.tell("Nhận bản giấy, quét 200 dpi", "Đã đến, chờ kiểm tra", received["state_label"])
    sealed = seal_scan(stage, received)
    stage.tell("Văn thư ký số bản số hóa", "hợp lệ, 1 chữ ký số", verdict(sealed))
    address = f"/incoming-documents/{received['id']}"
    registered = stage.counter["xa.vanthu"].step(address, "register")
    stage.tell("Đăng ký văn bản đến", "số đến 2", f"số đến {registered['number']}", due(registered))
    stage.documents["paper"] = registered


def receive_paper(stage: Stage, paper: Sheet, sender: str, code: str, written_on: date) -> Json:
    """A report on paper comes to the commune, and is scanned."""
    commune, clerk = stage.seats[COMMUNE], stage.counter["xa.vanthu"]
    return clerk.post(
        "/incoming-documents",
        {
            "organisation_id": commune.id,
            "medium": "paper",
            "sender_kind": "agency",
            "sender_name": sender,
            "subject": paper.subject,
            "code": code,
            "dated_on": written_on.isoformat(),
            "type_code": "bao_cao",
            "secrecy": "none",
            "files": [{"upload": clerk.upload(commune.id, scanned(paper))}],
        },
    )


def seal_scan(stage: Stage, received: Json) -> Json:
    """The clerk seals what was scanned as a true copy."""
    address, clerk = f"/incoming-documents/{received['id']}", stage.counter["xa.vanthu"]
    scan = clerk.until(address, lambda now: now["files"][0]["verdict"] is not None)
    return clerk.step(address, "digitise", scan_sha256=scan["files"][0]["sha256"])


def tamper(pdf: bytes) -> bytes:
    """One byte changed: the number 01 in the sealed field becomes 09. Raises ValueError."""
    # UTF-16 as pyHanko writes it: a backslash, three octal digits, the letter's low byte.
    before, after = rb"\0000\0001\000\057", rb"\0000\0009\000\057"
    at = pdf.index(before)
    return pdf[:at] + after + pdf[at + len(before) :]


def _statuses(document: Json) -> list[str]:
    return [status["status"] for status in document["recipients"][0]["statuses"]]
