"""What can be wrong with a bundle, as a closed list, and what was found in one.

Each rule is told in a Vietnamese sentence here and explained in docs/auditing/findings.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Rule(StrEnum):
    """What a bundle breaks."""

    NOT_A_BUNDLE = "not_a_bundle"
    VERSION_UNKNOWN = "version_unknown"
    MEMBER_MISSING = "member_missing"
    MEMBER_EXTRA = "member_extra"
    MEMBER_ORDER = "member_order"
    MEMBER_ALTERED = "member_altered"
    MEMBER_UNREADABLE = "member_unreadable"
    CHAIN_EDITED = "chain_edited"
    CHAIN_MISSING = "chain_missing"
    CHAIN_INSERTED = "chain_inserted"
    CHAIN_REORDERED = "chain_reordered"
    CHAIN_HEAD = "chain_head"
    CLOCK_BACK = "clock_back"
    LEAF_WRONG = "leaf_wrong"
    LEAF_NOT_IN_TREE = "leaf_not_in_tree"
    CHECKPOINT_WRONG = "checkpoint_wrong"
    CHECKPOINT_UNSIGNED = "checkpoint_unsigned"
    CHECKPOINT_UNTRUSTED = "checkpoint_untrusted"
    STAMP_WRONG = "stamp_wrong"
    STAMP_UNTRUSTED = "stamp_untrusted"
    LOG_REWRITTEN = "log_rewritten"
    ROW_MISSING = "row_missing"
    ROW_INSERTED = "row_inserted"
    ROW_EDITED = "row_edited"
    ROW_REORDERED = "row_reordered"
    NUMBER_GAP = "number_gap"
    NUMBER_DOUBLE = "number_double"
    DATE_BACK = "date_back"
    ENTRY_WRONG = "entry_wrong"
    FACT_MISSING = "fact_missing"
    FACT_WRONG = "fact_wrong"
    FACT_CELL = "fact_cell"
    FACT_STALE = "fact_stale"
    STATEMENT_STEPS = "statement_steps"
    STATEMENT_FILES = "statement_files"
    STATEMENT_REPORT = "statement_report"
    STATEMENT_OWNER = "statement_owner"
    STATEMENT_CAPACITY = "statement_capacity"
    STATEMENT_EXCLUSION = "statement_exclusion"
    REPORT_WRONG = "report_wrong"
    DEFINITION_UNKNOWN = "definition_unknown"
    INDICATOR_DIFFERS = "indicator_differs"
    EVIDENCE_MISSING = "evidence_missing"
    PDF_MISSING = "pdf_missing"
    VERDICT_DIFFERS = "verdict_differs"
    DESTRUCTION_UNPROVEN = "destruction_unproven"

    @property
    def sentence(self) -> str:
        """What is wrong, as an auditor reads it."""
        return _SENTENCES[self]


_SENTENCES: Mapping[Rule, str] = {
    Rule.NOT_A_BUNDLE: "Tệp này không phải gói chứng cứ đọc được.",
    Rule.VERSION_UNKNOWN: "Không biết phiên bản này; hãy dùng trình kiểm tra mới hơn.",
    Rule.MEMBER_MISSING: "Gói thiếu thành phần này.",
    Rule.MEMBER_EXTRA: "Gói có thành phần lạ, không được kê khai.",
    Rule.MEMBER_ORDER: "Các thành phần của gói không theo thứ tự đã định.",
    Rule.MEMBER_ALTERED: "Thành phần này không đúng như bản kê của gói.",
    Rule.MEMBER_UNREADABLE: "Thành phần này không đọc được hoặc sai khuôn dạng.",
    Rule.CHAIN_EDITED: "Mục nhật ký này đã bị sửa.",
    Rule.CHAIN_MISSING: "Thiếu mục nhật ký này.",
    Rule.CHAIN_INSERTED: "Mục nhật ký này bị chèn thêm.",
    Rule.CHAIN_REORDERED: "Các mục nhật ký bị đổi thứ tự.",
    Rule.CHAIN_HEAD: "Nhật ký không phải là nhật ký mà điểm kiểm soát đã ký xác nhận.",
    Rule.CLOCK_BACK: "Thời điểm của mục nhật ký sớm hơn mục trước quá một giờ.",
    Rule.LEAF_WRONG: "Lá của sổ kiểm soát không nêu đầu nhật ký này.",
    Rule.LEAF_NOT_IN_TREE: "Lá này không nằm trong cây của điểm kiểm soát.",
    Rule.CHECKPOINT_WRONG: "Điểm kiểm soát sai khuôn dạng hoặc không phải của gói này.",
    Rule.CHECKPOINT_UNSIGNED: "Chữ ký trên điểm kiểm soát không đúng.",
    Rule.CHECKPOINT_UNTRUSTED: "Chứng thư ký điểm kiểm soát không dẫn tới nơi được tin cậy.",
    Rule.STAMP_WRONG: "Dấu thời gian không phải của điểm kiểm soát này.",
    Rule.STAMP_UNTRUSTED: "Dấu thời gian không do nơi được tin cậy cấp.",
    Rule.LOG_REWRITTEN: "Sổ kiểm soát không nối tiếp điểm kiểm soát đã lưu trước đó.",
    Rule.ROW_MISSING: "Thiếu bản ghi mà nhật ký đã ghi nhận.",
    Rule.ROW_INSERTED: "Có bản ghi mà nhật ký không ghi nhận.",
    Rule.ROW_EDITED: "Bản ghi này đã bị sửa so với nhật ký.",
    Rule.ROW_REORDERED: "Các bản ghi không theo thứ tự của nhật ký.",
    Rule.NUMBER_GAP: "Sổ đăng ký bị khuyết số.",
    Rule.NUMBER_DOUBLE: "Sổ đăng ký có số bị trùng.",
    Rule.DATE_BACK: "Ngày trong sổ đăng ký đi lùi so với số trước.",
    Rule.ENTRY_WRONG: "Dòng của sổ đăng ký mâu thuẫn với nhật ký hoặc với chính nó.",
    Rule.FACT_MISSING: "Dòng của sổ đăng ký chưa được tính vào chỉ số, hoặc thiếu lần tính trước.",
    Rule.FACT_WRONG: "Dòng tính chỉ số mâu thuẫn với nội dung của nó hoặc với sổ đăng ký.",
    Rule.FACT_CELL: "Tính lại từ chứng cứ thì dòng này được kết quả khác.",
    Rule.FACT_STALE: "Chứng cứ đã thay đổi mà dòng tính chỉ số chưa được lập lại.",
    Rule.STATEMENT_STEPS: "Các bước xử lý được kê không đúng với nhật ký.",
    Rule.STATEMENT_FILES: "Tệp được kê không phải bản mới nhất của văn bản.",
    Rule.STATEMENT_REPORT: "Báo cáo chữ ký được kê không phải báo cáo mới nhất của tệp.",
    Rule.STATEMENT_OWNER: "Nhật ký không ghi chứng thư số này là của người hoặc cơ quan được kê.",
    Rule.STATEMENT_CAPACITY: "Thẩm quyền ký được kê không đúng với các lệnh ký đã ghi.",
    Rule.STATEMENT_EXCLUSION: "Việc không tính được kê không đúng với quyết định đã ghi.",
    Rule.REPORT_WRONG: "Báo cáo chữ ký này mâu thuẫn với chính nó hoặc không đọc được.",
    Rule.DEFINITION_UNKNOWN: "Định nghĩa chỉ số trong gói không phải định nghĩa đã công bố.",
    Rule.INDICATOR_DIFFERS: "Tính lại từ chứng cứ thì được số khác với số báo cáo.",
    Rule.EVIDENCE_MISSING: "Thiếu chứng cứ mà báo cáo chữ ký dựa vào.",
    Rule.PDF_MISSING: "Thiếu tệp văn bản được yêu cầu kiểm tra.",
    Rule.VERDICT_DIFFERS: "Thẩm định lại tệp văn bản thì được kết luận khác với báo cáo đã lưu.",
    Rule.DESTRUCTION_UNPROVEN: "Nhật ký không ghi việc hủy tệp này.",
}


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that does not hold: where (chain#sequence, table id, member), whose, and why.

    `organisation` is the id of the organisation, or "" for the bundle, the log and the system.
    """

    rule: Rule
    place: str
    organisation: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Note:
    """What an auditor must know and what is no fault: a stable code, and a sentence."""

    code: str
    sentence: str


