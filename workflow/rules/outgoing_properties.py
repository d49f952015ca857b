"""Outgoing documents: what the office may be asked to do, and what no definition may leave out."""

from __future__ import annotations

from typing import Final

from workflow.rules.machine_checks import Catalogue, Property, RequiredDeadline
from workflow.rules.outgoing import GUARDS, HOLDERS

EFFECTS: Final = frozenset(
    {
        "prepare_fields",  # reserve number, date and signature fields before the first digest
        "record_content_check",  # bound to the content's digest
        "record_approval",  # bound to the content's digest
        "record_format_check",  # bound to the content's digest
        "record_reason",  # the payload's reason is mandatory and kept
        "record_signing_intent",  # before the person's key is used
        "record_seal_intent",  # before the agency's key is used
        "abandon_intent",  # no key was used, or what it made is not recorded
        "store_personal_signature",  # the signed bytes and the report over them
        "store_agency_signature",  # the sealed bytes and the report over them
        "allocate_number",  # number and date, from the series
        "void_number",  # the number stays in the register with its reason
        "issue_document",  # issued_at; electronic recipients are sent to
        "apply_to_original",  # fire correct, amend, replace or recall on the document it names
        "record_dispatch",  # channel and time of one recipient
        "file_document",  # into a hồ sơ công việc
        "link_successor",  # the document that corrected, amended, replaced or recalled this one
        "freeze_document",  # nobody changes it or its metadata any more
    }
)

# In this state the bytes may change, and what was said about the old ones is void (Art. 11.2).
_REDRAFTED = frozenset({"drafting"})
_CONTENT_CHECKED = frozenset({"record_content_check", "checker_heads_unit"})
_APPROVED = frozenset({"record_approval", "approver_is_not_drafter", "approver_is_competent"})
_FORMAT_CHECKED = frozenset({"record_format_check", "checker_is_charged"})
_SIGNED = frozenset({"store_personal_signature", "signatures_hold", "no_signer_remains"})
_SEALED = frozenset({"store_agency_signature", "seal_holds", "files_sealed", "number_in_bytes"})

# Acts whose conditions must hold in the bytes as they are, each time, on the very step.
_BOUND_ACTS = (
    # Art. 11.2
    (
        "reviews_hold_at_signing",
        "Chỉ được ký đúng nội dung đã được kiểm tra và duyệt.",
        "record_signing_intent",
        frozenset({"content_checked", "approved", "format_checked"}),
    ),
    # Art. 32.2.d
    (
        "signatures_hold_at_seal",
        "Chỉ được ký số của cơ quan trên tệp có chữ ký số cá nhân còn hợp lệ.",
        "record_seal_intent",
        frozenset({"signatures_hold", "no_signer_remains", "number_given"}),
    ),
    # Art. 15.1, 5.2
    (
        "bytes_hold_at_issue",
        "Chỉ được phát hành tệp có chữ ký hợp lệ và số khớp với sổ đăng ký.",
        "issue_document",
        frozenset({"signatures_hold", "no_signer_remains", "number_in_bytes"}),
    ),
)

_REVIEWS = (
    # Art. 12.1
    (
        "content_checked",
        "người đứng đầu đơn vị soạn thảo chưa kiểm tra nội dung",
        _CONTENT_CHECKED,
    ),
    # Art. 11.1
    ("approved", "người có thẩm quyền, không phải người soạn thảo, chưa duyệt", _APPROVED),
    # Art. 12.2
    ("format_checked", "chưa kiểm tra thể thức, kỹ thuật trình bày", _FORMAT_CHECKED),
)
_REVIEWED_ACTS = (
    # Art. 11-12 come before Art. 13 and 15, in whichever order among themselves.
    ("signing", "ký", "record_signing_intent"),
    ("numbering", "cấp số", "allocate_number"),
    ("issue", "phát hành", "issue_document"),
)

PROPERTIES: Final = (
    *(
        Property(
            f"{review}_before_{act}",
            f"Không được {verb} khi {missing}.",
            target,
            (needs,),
            _REDRAFTED,
        )
        for review, missing, needs in _REVIEWS
        for act, verb, target in _REVIEWED_ACTS
    ),
    *(
        Property(name, sentence, target, (needs | {target},), lost_by=frozenset({target}))
        for name, sentence, target, needs in _BOUND_ACTS
    ),
    # Art. 13, 32.3: each signs himself, when it is his turn.
    Property(
        "signed_in_person",
        "Chỉ người có thẩm quyền, đến lượt mình, được ký số cá nhân.",
        "store_personal_signature",
        (frozenset({"record_signing_intent", "signer_is_next", "signer_is_competent"}),),
        frozenset({"drafting", "abandon_intent"}),
    ),
    # Art. 5.1, 13
    Property(
        "signed_before_issue",
        "Không được phát hành khi thiếu chữ ký số cá nhân của người có thẩm quyền.",
        "issue_document",
        (_SIGNED,),
        _REDRAFTED,
    ),
    # Art. 32.2.d: the agency signs only what the competent person has signed.
    Property(
        "signed_before_seal",
        "Không được ký số của cơ quan khi thiếu chữ ký số cá nhân của người có thẩm quyền.",
        "record_seal_intent",
        (_SIGNED,),
        _REDRAFTED,
    ),
    # Art. 15.2-3: only an electronic document may be numbered before it is signed.
    Property(
        "paper_numbered_after_signing",
        "Văn bản giấy không được cấp số trước khi ký.",
        "allocate_number",
        (_SIGNED, frozenset({"electronic"})),
        _REDRAFTED,
    ),
    # Art. 14.1, 15
    Property(
        "numbered_before_issue",
        "Không được phát hành khi chưa cấp số.",
        "issue_document",
        (frozenset({"allocate_number"}),),
        frozenset({"void_number"}),
    ),
    # Art. 32.2.c: in person, by the keeper of the key, who is not a signer.
    Property(
        "sealed_in_person",
        "Chỉ người trực tiếp giữ khóa, không phải người ký, được ký số của cơ quan.",
        "store_agency_signature",
        (frozenset({"record_seal_intent", "actor_has_custody", "sealer_is_not_signer"}),),
        frozenset({"drafting", "abandon_intent"}),
    ),
    # Art. 14.3, 17.2; PL3 1.9 where the type leaves the seal open
    Property(
        "sealed_before_issue",
        "Không được phát hành khi thiếu chữ ký số cơ quan.",
        "issue_document",
        (_SEALED, frozenset({"seal_not_required"})),
        _REDRAFTED,
    ),
)

REQUIRED_DEADLINES: Final = (
    # Art. 15.2 speaks of paper; a step that admits electronic documents only is free of it.
    RequiredDeadline("OUT_NUMBER_PAPER", "allocate_number", frozenset({"electronic"})),
    # Art. 18.1: the văn thư's whole procedure, the seal included, and the issue itself.
    RequiredDeadline("OUT_ISSUE", "record_seal_intent"),
    RequiredDeadline("OUT_ISSUE", "issue_document"),
    # QĐ 28/2018/QĐ-TTg
    RequiredDeadline("OUT_SEND_EDOC", "record_dispatch"),
)

CATALOGUE: Final = Catalogue(
    guards=GUARDS,
    effects=EFFECTS,
    deadlines=frozenset({"OUT_NUMBER_PAPER", "OUT_ISSUE", "OUT_SEND_EDOC"}),
    required_deadlines=REQUIRED_DEADLINES,
    properties=PROPERTIES,
    holders=HOLDERS,
)
