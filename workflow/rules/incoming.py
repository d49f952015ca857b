"""Incoming documents (văn bản đến): what is known about one, and what must hold at each step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

from workflow.rules.machine import Guard
from workflow.rules.machine_checks import Catalogue, Property, RequiredDeadline

Verdict = Literal["HOP_LE", "KHONG_XAC_DINH", "KHONG_HOP_LE", "KHONG_CO_CHU_KY", "KHONG_DOC_DUOC"]
Sender = Literal["agency", "enterprise", "citizen"]
#: How the clerk answered a warning: the same document once more, or another that looks like it.
DUPLICATES, RESEMBLES = "duplicates", "resembles"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingFacts:
    """What the guards of an incoming document look at."""

    paper: bool
    """It came on paper; the file, if any, is a scan."""
    sender: Sender
    acknowledged: bool
    verdict: Verdict | None
    """Of the latest stored report; None while not yet verified, and for paper."""
    overridden_by: UUID | None
    """Who accepted the undecided verdict that stands now, on record."""
    actor_custody_unmet: str | None
    """Why the actor may not use the agency's key (Art. 32.2)."""
    actor_copying_unmet: str | None
    """Why the actor may not make copies in the agency's name (Art. 27)."""
    scan_unreadable: str | None
    """Why there is no scan that can be processed."""
    digitised_unmet: tuple[str, ...]
    """Why the agency's signature on the electronic copy does not hold; empty if it does, and
    if there is no such copy."""
    duplicates: int
    """Registered documents of the same identifier, or of the same number, symbol and agency."""
    duplicates_confirmed: bool
    """The văn thư has answered the warning about exactly these."""
    handler_determined: bool
    """Who handles this kind of document is fixed by the agency's regulation."""
    tasks: int
    """Tasks given and not taken back; declined ones count, for they need another handler."""
    leads: int
    """Handlers in the lead (chủ trì) whose task was not declined or taken back."""
    tasks_open: int
    readings_open: int
    answer_required: bool
    answer_issued: bool
    expired: bool
    """The deadline for handling has passed."""


def electronic(facts: IncomingFacts) -> str | None:
    return "Bước này chỉ dành cho văn bản điện tử." if facts.paper else None


def paper(facts: IncomingFacts) -> str | None:
    return None if facts.paper else "Bước này chỉ dành cho văn bản giấy."


def not_acknowledged(facts: IncomingFacts) -> str | None:
    return "Đã báo nhận cho nơi gửi." if facts.acknowledged else None


def verdict_stored(facts: IncomingFacts) -> str | None:
    # Art. 21.2.a: authenticity and integrity are checked before anything else.
    return None if facts.verdict is not None else "Chưa có kết quả kiểm tra chữ ký số."


def scan_readable(facts: IncomingFacts) -> str | None:
    return facts.scan_unreadable


def actor_has_custody(facts: IncomingFacts) -> str | None:
    # Art. 32.2.b-c: the văn thư signs in person; the key changes hands by permission and record.
    return facts.actor_custody_unmet


def actor_may_copy(facts: IncomingFacts) -> str | None:
    # Art. 25.1.c, 27: an electronic copy of paper is a sao y, made under copying authority.
    return facts.actor_copying_unmet


def digitised_copy_holds(facts: IncomingFacts) -> str | None:
    return " ".join(facts.digitised_unmet) or None


def verdict_undecided(facts: IncomingFacts) -> str | None:
    if facts.verdict == "KHONG_XAC_DINH":
        return None
    return "Chỉ được quyết định tiếp nhận khi kết quả kiểm tra là không xác định."


def not_overridden(facts: IncomingFacts) -> str | None:
    return None if facts.overridden_by is None else "Văn thư đã quyết định tiếp nhận văn bản này."