@dataclass
class Found:
    """Findings as they come: each told once, and so many of a rule kept that memory is bounded."""

    kept: dict[Finding, None] = field(default_factory=dict)
    count: Counter[Rule] = field(default_factory=Counter)
    _MOST = 200  # of one rule

    def add(self, rule: Rule, place: str, organisation: str = "", detail: str = "") -> None:
        """Note one finding."""
        finding = Finding(rule, place, organisation, detail[:300])
        if finding in self.kept:
            return
        if self.count[rule] < self._MOST:
            self.kept[finding] = None
        self.count[rule] += 1

    def extend(self, findings: Iterable[Finding]) -> None:
        """Note several."""
        for one in findings:
            self.add(one.rule, one.place, one.organisation, one.detail)


@dataclass(frozen=True)
class Verdict:
    """What became of a bundle. `holds` only when nothing was found.

    `findings` are the first of each rule, `found` how many there are of each in all; `scope` what
    the bundle says it is; `counts` how much was looked at; `indicators` the fractions recomputed.
    """

    findings: Sequence[Finding]
    found: Mapping[Rule, int]
    notes: Sequence[Note]
    scope: Mapping[str, Any]
    counts: Mapping[str, int]
    indicators: Sequence[Mapping[str, Any]]
    manifest_sha256: str | None

    @property
    def holds(self) -> bool:
        """Whether everything that was looked at is as the bundle claims."""
        return not self.found
