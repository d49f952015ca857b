"""The council votes, the province decides and publishes; a review whether it is to be withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.demo.counter import Json
from api.demo.desks import Paper, issue
from api.demo.dossier_papers import decision, titled
from api.demo.stage import COMMUNE, COORDINATION, PROVINCE, UNMET, Stage

CHAIR, VICE, SECRETARY = "tinh.phochutich", "vpdp.chanhvp", "vpdp.truongphong"
MEMBERS = (CHAIR, VICE, SECRETARY, "sonnmt.giamdoc", "sokhcn.giamdoc")


def council_votes(stage: Stage) -> None:
    """Five members; nine in ten must agree, so all of them."""
    stage.chapter("13. Hội đồng bỏ phiếu; kết quả luôn tính lại từ từng phiếu")
    dossier = stage.documents["ntm"]
    address = f"/dossiers/{dossier['id']}"
    report(stage, dossier)
    open_vote(stage, address, "Hội đồng đang bỏ phiếu")
    stage.refused(
        "Chủ tịch xã, không phải thành viên, bỏ phiếu",
        UNMET,
        lambda: stage.counter["xa.chutich"].put(f"{address}/ballot", {"choice": "agree"}),
    )
    cast(stage, address, {"sokhcn.giamdoc": {"choice": "disagree"}})
    stage.refused(
        "Kết thúc khi mới có một phiếu",
        UNMET,
        lambda: stage.counter["vpdp.chuyenvien"].step(address, "close_vote"),
    )
    cast(stage, address, {username: {"choice": "agree"} for username in MEMBERS})
    stage.tell(
        "Một thành viên đổi phiếu trước khi kết thúc",
        "5 phiếu của 5 thành viên",
        f"{stage.counter['vpdp.chuyenvien'].get(f'{address}/vote')['cast']} phiếu của 5 thành viên",
        "phiếu trước vẫn được giữ, phiếu sau cùng được tính",
    )
    close_vote(stage, address, "Đã thông qua, chờ trình công nhận")
    vote = stage.counter["vpdp.chuyenvien"].get(f"{address}/vote")["vote"]
    stage.tell(
        "Kết quả: đồng ý / tham gia, yêu cầu từ 90%",
        "5/5, 100,00%",
        f"{vote['agree']}/{vote['taking_part']}, {_comma(vote['share_percent'])}%",
    )
    stage.refused(
        "Bỏ phiếu sau khi đã kết thúc",
        UNMET,
        lambda: stage.counter[CHAIR].put(f"{address}/ballot", {"choice": "disagree"}),
    )


def province_recognises(stage: Stage) -> None:
    """Minutes, submission, decision: each a document of its own, numbered and sealed."""
    stage.chapter("14. Tờ trình, Quyết định công nhận, công bố")
    dossier = stage.documents["ntm"]
    propose(stage, dossier)
    stage.documents["recognition"] = recognise(stage, dossier)
    found = stage.counter["xa.chuyenvien"].get("/recognitions")["items"]
    stage.tell(
        "Danh mục đã công nhận",
        f"{dossier['name']}: {stage.documents['recognition']['code']}",
        "; ".join(f"{one['name']}: {one['decision_code']}" for one in found),
    )
    _leaves(stage, f"/dossiers/{dossier['id']}")


def _leaves(stage: Stage, address: str) -> None:
    """All of it as PDF volumes with a cover, and described in XML (ND 30 Annex VI)."""
    drafter = stage.counter["vpdp.chuyenvien"]
    asked = drafter.post(f"{address}/exports", {})
    done = drafter.until(
        f"{address}/exports/{asked['id']}", lambda now: now["finished_at"] is not None
    )
    stage.tell(
        "Xuất toàn bộ hồ sơ",
        "1 tập PDF, mô tả XML",
        f"{sum(one['name'].endswith('.pdf') for one in done['files'])} tập PDF, "
        f"{'mô tả' if any(one['name'].endswith('.xml') for one in done['files']) else 'thiếu'} XML",
        f"{done['done']}/{done['total']} văn bản, sắp theo thời gian",
    )


def withdrawal_is_reviewed(stage: Stage) -> None:
    """Five of nineteen are less than three tenths, whatever is among them."""
    stage.chapter("15. Xét thu hồi: 5/19 tiêu chí không còn đạt là chưa đủ")
    address = f"/dossiers/{stage.documents['ntm']['id']}/withdrawal-reviews"
    opened = stage.counter["xa.chuyenvien"].post(
        address,
        {
            "failed": ["2", "6", "10", "15", "17"],
            "reason": "Kết quả rà soát sau mưa lũ, có tiêu chí 10 và 17.",
        },
    )
    stage.tell("Xã lập hồ sơ xét thu hồi", "Đang xét thu hồi", opened["state_label"])
    review = f"{address}/{opened['case_id']}"
    stage.refused(
        "Văn phòng Điều phối trình thu hồi",
        UNMET,
        lambda: stage.counter["vpdp.chuyenvien"].step(review, "request"),
    )
    kept = stage.counter["vpdp.chanhvp"].step(
        review, "keep", reason="Chưa đến 30% số tiêu chí; giao xã khắc phục."
    )
    stage.tell("Chánh Văn phòng kết luận", "Không thu hồi", kept["state_label"])


def report(stage: Stage, dossier: Json) -> None:
    """The office concludes the appraisal by its report, on the sheet that the server prints."""
    address = f"/dossiers/{dossier['id']}"
    drafter = stage.counter["vpdp.chuyenvien"]
    drafter.step(address, "conclude_appraisal")
    issue(
        stage,
        COORDINATION,
        "Văn phòng Điều phối ban hành Báo cáo thẩm định",
        "bao_cao",
        f"Kết quả thẩm định hồ sơ {dossier['name']}",
        _printed(
            stage,
            dossier,
            part="appraisal_report",
            signer_id=stage.counter[VICE].id,
            conclusion=["Hồ sơ đủ điều kiện trình Hội đồng thẩm định xem xét."],
            recipients=["Hội đồng thẩm định", "Lưu: VT, NV"],
        ),
        paper=Paper(dossier["id"], "appraisal_report"),
    )
    stage.walk(address, (("vpdp.chuyenvien", "report", "Trình Hội đồng", "Chờ họp Hội đồng"),))


def _printed(stage: Stage, dossier: Json, **words: Any) -> str:
    """The upload of a paper that the server set from what it knows of the dossier."""
    made = stage.counter["vpdp.chuyenvien"].post(f"/dossiers/{dossier['id']}/prints", words)
    return str(made["id"])


def open_vote(stage: Stage, address: str, expected: str) -> None:
    """Name the council and let its members vote."""
    drafter = stage.counter["vpdp.chuyenvien"]
    council = drafter.get("/councils")["items"][0]
    version = drafter.get(address)["version"]
    drafter.post(f"{address}/council", {"council_id": council["id"]}, version)
    stage.walk(address, (("vpdp.chuyenvien", "open_vote", "Chọn Hội đồng, mở phiên", expected),))


def cast(stage: Stage, address: str, ballots: Mapping[str, Json]) -> None:
    """Each member's own ballot."""
    for username, ballot in ballots.items():
        stage.counter[username].put(f"{address}/ballot", ballot)