def authenticity_settled(facts: IncomingFacts) -> str | None:
    """Art. 21.2.a-b: what is not authentic and whole is returned, not registered."""
    if facts.paper:
        return None
    match facts.verdict:
        case None:
            return "Chưa có kết quả kiểm tra chữ ký số."
        case "HOP_LE":
            return None
        case "KHONG_XAC_DINH":
            if facts.overridden_by is not None:
                return None
            return "Chữ ký số không xác định được: văn thư phải ghi lý do tiếp nhận hoặc trả lại."
        case "KHONG_CO_CHU_KY":
            # Citizens and enterprises need not sign; a document of an agency has legal value only
            # when signed (Art. 5.1).
            if facts.sender != "agency":
                return None
            return "Văn bản của cơ quan, tổ chức nhà nước thiếu chữ ký số: phải trả lại."
        case "KHONG_HOP_LE":
            return "Chữ ký số không hợp lệ: phải trả lại nơi gửi."
        case "KHONG_DOC_DUOC":
            return "Không đọc được tệp: phải trả lại nơi gửi."


def duplicates_found(facts: IncomingFacts) -> str | None:
    if facts.duplicates > 0 and not facts.duplicates_confirmed:
        return None
    return "Không có cảnh báo trùng văn bản cần xác nhận."


def duplicates_settled(facts: IncomingFacts) -> str | None:
    # PL6 III.1.h: the system warns, the văn thư decides.
    if facts.duplicates == 0 or facts.duplicates_confirmed:
        return None
    return f"Trùng với {facts.duplicates} văn bản đã đăng ký: văn thư phải xác nhận."


def handler_determined(facts: IncomingFacts) -> str | None:
    # Art. 23.1: else it goes to the person competent to direct its handling.
    if facts.handler_determined:
        return None
    return "Chưa xác định rõ đơn vị, cá nhân xử lý: phải trình lãnh đạo."


def lead_unmet(leads: int) -> str | None:
    """Art. 23.2: of all who handle a document, one unit or person is in the lead."""
    return None if leads == 1 else "Văn bản phải có đúng một đơn vị hoặc cá nhân chủ trì."


def one_lead(facts: IncomingFacts) -> str | None:
    # A document only to be known (để biết) needs none.
    return None if facts.tasks == 0 else lead_unmet(facts.leads)


def tasks_closed(facts: IncomingFacts) -> str | None:
    if facts.tasks_open == 0:
        return None
    return f"Còn {facts.tasks_open} nhiệm vụ chưa hoàn thành."


def readings_closed(facts: IncomingFacts) -> str | None:
    if facts.readings_open == 0:
        return None
    return f"Còn {facts.readings_open} người nhận để biết chưa xem."


def answer_given(facts: IncomingFacts) -> str | None:
    if not facts.answer_required or facts.answer_issued:
        return None
    return "Chưa phát hành văn bản trả lời."


def before_expiry(facts: IncomingFacts) -> str | None:
    return "Đã hết thời hạn giải quyết, không thể gia hạn." if facts.expired else None


GUARDS: Final[Mapping[str, Guard[IncomingFacts]]] = MappingProxyType(
    {
        guard.__name__: guard
        for guard in (
            electronic,
            paper,
            not_acknowledged,
            verdict_stored,
            scan_readable,
            actor_has_custody,
            actor_may_copy,
            digitised_copy_holds,
            verdict_undecided,
            not_overridden,
            authenticity_settled,
            duplicates_found,
            duplicates_settled,
            handler_determined,
            one_lead,
            tasks_closed,
            readings_closed,
            answer_given,
            before_expiry,
        )
    }
)

