"""Recognition dossiers: what is known about one, and what must hold at each step.

Whether a paper is signed, evidence sound and a vote passed is derived each time from reports,
findings and ballots. Sentences that list what is missing come ready from whoever builds the facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

from workflow.rules.machine import Guard, Holder
from workflow.rules.machine_checks import Catalogue, Property, RequiredDeadline

#: The day communes and provinces became the only two tiers of local government.
NO_DISTRICT_SINCE: Final = date(2025, 7, 1)

Outcome = Literal["none", "passed", "failed", "province", "centre", "nobody"]
"""What the ballots say: of a vote passed or failed, of a rating who may grant it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierFacts:
    """What the guards of a dossier look at."""

    opened_by: UUID
    unanswered: tuple[str, ...]
    """Criteria and conditions without an answer, or whose answer does not do."""
    consultation_unmet: tuple[str, ...]
    meeting_unmet: tuple[str, ...]
    incomplete: tuple[str, ...]
    """Everything that keeps the dossier from being submitted, those before included."""
    unsound: tuple[str, ...]
    """Evidence and papers that were recalled, replaced or no longer hold since."""
    district_stage: bool
    """A district took part: submitted, or to be submitted, before 2025-07-01."""
    district_gone: bool
    """Today there is no district any more."""
    papers: Mapping[str, str | None]
    """Why a paper, by its part, does not hold; None where it does."""
    duties_unmet: tuple[str, ...]
    """Fields that no department is charged with."""
    appraisals: int
    appraisals_open: int
    criteria_failed: tuple[str, ...]
    """Sentences of the criteria that a department found not met."""
    criteria_returned: bool
    """A department waits for more evidence of some criterion."""
    conditions_unmet: tuple[str, ...]
    council_named: bool
    quorum_unmet: str | None
    outcome: Outcome


def answers_given(facts: DossierFacts) -> tuple[str, ...]:
    return facts.unanswered


def consultation_reported(facts: DossierFacts) -> tuple[str, ...]:
    return facts.consultation_unmet


def meeting_minuted(facts: DossierFacts) -> tuple[str, ...]:
    return facts.meeting_unmet


def complete(facts: DossierFacts) -> tuple[str, ...]:
    return facts.incomplete


def evidence_sound(facts: DossierFacts) -> tuple[str, ...]:
    return facts.unsound


def district_takes_part(facts: DossierFacts) -> str | None:
    if facts.district_stage:
        return None
    return "Từ ngày 01/7/2025 không còn bước thẩm tra của cấp huyện."


def no_district_takes_part(facts: DossierFacts) -> str | None:
    if not facts.district_stage:
        return None
    return "Hồ sơ nộp trước ngày 01/7/2025 phải qua thẩm tra của cấp huyện."


def district_gone(facts: DossierFacts) -> str | None:
    if facts.district_gone:
        return None
    return "Cấp huyện vẫn đang thẩm tra hồ sơ này."


def district_there(facts: DossierFacts) -> str | None:
    if not facts.district_gone:
        return None
    return "Từ ngày 01/7/2025 không còn bước thẩm tra của cấp huyện."


def duties_assigned(facts: DossierFacts) -> tuple[str, ...]:
    return facts.duties_unmet


def appraisals_given(facts: DossierFacts) -> str | None:
    if facts.appraisals == 0:
        return "Chưa giao thẩm định."
    if facts.appraisals_open:
        return f"Còn {facts.appraisals_open} cơ quan chưa có ý kiến thẩm định."
    return None


def criteria_met(facts: DossierFacts) -> tuple[str, ...]:
    return facts.criteria_failed


def criteria_not_met(facts: DossierFacts) -> str | None:
    if facts.criteria_failed or facts.conditions_unmet:
        return None
    return "Không có tiêu chí, điều kiện nào chưa đạt."


def supplement_asked(facts: DossierFacts) -> str | None:
    if facts.criteria_returned:
        return None
    return "Không có tiêu chí nào được yêu cầu bổ sung minh chứng."


def conditions_met(facts: DossierFacts) -> tuple[str, ...]:
    return facts.conditions_unmet


def council_named(facts: DossierFacts) -> str | None:
    return None if facts.council_named else "Chưa chọn Hội đồng cho hồ sơ này."


def quorum_met(facts: DossierFacts) -> str | None:
    return facts.quorum_unmet


def _outcome(outcome: Outcome, sentence: str) -> Guard[DossierFacts]:
    def guard(facts: DossierFacts) -> str | None:
        return None if facts.outcome == outcome else sentence

    return guard


def _paper(part: str) -> Guard[DossierFacts]:
    def guard(facts: DossierFacts) -> str | None:
        return facts.papers[part]

    return guard


