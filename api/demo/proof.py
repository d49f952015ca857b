"""What stays out, what the files prove, and what is counted."""

from __future__ import annotations

from api.demo.stage import COMMUNE, COORDINATION, Stage, day_of

_SECRET = "403 secret-refused"  # noqa: S105  a kind of problem


def secrets_stay_out(stage: Stage) -> None:
    """State secrets never enter a system on the Internet (R1.4.1)."""
    stage.chapter("19. Tài liệu mật bị từ chối ngay tại cửa")
    commune, clerk = stage.seats[COMMUNE], stage.counter["xa.vanthu"]
    answer = clerk.announce(commune.id, 1_000_000, "mat")
    stage.tell("Gửi tệp độ Mật: trả lời khi chưa gửi byte nào", _SECRET, answer)
    body = {
        "organisation_id": commune.id,
        "medium": "paper",
        "sender_kind": "agency",
        "sender_name": "Cơ quan gửi",
        "subject": "Không nêu",
        "secrecy": "toi_mat",
    }
    stage.refused(
        "Khai văn bản đến độ Tối mật", _SECRET, lambda: clerk.post("/incoming-documents", body)
    )


def files_are_judged(stage: Stage) -> None:
    """By Vanthu's validator and, where the machine has one, by another."""
    stage.chapter("20. Kiểm tra các tệp PDF, bằng Vanthu và bằng pdfsig")
    vpdp, clerk, told = stage.counter["vpdp.vanthu"], stage.counter["xa.vanthu"], stage.documents
    both, one = "pdfsig: 2 đúng, 0 sai", "pdfsig: 1 đúng, 0 sai"
    stage.keep("1-cong-van-01-VPDP-NV.pdf", vpdp.download(told["letter"]), "HOP_LE", both)
    stage.keep(
        "2-cong-van-bi-sua-mot-byte.pdf",
        clerk.download(told["tampered"]),
        "KHONG_HOP_LE",
        "pdfsig: 1 đúng, 1 sai",
    )
    stage.keep("3-bao-cao-giay-da-so-hoa.pdf", clerk.download(told["paper"]), "HOP_LE", one)
    stage.keep("4-quyet-dinh-01-QD-UBND.pdf", clerk.download(told["decision"]), "HOP_LE", both)
    recognition = stage.counter["tinh.vanthu"].download(told["recognition"])
    stage.keep("5-quyet-dinh-cong-nhan-01-QD-CTUBND.pdf", recognition, "HOP_LE", both)
    address = f"/dossiers/{told['ntm']['id']}/appraisal-matrix.pdf"
    matrix = stage.counter["vpdp.chuyenvien"].fetch(address)
    stage.keep("6-bieu-tham-dinh.pdf", matrix, "KHONG_CO_CHU_KY", "pdfsig: 0 đúng, 0 sai")
    if stage.story.files[0].pdfsig is None:
        stage.screen.line("  Máy này không có pdfsig (gói poppler-utils): chỉ Vanthu kiểm tra.")


def indicator_is_measured(stage: Stage) -> None:
    """The indicator with the reason of every row, and the journal that holds it all."""
    stage.chapter("21. Chỉ số và nhật ký")
    year = str(day_of(stage).year)
    for code, username, expected in (
        (COMMUNE, "xa.kiemtoan", "ký số: đi 4/4, đến 1/4; 8 lý do cho 8 dòng sổ"),
        (COORDINATION, "vpdp.vanthu", "ký số: đi 11/11, đến 1/1; 12 lý do cho 12 dòng sổ"),
    ):
        measured = stage.measure(code, username, year)
        first = measured.indicator["issuers"][0]
        sent, came = first["outgoing_signed"], first["incoming_signed"]
        got = (
            f"ký số: đi {sent['numerator']}/{sent['denominator']}, "
            f"đến {came['numerator']}/{came['denominator']}; "
            f"{len(measured.reasons)} lý do cho {sent['rows'] + came['rows']} dòng sổ"
        )
        stage.tell(f"Chỉ số của {measured.organisation}", expected, got)
    address = f"/organisations/{stage.seats[COMMUNE].id}/journal/verification"
    verified = stage.counter["xa.kiemtoan"].get(address)
    stage.tell(
        "Kiểm toán viên kiểm tra nhật ký",
        "toàn vẹn",
        "toàn vẹn" if verified["intact"] else "bị sửa",
        f"{verified['entries']} mục, đầu chuỗi {verified['head'][:16]}…",
    )