EFFECTS: Final = frozenset(
    {
        "acknowledge_receipt",  # tell the sender that it came
        "record_verdict",  # the report becomes the one that counts
        "request_verification",  # enqueue the job that validates the file
        "record_inspection",  # the văn thư has looked at the paper itself
        "record_seal_intent",  # before the agency's key is used
        "abandon_intent",  # no key was used, or what it made is not recorded
        "store_digitised_copy",  # the signed electronic copy and the report over it
        "record_override",  # who accepted the undecided verdict
        "confirm_duplicates",  # who answered the warning, about which documents
        "record_reason",  # the payload's reason is mandatory and kept
        "allocate_arrival_number",  # số đến and arrival date, gap-free
        "notify_sender",  # returned, or recalled as asked: the sender is told
        "attach_paper",  # paper that follows an e-document joins its số đến
        "submit_to_leader",  # it appears on the leader's desk
        "assign_handlers",  # the leader's direction: lead, supporters, a deadline each
        "transfer_to_handlers",  # the same by regulation, without a leader's direction
        "inform_readers",  # để biết
        "extend_deadline",  # the payload's new due date
        "complete_handling",  # completed_at
        "destroy_content",  # bytes and descriptive text
        "keep_tombstone",  # số đến, digest, the notice of recall
        "withdraw_children",  # tasks and readings still open
    }
)

_CHECKED = (
    frozenset({"record_verdict", "verdict_stored"}),
    frozenset({"store_digitised_copy", "digitised_copy_holds"}),
    frozenset({"record_inspection", "paper"}),
)
_ASSIGNED = (
    frozenset({"assign_handlers"}),
    frozenset({"transfer_to_handlers", "handler_determined"}),
    frozenset({"inform_readers"}),
)

PROPERTIES: Final = (
    # Art. 21.2.a
    Property(
        "verified_before_registration",
        "Không được đăng ký khi chưa kiểm tra tính xác thực, toàn vẹn.",
        "allocate_arrival_number",
        _CHECKED,
        frozenset({"received"}),
    ),
    # Art. 21.2.b
    Property(
        "authentic_when_registered",
        "Không được đăng ký văn bản không bảo đảm xác thực, toàn vẹn.",
        "allocate_arrival_number",
        (frozenset({"allocate_arrival_number", "authenticity_settled", "duplicates_settled"}),),
        frozenset({"allocate_arrival_number"}),
    ),
    # Art. 32.2.c, 27
    Property(
        "copied_in_person",
        "Chỉ người trực tiếp giữ khóa và có thẩm quyền sao được ký số bản số hóa.",
        "store_digitised_copy",
        (frozenset({"record_seal_intent", "actor_has_custody", "actor_may_copy", "paper"}),),
        frozenset({"abandon_intent"}),
    ),
    # Art. 22.1: nobody owes work on what is not registered.
    Property(
        "registered_before_assignment",
        "Không được giao xử lý văn bản chưa đăng ký.",
        "assigned",
        (frozenset({"allocate_arrival_number"}),),
    ),
    # Art. 23-24
    Property(
        "assigned_before_completion",
        "Không được kết thúc văn bản chưa giao cho ai.",
        "complete_handling",
        _ASSIGNED,
    ),
    # Art. 24.2
    Property(
        "handled_when_completed",
        "Không được kết thúc khi còn nhiệm vụ, còn người chưa xem hoặc chưa trả lời.",
        "complete_handling",
        (
            frozenset(
                {
                    "complete_handling",
                    "one_lead",
                    "tasks_closed",
                    "readings_closed",
                    "answer_given",
                }
            ),
        ),
        frozenset({"complete_handling"}),
    ),
)

REQUIRED_DEADLINES: Final = (
    RequiredDeadline("IN_ACK", "acknowledge_receipt"),  # Art. 21.2.c
    RequiredDeadline("IN_REGISTER", "allocate_arrival_number"),  # Art. 4.2.c
    RequiredDeadline("IN_SUBMIT", "submit_to_leader"),  # Art. 23.1
    RequiredDeadline("IN_SUBMIT", "transfer_to_handlers"),  # Art. 23.1
    RequiredDeadline("IN_RESOLVE", "complete_handling"),  # Art. 24.2
)

CATALOGUE: Final = Catalogue(
    guards=GUARDS,
    effects=EFFECTS,
    deadlines=frozenset({"IN_ACK", "IN_REGISTER", "IN_SUBMIT", "IN_RESOLVE"}),
    required_deadlines=REQUIRED_DEADLINES,
    properties=PROPERTIES,
)