def close_vote(stage: Stage, address: str, expected: str) -> None:
    """Count what was cast."""
    stage.walk(address, (("vpdp.chuyenvien", "close_vote", "Kết thúc phiên", expected),))


def minute(stage: Stage, dossier: Json) -> None:
    """The council's minutes, signed by its secretary and its vice chair, who presided."""
    issue(
        stage,
        COORDINATION,
        "Thư ký, chủ tọa ký Biên bản họp Hội đồng",
        "bien_ban",
        f"Họp Hội đồng thẩm định hồ sơ {dossier['name']}",
        _printed(
            stage,
            dossier,
            part="council_minutes",
            place="Văn phòng Điều phối nông thôn mới tỉnh",
            chair_id=stage.counter[VICE].id,
            recipients=["Chủ tịch UBND tỉnh", "Lưu: VT, HS"],
        ),
        paper=Paper(dossier["id"], "council_minutes"),
    )


def propose(stage: Stage, dossier: Json) -> None:
    """Minutes and submission, and then it lies with the province."""
    minute(stage, dossier)
    issue(
        stage,
        COORDINATION,
        "Văn phòng Điều phối ban hành Tờ trình",
        "to_trinh",
        f"Đề nghị công nhận {dossier['name']}",
        titled(
            COORDINATION,
            "TỜ TRÌNH",
            f"Đề nghị công nhận {dossier['name']}",
            f"Hồ sơ “{dossier['kind_title']}” ({dossier['name']}, kỳ {dossier['period']}) đã được "
            "thẩm định và được Hội đồng thông qua theo Biên bản kèm theo.",
            "Văn phòng Điều phối nông thôn mới tỉnh kính trình Chủ tịch Ủy ban nhân dân tỉnh xem "
            "xét, công nhận.",
        ),
        paper=Paper(dossier["id"], "proposal"),
    )
    stage.walk(
        f"/dossiers/{dossier['id']}",
        (("vpdp.chuyenvien", "propose", "Trình Chủ tịch UBND tỉnh", "Chờ quyết định công nhận"),),
    )


def recognise(stage: Stage, dossier: Json) -> Json:
    """The decision of the province, on the dossier and to the commune; then publication."""
    commune = stage.seats[COMMUNE]
    issued = issue(
        stage,
        PROVINCE,
        "Chủ tịch UBND tỉnh ký Quyết định công nhận",
        "quyet_dinh",
        f"Về việc công nhận {dossier['name']}",
        decision(
            f"Về việc công nhận {dossier['name']}",
            f"Công nhận {dossier['name']}: {dossier['kind_title']}, kỳ {dossier['period']}.",
            "Chánh Văn phòng Điều phối nông thôn mới tỉnh và Ủy ban nhân dân xã Mẫu chịu trách "
            "nhiệm thi hành Quyết định này.",
        ),
        paper=Paper(dossier["id"], "decision"),
        recipients=({"name": commune.name, "organisation_id": commune.id},),
    )
    stage.walk(
        f"/dossiers/{dossier['id']}",
        (
            ("tinh.vanthu", "recognise", "Ghi nhận Quyết định", "Đã công nhận, chờ công bố"),
            ("tinh.vanthu", "publish", "Công bố", "Đã công bố"),
        ),
    )
    return issued


def _comma(number: str) -> str:
    return number.replace(".", ",")
