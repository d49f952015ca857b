"""The commune answers by a decision, signed, numbered and sealed in that order and no other."""

from __future__ import annotations

import base64

from api.demo import marks
from api.demo.counter import Json
from api.demo.papers import DECISION
from api.demo.stage import COMMUNE, COORDINATION, UNMET, Stage, due, next_steps
from workflow.printing import typeset

_EARLY = "409 transition-not-allowed"


def images_are_registered(stage: Stage) -> None:
    """What signatures will show: the chairman's hand in blue, the commune's seal in red."""
    stage.chapter("5. Xã khai báo hình ảnh chữ ký và con dấu")
    commune, admin = stage.seats[COMMUNE], stage.counter["xa.quantri"]
    chairman = stage.counter["xa.chutich"].id
    seat = f"/organisations/{commune.id}"
    for name, address, image in (
        (
            "Hình ảnh chữ ký của Chủ tịch",
            f"{seat}/people/{chairman}/signature-image",
            _image(marks.scribble(), 45, 18.4),
        ),
        ("Hình ảnh con dấu của xã", f"{seat}/seal-image", _image(marks.seal(), 36, 36)),
    ):
        width = admin.put(address, image)["width_mm"]
        stage.tell(name, f"rộng {image['width_mm']} mm", f"rộng {width:g} mm")


def _image(png: bytes, width_mm: float, height_mm: float) -> Json:
    return {
        "image": base64.b64encode(png).decode(),
        "width_mm": width_mm,
        "height_mm": height_mm,
    }


def decision_is_drafted(stage: Stage) -> None:
    """The commune drafts its answer, and has it checked and approved."""
    stage.chapter("6. Xã soạn Quyết định trả lời công văn")
    commune, office = stage.seats[COMMUNE], stage.seats[COORDINATION]
    drafter = stage.counter["xa.chuyenvien"]
    draft = drafter.post(
        "/outgoing-documents",
        {
            "issuer_id": commune.issuers["UBND"],
            "unit_id": commune.units["VP"],
            "type_code": "quyet_dinh",
            "subject": " ".join(DECISION.subject.split()),
            "files": [{"upload": drafter.upload(commune.id, typeset(DECISION))}],
            "signers": [{"person_id": stage.counter["xa.chutich"].id, "capacity": "TM"}],
            "recipients": [
                {"name": office.name, "purpose": "report", "organisation_id": office.id}
            ],
            "archived_by": "Văn thư",
            "answers": stage.documents["arrived"]["id"],
            "secrecy": "none",
        },
    )
    stage.tell("Chuyên viên soạn Quyết định", "Đang soạn thảo", draft["state_label"])
    stage.documents["decision"] = stage.walk(
        f"/outgoing-documents/{draft['id']}",
        (
            ("xa.chuyenvien", "submit", "Chuyên viên trình", "Chờ kiểm tra nội dung"),
            ("xa.truongphong", "check_content", "Chánh Văn phòng kiểm tra nội dung", "Chờ duyệt"),
            ("xa.chutich", "approve", "Chủ tịch duyệt bản thảo", "Chờ kiểm tra thể thức"),
            ("xa.thethuc", "check_format", "Kiểm tra thể thức", "Chờ ký"),
        ),
    )


def too_early_is_refused(stage: Stage) -> None:
    """Nobody seals or signs out of turn."""
    stage.chapter("7. Ký sai lượt bị từ chối")
    address = f"/outgoing-documents/{stage.documents['decision']['id']}"
    clerk, deputy = stage.counter["xa.vanthu"], stage.counter["xa.phochutich"]
    stage.refused(
        "Văn thư ký số của cơ quan khi Chủ tịch chưa ký",
        _EARLY,
        lambda: clerk.step(address, "seal"),
    )
    stage.refused(
        "Phó Chủ tịch ký thay người được trình ký", UNMET, lambda: deputy.step(address, "sign")
    )


def decision_is_issued(stage: Stage) -> None:
    """Signed by the person, numbered, sealed by the agency, issued, filed."""
    stage.chapter("8. Quyết định được ký, cấp số, ký số của cơ quan, phát hành, lưu")
    commune, clerk = stage.seats[COMMUNE], stage.counter["xa.vanthu"]
    address = f"/outgoing-documents/{stage.documents['decision']['id']}"
    signed = stage.counter["xa.chutich"].step(address, "sign")
    stage.tell("Chủ tịch ký số", "Chờ cấp số", signed["state_label"], due(signed))
    numbered = clerk.step(address, "number")
    stage.tell(
        "Văn thư cấp số, đăng ký",
        "Chờ ký số của cơ quan",
        numbered["state_label"],
        next_steps(numbered),
    )
    sealed = clerk.step(address, "seal")
    stage.tell("Văn thư ký số của cơ quan", "Chờ phát hành", sealed["state_label"], due(sealed))
    stage.tell_number("xa.vanthu", sealed, "01/QĐ-UBND")
    issued = clerk.step(address, "issue")
    stage.tell("Văn thư phát hành", "Đã phát hành", issued["state_label"])
    work_file = clerk.post(
        "/work-files",
        {
            "organisation_id": commune.id,
            "notation": "01.VP",
            "title": "Xây dựng nông thôn mới",
            "retention": "20 năm",
        },
    )
    filed = clerk.step(address, "file", work_file_id=work_file["id"])
    stage.tell("Lưu hồ sơ công việc 01.VP", "Đã lưu hồ sơ", filed["state_label"])
    stage.documents["decision"] = filed


def work_is_completed(stage: Stage) -> None:
    """The decision is the answer: the letter's handling ends; the office registers the decision."""
    stage.chapter("9. Công văn được giải quyết xong")
    task = f"/tasks/{stage.documents['task']['case_id']}"
    reported = stage.counter["xa.chuyenvien"].step(
        task, "report", proposal="Đã ban hành Quyết định thành lập Tổ công tác."
    )
    stage.tell("Chuyên viên báo cáo kết quả", "Đã báo cáo, chờ xác nhận", reported["state_label"])
    stage.walk(task, (("xa.truongphong", "accept", "Chánh Văn phòng xác nhận", "Đã hoàn thành"),))
    decision = stage.documents["decision"]
    completed = stage.counter["xa.chutich"].step(
        f"/incoming-documents/{stage.documents['arrived']['id']}",
        "complete",
        answer_id=decision["id"],
    )
    stage.tell("Chủ tịch kết thúc, kèm văn bản trả lời", "Đã giải quyết", completed["state_label"])
    clerk = stage.counter["vpdp.vanthu"]
    arrived = clerk.until(
        "/incoming-documents",
        lambda now: bool(now["items"]),
        organisation=stage.seats[COORDINATION].id,
        code=decision["code"],
        state="verified",
    )["items"][0]
    registered = clerk.step(f"/incoming-documents/{arrived['id']}", "register")
    stage.tell(
        "Văn phòng Điều phối đăng ký Quyết định", "số đến 1", f"số đến {registered['number']}"
    )
