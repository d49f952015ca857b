"""What the demo's documents say. Posts instead of people, and a commune that does not exist."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from workflow.printing.composition import Article, Sheet
from workflow.rules.actors import Capacity, signature_block
from workflow.rules.numbering import place_and_date

CONTACT = "Văn bản trình diễn của Vanthu; chứng thư số phát triển, không có giá trị pháp lý."

LETTER = Sheet(
    superior="UBND TỈNH MẪU",
    issuer=("VĂN PHÒNG ĐIỀU PHỐI", "NÔNG THÔN MỚI TỈNH"),
    subject="rà soát, số hóa hồ sơ\nxây dựng nông thôn mới năm 2026",
    addressees=("Ủy ban nhân dân xã Mẫu",),
    body=(
        Article(
            (
                "Để hồ sơ xây dựng nông thôn mới của các xã được lập, ký số và lưu trên môi "
                "trường điện tử theo Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020 của "
                "Chính phủ về công tác văn thư, Văn phòng Điều phối nông thôn mới tỉnh đề nghị "
                "Ủy ban nhân dân xã:",
                "1. Rà soát hồ sơ minh chứng của từng tiêu chí; xác định văn bản còn ở dạng giấy "
                "và văn bản điện tử chưa có đủ chữ ký số của người có thẩm quyền và của cơ quan.",
                "2. Số hóa văn bản giấy, ký số bản sao điện tử theo thẩm quyền sao văn bản; không "
                "đưa tài liệu có nội dung bí mật nhà nước lên Hệ thống.",
                "3. Giao một tổ công tác chịu trách nhiệm và báo cáo kết quả trên Hệ thống quản lý "
                "tài liệu điện tử về Văn phòng Điều phối nông thôn mới tỉnh.",
                "Văn phòng Điều phối nông thôn mới tỉnh đề nghị Ủy ban nhân dân xã quan tâm, thực "
                "hiện.",
            )
        ),
    ),
    capacity=("CHÁNH VĂN PHÒNG",),
    signer="Chánh Văn phòng Điều phối",
    recipients=("Như trên", "Lưu: VT, NV"),
    contact=CONTACT,
)

DECISION = Sheet(
    issuer=("ỦY BAN NHÂN DÂN", "XÃ MẪU"),
    title="QUYẾT ĐỊNH",
    subject="Về việc thành lập Tổ công tác số hóa hồ sơ\nxây dựng nông thôn mới",
    authority="ỦY BAN NHÂN DÂN XÃ MẪU",
    grounds=(
        "Căn cứ Luật Tổ chức chính quyền địa phương ngày 16 tháng 6 năm 2025",
        "Căn cứ Luật Giao dịch điện tử ngày 22 tháng 6 năm 2023",
        "Căn cứ Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020 của Chính phủ về công tác "
        "văn thư",
        "Theo đề nghị của Chánh Văn phòng Hội đồng nhân dân và Ủy ban nhân dân xã",
    ),
    enacting="QUYẾT ĐỊNH:",
    body=(
        Article(
            (
                "Thành lập Tổ công tác số hóa hồ sơ xây dựng nông thôn mới xã Mẫu. Chủ tịch Ủy ban "
                "nhân dân xã làm Tổ trưởng; Trưởng phòng Kinh tế, Văn thư cơ quan làm thành viên.",
            ),
            "Thành lập Tổ công tác",
        ),
        Article(
            (
                "Tổ công tác rà soát hồ sơ của từng tiêu chí, số hóa văn bản giấy, bảo đảm mỗi văn "
                "bản điện tử có đủ chữ ký số, và báo cáo Ủy ban nhân dân xã hằng tháng.",
            ),
            "Nhiệm vụ",
        ),
        Article(
            (
                "Quyết định này có hiệu lực kể từ ngày ký. Chánh Văn phòng Hội đồng nhân dân và Ủy "
                "ban nhân dân xã, Trưởng phòng Kinh tế và các thành viên Tổ công tác chịu trách "
                "nhiệm thi hành Quyết định này.",
            ),
            "Hiệu lực và trách nhiệm thi hành",
        ),
    ),
    capacity=signature_block((Capacity.TM,), title="Chủ tịch", body="Ủy ban nhân dân"),
    signer="Chủ tịch xã Mẫu",
    recipients=(
        "Như Điều 3",
        "Văn phòng Điều phối nông thôn mới tỉnh (để báo cáo)",
        "Lưu: VT, VP",
    ),
    points=13,
    contact=CONTACT,
)


def report(written_on: date) -> Sheet:
    """A paper with its number and date, as it came from a scanner's tray."""
    return replace(_REPORT, written=("Số: 05/BC-TYT", place_and_date("Mẫu", written_on)))


_REPORT = Sheet(
    superior="UBND XÃ MẪU",
    issuer=("TRẠM Y TẾ",),
    title="BÁO CÁO",
    subject="Kết quả khám sức khỏe định kỳ cho người cao tuổi năm 2026",
    body=(
        Article(
            (
                "Thực hiện kế hoạch năm 2026, Trạm Y tế đã khám sức khỏe định kỳ và lập hồ sơ theo "
                "dõi cho người cao tuổi tại các thôn trong xã.",
                "Hồ sơ khám được lưu tại Trạm; số liệu tổng hợp theo từng thôn kèm theo Báo cáo "
                "này để Ủy ban nhân dân xã đưa vào hồ sơ minh chứng tiêu chí về y tế.",
                "Trạm Y tế kính báo cáo Ủy ban nhân dân xã.",
            )
        ),
    ),
    capacity=("TRƯỞNG TRẠM",),
    signer="Trưởng Trạm Y tế xã Mẫu",
    recipients=("Ủy ban nhân dân xã Mẫu", "Lưu: VT"),
)
