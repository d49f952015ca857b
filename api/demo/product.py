"""An OCOP product is rated: points by departments and council, stars by exact bounds."""

from __future__ import annotations

from datetime import timedelta

from api.demo.appraisal import find_all, give_opinion, hand_over
from api.demo.council import MEMBERS, cast, close_vote, open_vote, propose, recognise, report
from api.demo.counter import Json
from api.demo.dossier_papers import on_paper
from api.demo.letters import receive_paper, seal_scan
from api.demo.self_assessment import answer, attach, evidence_slots, open_dossier
from api.demo.stage import Stage, day_of
from workflow.printing.composition import Hand

_POINTS = {"A": 33, "B": 20, "C": 29}
#: Of five totals the highest and the lowest are left out: (82 + 80 + 86) / 3.
_BALLOTS = ((34, 20, 28), (33, 19, 28), (35, 21, 30), (30, 18, 25), (36, 22, 31))


def product_is_rated(stage: Stage) -> None:
    """Three and four stars are the province's, five the centre's."""
    stage.chapter("18. Sản phẩm OCOP được chấm điểm, phân hạng")
    _producer_applies(stage)
    year = str(day_of(stage).year)
    address = open_dossier(stage, "product", "ocop_product", year, "Mật ong Mẫu")
    dossier = stage.documents["product"]
    answer(stage, address, {code: str(points) for code, points in _POINTS.items()})
    attach(
        stage,
        address,
        {
            "component/bien_ban_hop": "meeting",
            "component/bao_cao_danh_gia": "report",
            "component/van_ban_de_nghi": "request",
            "component/ho_so_chu_the": "producer",
            **dict.fromkeys(evidence_slots(dossier), "producer"),
        },
    )
    stage.walk(
        address,
        (
            ("xa.chuyenvien", "convene", "Xã tự chấm điểm, chuyển họp", "Chờ họp đề nghị xét"),
            ("xa.chuyenvien", "conclude_meeting", "Đã có biên bản họp đánh giá", "Chờ nộp"),
            ("xa.chutich", "submit", "Chủ tịch nộp hồ sơ", "Chờ kiểm tra hồ sơ"),
        ),
    )
    for code, part in hand_over(stage, address).items():
        find_all(stage, code, part, _POINTS)
        give_opinion(stage, code, part, dossier)
    report(stage, dossier)
    open_vote(stage, address, "Hội đồng đang chấm điểm")
    ballots: dict[str, Json] = {
        username: {"points": dict(zip(_POINTS, points, strict=True))}
        for username, points in zip(MEMBERS, _BALLOTS, strict=True)
    }
    cast(stage, address, ballots)
    close_vote(stage, address, "Đủ hạng, chờ trình công nhận")
    rating = stage.counter["vpdp.chuyenvien"].get(f"{address}/vote")["rating"]
    stage.tell(
        "Điểm trung bình, hạng",
        "82,66 điểm, 4 sao",
        f"{rating['average_points'].replace('.', ',')} điểm, {rating['stars']} sao",
        "bỏ một phiếu cao nhất, một phiếu thấp nhất; điểm hiển thị cắt bớt, không làm tròn",
    )
    propose(stage, dossier)
    recognise(stage, dossier)
    given = stage.counter["xa.chuyenvien"].get("/recognitions", kind="ocop_product")["items"][0]
    decided = day_of(stage)
    stage.tell(
        "Giấy chứng nhận 36 tháng",
        f"4 sao, đến năm {decided.year + 3}",
        f"{given['stars']} sao, đến năm {given['valid_until'][:4]}",
        f"đến ngày {'/'.join(reversed(given['valid_until'].split('-')))}",
    )


def _producer_applies(stage: Stage) -> None:
    """On paper, which the commune digitises."""
    written_on = day_of(stage) - timedelta(days=1)
    paper = on_paper(
        ("HỢP TÁC XÃ", "MẬT ONG MẪU"),
        "03/BC-HTX",
        Hand(("GIÁM ĐỐC",), "Giám đốc Hợp tác xã Mật ong Mẫu"),
        "Hồ sơ sản phẩm Mật ong Mẫu",
        "Hợp tác xã đăng ký đánh giá, phân hạng sản phẩm; nguyên liệu và lao động là của địa "
        "phương.",
        written_on,
    )
    received = receive_paper(stage, paper, "Hợp tác xã Mật ong Mẫu", "03/BC-HTX", written_on)
    seal_scan(stage, received)
    address = f"/incoming-documents/{received['id']}"
    registered = stage.counter["xa.vanthu"].step(address, "register")
    stage.tell("Số hóa hồ sơ giấy của chủ thể", "số đến 4", f"số đến {registered['number']}")
    stage.documents["producer"] = registered
