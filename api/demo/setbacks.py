"""A dossier that comes back for what it lacks, and one that the council does not pass."""

from __future__ import annotations

from api.demo.appraisal import find_all, give_opinion, hand_over
from api.demo.council import MEMBERS, cast, close_vote, minute, open_vote, report
from api.demo.counter import Json
from api.demo.desks import Paper, issue
from api.demo.dossier_papers import letter, titled
from api.demo.self_assessment import answer, attach, evidence_slots, open_dossier
from api.demo.stage import COMMUNE, COORDINATION, UNMET, Stage, day_of, due


def smart_commune_is_sent_back(stage: Stage) -> None:
    """Refused at the door for two components; later asked for two more things by a letter."""
    stage.chapter("16. Hồ sơ xã thông minh: thiếu hai thành phần, rồi bổ sung theo công văn")
    year = str(day_of(stage).year)
    address = open_dossier(stage, "smart", "smart_commune", year, "Xã Mẫu")
    snapshot = _figure(stage, year)
    answer(stage, address, {"2": snapshot["id"]})
    attach(
        stage,
        address,
        {
            "component/bao_cao_y_kien": "report",
            "component/bien_ban_hop": "meeting",
            **dict.fromkeys(evidence_slots(stage.documents["smart"]), "report"),
        },
    )
    _make_ready(stage, address)
    stage.refused(
        "Nộp hồ sơ còn thiếu hai thành phần",
        UNMET,
        lambda: stage.counter["xa.chutich"].step(address, "submit"),
    )
    stage.counter["xa.chuyenvien"].step(address, "revise")
    attach(stage, address, {"component/to_trinh": "request", "component/bao_cao_ket_qua": "report"})
    _make_ready(stage, address)
    stage.walk(address, (("xa.chutich", "submit", "Đủ thành phần, nộp lại", "Chờ kiểm tra hồ sơ"),))
    _office_asks(stage, address)
    _commune_supplements(stage, address)


def village_is_refused(stage: Stage) -> None:
    """Three of five agree; nine in ten were needed."""
    stage.chapter("17. Hồ sơ thôn thông minh: Hội đồng không thông qua")
    address = open_dossier(stage, "village", "smart_village", "2025", "Thôn 1, xã Mẫu")
    dossier = stage.documents["village"]
    answer(stage, address, {})
    attach(
        stage,
        address,
        {
            "component/bao_cao_y_kien": "report",
            "component/bao_cao_ket_qua": "report",
            "component/bien_ban_hop": "meeting",
            "component/to_trinh": "request",
            **dict.fromkeys(evidence_slots(dossier), "report"),
        },
    )
    _make_ready(stage, address)
    stage.walk(address, (("xa.chutich", "submit", "Chủ tịch nộp hồ sơ", "Chờ kiểm tra hồ sơ"),))
    for code, part in hand_over(stage, address).items():
        find_all(stage, code, part)
        give_opinion(stage, code, part, dossier)
    report(stage, dossier)
    open_vote(stage, address, "Hội đồng đang bỏ phiếu")
    choices = ("agree", "agree", "agree", "disagree", "blank")
    ballots: dict[str, Json] = {
        username: {"choice": choice} for username, choice in zip(MEMBERS, choices, strict=True)
    }
    cast(stage, address, ballots)
    close_vote(stage, address, "Không được thông qua, chờ thông báo")
    vote = stage.counter["vpdp.chuyenvien"].get(f"{address}/vote")["vote"]
    stage.tell(
        "Kết quả: đồng ý, không đồng ý, phiếu trắng",
        "3, 1, 1: không thông qua",
        f"{vote['agree']}, {vote['disagree']}, {vote['blank']}: "
        f"{'thông qua' if vote['passed'] else 'không thông qua'}",
    )
    minute(stage, dossier)
    issue(
        stage,
        COORDINATION,
        "Văn phòng Điều phối ban hành Thông báo",
        "thong_bao",
        f"Kết quả xét hồ sơ {dossier['name']}",
        titled(
            COORDINATION,
            "THÔNG BÁO",
            f"Kết quả xét hồ sơ {dossier['name']}",
            "Hội đồng đã họp và bỏ phiếu; hồ sơ không đạt tỷ lệ đồng ý theo quy định. Ủy ban nhân "
            "dân xã tiếp tục hoàn thiện và đề nghị xét vào kỳ sau.",
        ),
        paper=Paper(dossier["id"], "notice"),
    )
    refused = stage.counter["vpdp.chuyenvien"].step(
        address, "refuse", reason="Không đạt tỷ lệ đồng ý theo quy định."
    )
    stage.tell("Kết thúc hồ sơ, nêu lý do", "Không được công nhận", refused["state_label"])


