"""Outgoing documents (văn bản đi): what is known about one, and what must hold at each step.

Facts are known without the request's payload, so that a button can say beforehand why it is grey.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID

from workflow.rules.machine import Guard, Holder


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingFacts:
    """What the guards of an outgoing document look at.

    Reviews count for the content as it is now: whoever builds these facts leaves a review out when
    the draft's bytes have changed since. When a signature made by a job is about to be recorded,
    what is said about signatures is said about the bytes that carry it.
    """

    actor_id: UUID | None
    """The person who acts; None for the system."""
    actor_heads_drafting_unit: bool
    actor_charged_with_format: bool
    """The person charged with checking form and technique (Art. 12.2)."""
    actor_incompetence: str | None
    """Why the actor may not sign (so not approve) this document; the capacity rules say."""
    actor_custody_unmet: str | None
    """Why the actor may not use the agency's key (Art. 32.2)."""
    drafter_id: UUID
    drafting_unit_id: UUID
    draft_unreadable: str | None
    """Why there is no draft that can be processed."""
    original_unmet: str | None
    """Why this may not correct, amend, replace or recall the document it names; None if fine or
    if it names none (Art. 18.3-4)."""
    content_checked_by: UUID | None
    approved_by: UUID | None
    format_checked_by: UUID | None
    signer_ids: tuple[UUID, ...]
    """The persons whose signatures the document needs, in order; none where nobody is named yet."""
    next_signer_id: UUID | None
    signers_remaining: int
    persons_unmet: tuple[str, ...]
    """Why the personal signatures in the bytes do not hold: altered, untrusted, another person,
    a capacity without basis."""
    number: str | None
    """Number and symbol in the register, e.g. `05/QĐ-UBND`."""
    register_mismatch: str | None
    """How the number and date in the bytes differ from the register."""
    seal_required: bool
    seal_unmet: tuple[str, ...]
    """Why the agency's signature in the bytes does not hold."""
    files_unsealed: int
    """Separate attachment files still without the agency's signature."""
    recipients: int
    recipients_unsent: int
    filed: bool
    paper: bool
    """Issued as a paper document."""


def draft_readable(facts: OutgoingFacts) -> str | None:
    return facts.draft_unreadable


def actor_is_drafter(facts: OutgoingFacts) -> str | None:
    # Art. 10.4: the drafter answers for the draft.
    if facts.actor_id == facts.drafter_id:
        return None
    return "Chỉ người soạn thảo văn bản được thực hiện bước này."


def recipients_named(facts: OutgoingFacts) -> str | None:
    # Art. 8: nơi nhận is one of the nine mandatory parts.
    return None if facts.recipients > 0 else "Văn bản chưa có nơi nhận."


def signers_named(facts: OutgoingFacts) -> str | None:
    # Art. 11.1: the draft is approved by the person competent to sign, who must be known.
    return None if facts.signer_ids else "Chưa xác định người ký văn bản."


def actor_reviews(facts: OutgoingFacts) -> str | None:
    # Art. 10.3, 11.2, 12: who checks, approves or signs may ask for changes.
    if (
        facts.actor_heads_drafting_unit
        or facts.actor_charged_with_format
        or facts.actor_incompetence is None
    ):
        return None
    return "Chỉ người kiểm tra, duyệt hoặc ký văn bản được chuyển lại bản thảo."


def original_admits(facts: OutgoingFacts) -> str | None:
    # Art. 18.3: content errors by a document of equivalent form, errors of form by công văn.
    return facts.original_unmet


def checker_heads_unit(facts: OutgoingFacts) -> str | None:
    # Art. 12.1: the head of the drafting unit answers for the content, of his own drafts too.
    if facts.actor_heads_drafting_unit:
        return None
    return "Chỉ người đứng đầu đơn vị soạn thảo được kiểm tra nội dung."


def content_checked(facts: OutgoingFacts) -> str | None:
    if facts.content_checked_by is not None:
        return None
    return "Nội dung bản thảo hiện tại chưa được kiểm tra."


def approver_is_not_drafter(facts: OutgoingFacts) -> str | None:
    # Art. 10.4 and 11.1 name two persons: who drafts, and who approves and signs.
    if facts.actor_id != facts.drafter_id:
        return None
    return "Người soạn thảo không được tự duyệt bản thảo của mình."


def approver_is_competent(facts: OutgoingFacts) -> str | None:
    # Art. 11.1: only the person competent to sign approves.
    return facts.actor_incompetence


def approved(facts: OutgoingFacts) -> str | None:
    # Art. 11.2: a changed draft goes back to the person who signs.
    if facts.approved_by is None:
        return "Bản thảo hiện tại chưa được người có thẩm quyền ký duyệt."
    if facts.approved_by == facts.drafter_id:
        return "Bản thảo phải được duyệt bởi người không phải người soạn thảo."
    return None


def checker_is_charged(facts: OutgoingFacts) -> str | None:
    # Art. 12.2
    if facts.actor_charged_with_format:
        return None
    return "Chỉ người được giao kiểm tra thể thức, kỹ thuật trình bày được thực hiện bước này."


