"""The office checks a dossier; two departments appraise it at once; one criterion goes back."""

from __future__ import annotations

from collections.abc import Mapping

from api.demo.counter import Json, Person
from api.demo.desks import DESKS, Paper, issue
from api.demo.dossier_papers import letter
from api.demo.self_assessment import attach
from api.demo.stage import AGRICULTURE, TECHNOLOGY, UNMET, Stage, due

#: Sent back alone: Môi trường và an toàn thực phẩm.
_RETURNED = "17"
_APPRAISERS: Mapping[str, tuple[str, ...]] = {
    AGRICULTURE: ("sonnmt.chuyenvien", "sonnmt.thamdinh"),
    TECHNOLOGY: ("sokhcn.chuyenvien",),
}


def departments_appraise(stage: Stage) -> None:
    """Each its own criteria, in cases of their own."""
    stage.chapter("12. Hai sở thẩm định song song; chỉ một tiêu chí phải bổ sung")
    dossier = stage.documents["ntm"]
    address = f"/dossiers/{dossier['id']}"
    parts = hand_over(stage, address)
    shown = stage.counter["vpdp.truongphong"].get(address)
    stage.tell(
        "Mỗi sở một phần, mỗi nội dung một người thẩm định",
        "2 cơ quan, 22 nội dung",
        f"{len(parts)} cơ quan, {len(shown['criteria'])} nội dung",
    )
    tray = stage.counter["sonnmt.thamdinh"].get("/work", tray="mine", limit="50")["items"]
    stage.tell(
        "Việc của một người thẩm định, chỉ phần được giao",
        "6 tiêu chí",
        f"{sum(one['what'] == 'criterion' for one in tray)} tiêu chí",
        f"trước hết: {tray[0]['criterion']} {due(tray[0])}" if tray else "",
    )
    _one_is_sent_back(stage, parts[AGRICULTURE])
    for code, part in parts.items():
        find_all(stage, code, part)
    _the_one_comes_back(stage, address, parts[AGRICULTURE])
    for code, part in parts.items():
        give_opinion(stage, code, part, dossier)


def hand_over(stage: Stage, address: str) -> dict[str, str]:
    """The office accepts; heads of unit give criteria out. Each department's part, by its code."""
    stage.walk(
        address,
        (
            ("vpdp.chuyenvien", "accept", "Văn phòng Điều phối tiếp nhận", "Chờ giao thẩm định"),
            ("vpdp.truongphong", "assign", "Trưởng phòng giao thẩm định", "Đang thẩm định"),
        ),
    )
    opened = stage.counter["vpdp.truongphong"].get(address)["departments"]
    cases = {one["organisation_id"]: one["case_id"] for one in opened}
    parts = {
        code: f"/appraisals/{cases[stage.seats[code].id]}"
        for code in _APPRAISERS
        if stage.seats[code].id in cases
    }
    for code, part in parts.items():
        head = stage.counter[DESKS[code]("truongphong")]
        people = [stage.counter[username] for username in _APPRAISERS[code]]
        for turn, one in enumerate(head.get(part)["criteria"]):
            head.step(_case(one), "assign", person_id=people[turn % len(people)].id)
    return parts


def find_all(stage: Stage, code: str, part: str, points: Mapping[str, int] | None = None) -> None:
    """What everybody finds of the criteria that are with them, told in one line."""
    head = stage.counter[DESKS[code]("truongphong")]
    given = head.get(part)["criteria"]
    waiting = [one for one in given if one["state"] == "assigned"]
    for one in waiting:
        _find_met(stage, code, one, points)
    shown = head.get(part)["criteria"]
    met = sum(bool(one["findings"]) and one["findings"][-1]["met"] is True for one in shown)
    stage.tell(
        f"{stage.seats[code].name} kết luận",
        f"{len(waiting)}/{len(given)} nội dung đạt",
        f"{met}/{len(given)} nội dung đạt",
    )


def give_opinion(stage: Stage, code: str, part: str, dossier: Json) -> None:
    """A numbered, signed and sealed document of the department is its opinion."""
    name = stage.seats[code].name
    issue(
        stage,
        code,
        f"{name} ban hành ý kiến thẩm định",
        "cong_van",
        f"V/v thẩm định hồ sơ {dossier['name']}",
        letter(
            code,
            "Văn phòng Điều phối nông thôn mới tỉnh",
            f"thẩm định hồ sơ đề nghị xét, công nhận\n{dossier['name']}",
            f"{name} đã thẩm định các nội dung được giao trong hồ sơ “{dossier['kind_title']}” "
            f"({dossier['name']}, kỳ {dossier['period']}); kết luận của từng nội dung ghi trên "
            "Hệ thống và trong biểu thẩm định.",
            f"{name} chịu trách nhiệm về ý kiến thẩm định của mình.",
        ),
        paper=Paper(dossier["id"], "opinion", part.rpartition("/")[2]),
    )
    stage.walk(
        part,
        (
            (
                DESKS[code]("truongphong"),
                "give_opinion",
                f"{name} gửi ý kiến",
                "Đã có ý kiến thẩm định",
            ),
        ),
    )


def _one_is_sent_back(stage: Stage, part: str) -> None:
    one = _returned(stage, part)
    stage.refused(
        "Người của Sở khác mở tiêu chí này",
        "404 not-found",
        lambda: stage.counter["sokhcn.chuyenvien"].get(_case(one)),
    )
    returned = _appraiser(stage, AGRICULTURE, one).step(
        _case(one), "return", reason="Bổ sung minh chứng về an toàn thực phẩm."
    )
    stage.tell(
        f"Trả riêng tiêu chí {_RETURNED}: {one['title']}",
        "Chờ bổ sung minh chứng",
        returned["state_label"],
        due(returned),
    )


def _the_one_comes_back(stage: Stage, address: str, part: str) -> None:
    """Nobody else waited for it, or lost anything."""
    head, one = stage.counter["sonnmt.truongphong"], _returned(stage, part)
    stage.refused(
        "Sở gửi ý kiến khi còn tiêu chí ấy", UNMET, lambda: head.step(part, "give_opinion")
    )
    attach(stage, address, {f"criterion/{_RETURNED}/minh_chung": "paper"})
    resupply = "Xã bổ sung báo cáo đã số hóa của Trạm Y tế"
    stage.walk(_case(one), (("xa.chuyenvien", "resupply", resupply, "Đang thẩm định"),))
    found = _find_met(stage, AGRICULTURE, _returned(stage, part))
    stage.tell(f"Kết luận tiêu chí {_RETURNED}", "Đã thẩm định", found["state_label"])


def _returned(stage: Stage, part: str) -> Json:
    shown = stage.counter["sonnmt.truongphong"].get(part)["criteria"]
    found: Json = next(one for one in shown if one["criterion"] == _RETURNED)
    return found


def _find_met(stage: Stage, code: str, one: Json, points: Mapping[str, int] | None = None) -> Json:
    rated = {"points": points[one["criterion"]]} if points else {}
    reason = "Hồ sơ, minh chứng phù hợp với yêu cầu."
    appraiser = _appraiser(stage, code, one)
    return appraiser.step(_case(one), "find_met", reason=reason, **rated)


def _case(one: Json) -> str:
    return f"/criterion-appraisals/{one['case_id']}"


def _appraiser(stage: Stage, code: str, one: Json) -> Person:
    people = (stage.counter[username] for username in _APPRAISERS[code])
    return next(person for person in people if person.id == one["person_id"])