GUARDS: Final[Mapping[str, Guard[DossierFacts]]] = MappingProxyType(
    {
        **{
            guard.__name__: guard
            for guard in (
                answers_given,
                consultation_reported,
                meeting_minuted,
                complete,
                evidence_sound,
                district_takes_part,
                no_district_takes_part,
                district_gone,
                district_there,
                duties_assigned,
                appraisals_given,
                criteria_met,
                criteria_not_met,
                supplement_asked,
                conditions_met,
                council_named,
                quorum_met,
            )
        },
        "vote_passed": _outcome("passed", "Hội đồng không thông qua theo tỷ lệ quy định."),
        "vote_failed": _outcome("failed", "Hội đồng đã thông qua theo tỷ lệ quy định."),
        "rated_for_province": _outcome(
            "province", "Kết quả chấm điểm không thuộc hạng do tỉnh công nhận."
        ),
        "rated_for_centre": _outcome("centre", "Kết quả chấm điểm chưa đến hạng phải chuyển."),
        "rated_for_nobody": _outcome("nobody", "Kết quả chấm điểm đủ hạng để công nhận."),
        **{
            f"{part}_issued": _paper(part)
            for part in (
                "district_report",
                "supplement_request",
                "appraisal_report",
                "council_minutes",
                "proposal",
                "decision",
                "notice",
                "forwarding",
                "central_decision",
            )
        },
    }
)

EFFECTS: Final = frozenset(
    {
        "amend_contents",  # answers and evidence; done without a move, for there are thousands
        "record_submission",  # submitted_at, the first time
        "record_acceptance",  # complete, as the office found it
        "record_supplement",  # what was asked for is there
        "record_reason",  # the payload's reason is mandatory and kept
        "open_appraisals",  # a child case for each department, and in it for each criterion
        "withdraw_appraisals",  # what is still open of them
        "name_session",  # which council it comes before
        "open_session",  # the council's ballots may be cast
        "close_session",  # and no more
        "record_recognition",  # the decision's document is the recognition
        "record_publication",
        "record_revocation",  # the withdrawal review's decision
    }
)


def _opener(facts: DossierFacts) -> Holder:
    return Holder(person_id=facts.opened_by)


HOLDERS: Final[Mapping[str, Callable[[DossierFacts], Holder]]] = MappingProxyType(
    {"opener": _opener}
)

_COMPLETE = frozenset({"complete"})
_APPRAISED = frozenset({"appraisals_given", "evidence_sound"})
_VOTED = tuple(
    frozenset({"close_session", "quorum_met", said})
    for said in ("vote_passed", "rated_for_province", "rated_for_centre")
)

PROPERTIES: Final = (
    Property(
        "complete_before_appraisal",
        "Không được giao thẩm định hồ sơ chưa đủ thành phần.",
        "open_appraisals",
        (_COMPLETE,),
        frozenset({"supplementing"}),
    ),
    # QĐ 18/2022/QĐ-TTg: appraised by departments, then voted on by the council.
    Property(
        "appraised_before_vote",
        "Hội đồng không được bỏ phiếu khi chưa thẩm định xong.",
        "open_session",
        (_APPRAISED,),
        frozenset({"open_appraisals"}),
    ),
    Property(
        "appraised_before_recognition",
        "Không được công nhận khi chưa thẩm định xong.",
        "record_recognition",
        (_APPRAISED,),
        frozenset({"open_appraisals"}),
    ),
    Property(
        "voted_before_recognition",
        "Không được công nhận khi Hội đồng chưa thông qua.",
        "record_recognition",
        _VOTED,
        frozenset({"open_session", "open_appraisals"}),
    ),
    Property(
        "decided_in_writing",
        "Chỉ được công nhận bằng quyết định đã phát hành, trên hồ sơ còn giá trị.",
        "record_recognition",
        (
            frozenset({"record_recognition", "decision_issued", "evidence_sound"}),
            frozenset({"record_recognition", "central_decision_issued", "evidence_sound"}),
        ),
        frozenset({"record_recognition"}),
    ),
    Property(
        "recognised_before_publication",
        "Không được công bố khi chưa có quyết định công nhận.",
        "record_publication",
        (frozenset({"record_recognition"}),),
    ),
    Property(
        "recognised_before_revocation",
        "Không được thu hồi khi chưa công nhận.",
        "record_revocation",
        (frozenset({"record_recognition"}),),
    ),
)

CATALOGUE: Final = Catalogue(
    guards=GUARDS,
    effects=EFFECTS,
    deadlines=frozenset(
        {
            "DOSSIER_CHECK",
            "DOSSIER_SUPPLEMENT",
            "DOSSIER_APPRAISE",
            "DOSSIER_DECIDE",
            "DOSSIER_PUBLISH",
        }
    ),
    # QĐ 18/2022/QĐ-TTg names the stages; how many days each has, the kind says.
    required_deadlines=(
        RequiredDeadline("DOSSIER_CHECK", "record_acceptance"),
        RequiredDeadline("DOSSIER_SUPPLEMENT", "record_supplement"),
        RequiredDeadline("DOSSIER_APPRAISE", "open_appraisals"),
        RequiredDeadline("DOSSIER_DECIDE", "open_session"),
        # The centre's own time is not the province's.
        RequiredDeadline(
            "DOSSIER_DECIDE", "record_recognition", frozenset({"central_decision_issued"})
        ),
        RequiredDeadline("DOSSIER_PUBLISH", "record_publication"),
    ),
    properties=PROPERTIES,
    parties=frozenset({"applicant", "district", "office", "province"}),
    holders=HOLDERS,
)