def format_checked(facts: OutgoingFacts) -> str | None:
    if facts.format_checked_by is not None:
        return None
    return "Thể thức, kỹ thuật trình bày của bản thảo hiện tại chưa được kiểm tra."


def signer_is_next(facts: OutgoingFacts) -> str | None:
    # Art. 13.7, 32.3: each person signs with the key he keeps himself, in the document's order.
    if facts.next_signer_id is not None and facts.actor_id == facts.next_signer_id:
        return None
    return "Chưa đến lượt ký của người này hoặc người này không phải người ký văn bản."


def signer_is_competent(facts: OutgoingFacts) -> str | None:
    # Art. 13.1-4: by office, for the head, by order or under a written mandate.
    return facts.actor_incompetence


def signatures_hold(facts: OutgoingFacts) -> str | None:
    return " ".join(facts.persons_unmet) or None


def signers_remain(facts: OutgoingFacts) -> str | None:
    return None if facts.signers_remaining > 0 else "Không còn người nào phải ký."


def no_signer_remains(facts: OutgoingFacts) -> str | None:
    if facts.signers_remaining == 0:
        return None
    return f"Thiếu chữ ký số cá nhân: còn {facts.signers_remaining} người chưa ký."


def electronic(facts: OutgoingFacts) -> str | None:
    # Art. 15.2-3: a paper document is numbered after it is signed.
    if not facts.paper:
        return None
    return "Văn bản giấy chỉ được cấp số sau khi có chữ ký của người có thẩm quyền."


def not_numbered(facts: OutgoingFacts) -> str | None:
    return None if facts.number is None else f"Văn bản đã có số {facts.number}."


def number_given(facts: OutgoingFacts) -> str | None:
    return None if facts.number is not None else "Văn bản chưa được cấp số."


def number_in_bytes(facts: OutgoingFacts) -> str | None:
    # Art. 15.1: number and symbol are one and the same in the register and on the document.
    return facts.register_mismatch


def actor_has_custody(facts: OutgoingFacts) -> str | None:
    # Art. 32.2.b-c: the văn thư seals in person; the key changes hands by permission and record.
    return facts.actor_custody_unmet


def sealer_is_not_signer(facts: OutgoingFacts) -> str | None:
    # Art. 32.2.d has one person vouch for the other's signature.
    if facts.actor_id not in facts.signer_ids:
        return None
    return "Người đã ký văn bản không được đồng thời ký số của cơ quan trên văn bản đó."


def seal_holds(facts: OutgoingFacts) -> str | None:
    return " ".join(facts.seal_unmet) or None


def files_sealed(facts: OutgoingFacts) -> str | None:
    # PL1 II.8.b, III.1.d: each separate attachment file carries the agency's signature.
    if facts.files_unsealed == 0:
        return None
    return f"Thiếu chữ ký số cơ quan trên {facts.files_unsealed} tệp kèm theo."


def seal_not_required(facts: OutgoingFacts) -> str | None:
    # PL3 1.9: on biên bản the agency's signature is "nếu có".
    return "Văn bản phải có chữ ký số cơ quan." if facts.seal_required else None


def recipients_to_send(facts: OutgoingFacts) -> str | None:
    return None if facts.recipients_unsent > 0 else "Văn bản đã được gửi đến mọi nơi nhận."


def sent_to_all(facts: OutgoingFacts) -> str | None:
    # Art. 14: dispatch is followed to its end before filing.
    if facts.recipients_unsent == 0:
        return None
    return f"Còn {facts.recipients_unsent} nơi nhận chưa được gửi văn bản."


def not_filed(facts: OutgoingFacts) -> str | None:
    return "Văn bản đã được lưu vào hồ sơ." if facts.filed else None


GUARDS: Final[Mapping[str, Guard[OutgoingFacts]]] = MappingProxyType(
    {
        guard.__name__: guard
        for guard in (
            draft_readable,
            actor_is_drafter,
            recipients_named,
            signers_named,
            actor_reviews,
            original_admits,
            checker_heads_unit,
            content_checked,
            approver_is_not_drafter,
            approver_is_competent,
            approved,
            checker_is_charged,
            format_checked,
            signer_is_next,
            signer_is_competent,
            signatures_hold,
            signers_remain,
            no_signer_remains,
            electronic,
            not_numbered,
            number_given,
            number_in_bytes,
            actor_has_custody,
            sealer_is_not_signer,
            seal_holds,
            files_sealed,
            seal_not_required,
            recipients_to_send,
            sent_to_all,
            not_filed,
        )
    }
)


def _drafter(facts: OutgoingFacts) -> Holder:
    return Holder(person_id=facts.drafter_id)


def _drafting_unit(facts: OutgoingFacts) -> Holder:
    return Holder(unit_id=facts.drafting_unit_id)


def _signer(facts: OutgoingFacts) -> Holder:
    """Who signs next, and so approves; any leader where nobody is named."""
    if facts.next_signer_id is None:
        return Holder(role="leader")
    return Holder(person_id=facts.next_signer_id)


HOLDERS: Final[Mapping[str, Callable[[OutgoingFacts], Holder]]] = MappingProxyType(
    {"drafter": _drafter, "drafting_unit": _drafting_unit, "signer": _signer}
)
