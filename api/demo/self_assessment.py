"""A commune asks to be recognised: it assesses itself, hears its people, meets and submits."""

from __future__ import annotations

from datetime import timedelta

from api.demo.counter import Json
from api.demo.desks import issue
from api.demo.dossier_papers import minutes, on_paper, titled
from api.demo.letters import receive_paper, seal_scan
from api.demo.stage import COMMUNE, Stage, day_of
from workflow.printing.composition import Hand

#: The set of 2021-2025 has a rule for withdrawal, and is that of the year asked for.
KIND, PERIOD = "commune_ntm", "2025"


def commune_prepares(stage: Stage) -> None:
    """Papers that serve every dossier of the commune: issued once, never copied."""
    stage.chapter("10. Xã chuẩn bị văn bản cho hồ sơ đề nghị xét, công nhận")
    written_on = day_of(stage) - timedelta(days=1)
    paper = on_paper(
        ("ỦY BAN MTTQ VIỆT NAM", "XÃ MẪU"),
        "12/BC-MTTQ",
        Hand(("CHỦ TỊCH",), "Chủ tịch Ủy ban MTTQ Việt Nam xã Mẫu"),
        "Kết quả lấy ý kiến sự hài lòng của người dân về xây dựng nông thôn mới",
        "Ủy ban Mặt trận Tổ quốc Việt Nam xã đã lấy ý kiến của người dân ở các thôn; 96,5% số "
        "người được hỏi hài lòng với kết quả xây dựng nông thôn mới của xã.",
        written_on,
    )
    received = receive_paper(stage, paper, "Ủy ban MTTQ Việt Nam xã Mẫu", "12/BC-MTTQ", written_on)
    seal_scan(stage, received)
    registered = stage.counter["xa.vanthu"].step(
        f"/incoming-documents/{received['id']}", "register"
    )
    stage.tell("Số hóa báo cáo giấy của MTTQ xã", "số đến 3", f"số đến {registered['number']}")
    stage.documents["satisfaction"] = registered
    stage.documents["report"] = issue(
        stage,
        COMMUNE,
        "UBND xã ban hành Báo cáo kết quả và ý kiến tham gia",
        "bao_cao",
        "Kết quả xây dựng nông thôn mới, tổng hợp ý kiến tham gia và tình hình nợ đọng xây dựng "
        "cơ bản",
        titled(
            COMMUNE,
            "BÁO CÁO",
            "Kết quả xây dựng nông thôn mới và tổng hợp ý kiến tham gia",
            "Ủy ban nhân dân xã đã tự đánh giá từng tiêu chí, lấy ý kiến của các tổ chức và Nhân "
            "dân; kết quả chi tiết của từng tiêu chí, từng sản phẩm kèm theo Báo cáo này.",
            "Xã không có nợ đọng xây dựng cơ bản của Chương trình.",
        ),
    )
    stage.documents["meeting"] = issue(
        stage,
        COMMUNE,
        "UBND xã ban hành Biên bản họp (thư ký, chủ tọa ký)",
        "bien_ban",
        "Họp đề nghị xét, công nhận nông thôn mới và phân hạng sản phẩm OCOP",
        minutes(
            "Họp đề nghị xét, công nhận nông thôn mới\nvà phân hạng sản phẩm OCOP",
            "Ủy ban nhân dân xã họp, nghe báo cáo kết quả thực hiện từng tiêu chí, kết quả đánh "
            "giá sản phẩm và ý kiến tham gia của Nhân dân; 15/15 thành viên dự họp nhất trí đề "
            "nghị cấp trên thẩm định, xét, công nhận.",
        ),
    )
    stage.documents["request"] = issue(
        stage,
        COMMUNE,
        "UBND xã ban hành Tờ trình",
        "to_trinh",
        "Đề nghị thẩm định, xét, công nhận nông thôn mới và phân hạng sản phẩm OCOP",
        titled(
            COMMUNE,
            "TỜ TRÌNH",
            "Đề nghị thẩm định, xét, công nhận nông thôn mới\nvà phân hạng sản phẩm OCOP",
            "Ủy ban nhân dân xã kính đề nghị Ủy ban nhân dân tỉnh thẩm định, xét, công nhận theo "
            "hồ sơ kèm theo trên Hệ thống.",
        ),
    )