def _make_ready(stage: Stage, address: str) -> None:
    """Consultation and meeting, on the papers that are there."""
    for trigger in ("consult", "convene", "conclude_meeting"):
        stage.counter["xa.chuyenvien"].step(address, trigger)


def _figure(stage: Stage, year: str) -> Json:
    """The indicator of the commune, frozen when everything that arrived has been handled."""
    place = f"/organisations/{stage.seats[COMMUNE].id}/indicator-snapshots"
    clerk = stage.counter["xa.vanthu"]
    early = clerk.post(place, {"period": year})
    stage.tell(
        "Chốt chỉ số của xã khi còn văn bản chưa giải quyết",
        "chưa đạt 100%",
        "đạt 100%" if early["achieved"] else "chưa đạt 100%",
        early["text"],
    )
    for name in ("paper", "satisfaction"):
        _handle(stage, f"/incoming-documents/{stage.documents[name]['id']}")
    frozen = clerk.post(place, {"period": year})
    stage.tell(
        "Giải quyết xong, chốt lại: số của Hệ thống, không nhập tay",
        "đạt 100%",
        "đạt 100%" if frozen["achieved"] else "chưa đạt 100%",
        f"định nghĩa {frozen['definition_version']}, nhật ký đến mục {frozen['journal_sequence']}",
    )
    return frozen


def _handle(stage: Stage, address: str) -> None:
    """For information, and read: nothing more is to be done."""
    leader, reader = stage.counter["xa.chutich"], stage.counter["xa.chuyenvien"]
    stage.counter["xa.vanthu"].step(address, "submit")
    told = leader.step(
        address, "assign", handlers=[{"part": "information", "person_id": reader.id}]
    )
    reader.step(f"/tasks/{told['parts'][0]['case_id']}", "read")
    leader.step(address, "complete", opinion="Đã xem, đưa vào hồ sơ.")


def _office_asks(stage: Stage, address: str) -> None:
    """By a letter; from then on the days are the commune's."""
    commune, dossier = stage.seats[COMMUNE], stage.documents["smart"]
    issue(
        stage,
        COORDINATION,
        "Văn phòng Điều phối ban hành công văn yêu cầu bổ sung",
        "cong_van",
        "V/v bổ sung hồ sơ xã thông minh",
        letter(
            COORDINATION,
            "Ủy ban nhân dân xã Mẫu",
            "bổ sung hồ sơ xã thông minh",
            "Văn phòng Điều phối nông thôn mới tỉnh đề nghị Ủy ban nhân dân xã bổ sung:",
            "1. Quyết định thành lập Tổ công tác số hóa hồ sơ, minh chứng của nội dung 4.",
            "2. Báo cáo lấy ý kiến người dân của Ủy ban Mặt trận Tổ quốc Việt Nam xã.",
        ),
        paper=Paper(dossier["id"], "supplement_request"),
        recipients=({"name": commune.name, "organisation_id": commune.id},),
    )
    asked = stage.counter["vpdp.chuyenvien"].step(
        address, "request_supplement", reason="Bổ sung hai văn bản theo công văn."
    )
    stage.tell(
        "Yêu cầu bổ sung: đồng hồ của Văn phòng Điều phối dừng",
        "Chờ bổ sung hồ sơ",
        asked["state_label"],
        f"{due(asked)}, là hạn của xã",
    )


def _commune_supplements(stage: Stage, address: str) -> None:
    attach(
        stage,
        address,
        {"criterion/4/minh_chung": "decision", "component/bao_cao_y_kien": "satisfaction"},
    )
    stage.walk(
        address,
        (("xa.chutich", "resubmit", "Xã bổ sung hai văn bản sẵn có", "Chờ kiểm tra hồ sơ"),),
    )