def commune_applies(stage: Stage) -> None:
    """The dossier that will be recognised, from its first answer to its submission."""
    stage.chapter("11. Xã tự đánh giá, lấy ý kiến, họp và nộp hồ sơ xã đạt chuẩn")
    address = open_dossier(stage, "ntm", KIND, PERIOD, "Xã Mẫu")
    opened = stage.documents["ntm"]
    stage.tell(
        f"Chuyên viên lập hồ sơ cho kỳ {PERIOD}",
        "Xã đạt chuẩn nông thôn mới giai đoạn 2021–2025",
        opened["kind_title"],
        "bộ tiêu chí do kỳ xét chọn, không do ngày hôm nay",
    )
    answer(stage, address, {"hai_long": "96.5"})
    attach(
        stage,
        address,
        {
            "component/bao_cao_y_kien": "report",
            "component/bao_cao_ket_qua": "report",
            "component/bao_cao_no_dong": "report",
            "component/bao_cao_hai_long": "satisfaction",
            "component/bien_ban_hop": "meeting",
            "component/to_trinh": "request",
            **dict.fromkeys(evidence_slots(opened), "report"),
        },
    )
    shown = stage.counter["xa.chuyenvien"].get(address)
    met = sum(one["met"] is True for one in shown["answers"] if one["part"] == "criterion")
    used = sum(one["exhibits"] for one in shown["slots"])
    stage.tell(
        "Tự đánh giá từng nội dung, gắn văn bản vào hồ sơ",
        "22 nội dung đạt, 28 chỗ có văn bản",
        f"{met} nội dung đạt, {used} chỗ có văn bản",
        "4 văn bản dùng cho mọi chỗ, không sao chép",
    )
    stage.walk(
        address,
        (
            ("xa.chuyenvien", "consult", "Lấy ý kiến", "Đang lấy ý kiến"),
            ("xa.chuyenvien", "convene", "Đã có báo cáo ý kiến tham gia", "Chờ họp đề nghị xét"),
            ("xa.chuyenvien", "conclude_meeting", "Đã có biên bản họp", "Chờ nộp"),
            ("xa.chutich", "submit", "Chủ tịch nộp hồ sơ", "Chờ kiểm tra hồ sơ"),
        ),
    )


def open_dossier(stage: Stage, name: str, kind: str, period: str, of: str) -> str:
    """The address of a new dossier of the commune, kept as `name` in the stage's documents."""
    opened = stage.counter["xa.chuyenvien"].post(
        "/dossiers",
        {
            "organisation_id": stage.seats[COMMUNE].id,
            "kind_code": kind,
            "period": period,
            "name": of,
        },
    )
    stage.documents[name] = opened
    return f"/dossiers/{opened['id']}"


def answer(stage: Stage, address: str, values: Json) -> None:
    """Say that everything is met, or the value given for it (a snapshot's is its id)."""
    person = stage.counter["xa.chuyenvien"]
    shown = person.get(address)
    for one in shown["answers"]:
        body: Json = {"met": True}
        if one["code"] in values:
            body = {"snapshot_id" if one["figure"] else "value": values[one["code"]]}
        shown = person.put(f"{address}/answers/{one['part']}/{one['code']}", body, shown["version"])


def attach(stage: Stage, address: str, slots: dict[str, str]) -> None:
    """The clerk, who sees them all, puts documents (by their names on the stage) into slots."""
    person = stage.counter["xa.vanthu"]
    items = [
        {"slot": slot, "document_id": stage.documents[name]["id"]} for slot, name in slots.items()
    ]
    person.post(f"{address}/exhibits", {"items": items}, person.get(address)["version"])


def evidence_slots(dossier: Json) -> list[str]:
    """The slots for evidence of criteria."""
    return [one["slot"] for one in dossier["slots"] if one["slot"].startswith("criterion/")]
