"""Councils (Hội đồng): how one is made up, and what a ballot may say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from workflow.rules.kinds import Kind, Rule

#: What somebody sits in a council as, in the order in which minutes list them.
PART_LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "chair": "Chủ tịch Hội đồng",
        "vice_chair": "Phó Chủ tịch Hội đồng",
        "secretary": "Thư ký Hội đồng",
        "member": "Ủy viên",
    }
)
#: Fewer could not disagree and still decide. No text was found: ours.
FEWEST = 3

CHOICE_LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {"agree": "Đồng ý", "disagree": "Không đồng ý", "blank": "Không có ý kiến"}
)
#: The choice that a ballot of points is kept under.
RATED: Final = "rated"

Errors = list[tuple[str, str]]
"""JSON pointers, each with its sentence."""


def composition_errors(members: Sequence[tuple[object, str]]) -> Errors:
    """Everything that keeps these persons, each with a part, from being a council."""
    errors: Errors = []
    persons = [person for person, _ in members]
    parts = [part for _, part in members]
    for position, (person, part) in enumerate(members):
        if part not in PART_LABELS:
            labels = ", ".join(PART_LABELS)
            errors.append((f"/members/{position}/part", f"Phải là một trong: {labels}."))
        if person in persons[:position]:
            errors.append((f"/members/{position}/person_id", "Mỗi người chỉ được nêu một lần."))
    if len(set(persons)) < FEWEST:
        errors.append(("/members", f"Hội đồng phải có ít nhất {FEWEST} thành viên."))
    if parts.count("chair") != 1:
        errors.append(("/members", "Hội đồng phải có đúng một Chủ tịch."))
    # ND 30/2020 Annex III form 1.9: minutes are signed by the secretary and the chair.
    if "secretary" not in parts:
        errors.append(("/members", "Hội đồng phải có thư ký."))
    return errors


def ballot_errors(kind: Kind, choice: str | None, points: Mapping[str, int] | None) -> Errors:
    """What is wrong with a ballot on a dossier of this kind: a choice, or points for every
    criterion that is rated."""
    if kind.rule is Rule.POINTS:
        errors: Errors = []
        if choice is not None:
            errors.append(("/choice", "Hồ sơ này được chấm điểm, không biểu quyết."))
        if points is None:
            return [*errors, ("/points", "Phải chấm điểm các tiêu chí.")]
        return errors + _points_errors(kind, points)
    if points is not None:
        return [("/points", "Hồ sơ này được biểu quyết, không chấm điểm.")]
    if choice not in CHOICE_LABELS:
        return [("/choice", f"Phải là một trong: {', '.join(CHOICE_LABELS)}.")]
    return []


def _points_errors(kind: Kind, points: Mapping[str, int]) -> Errors:
    most = {criterion.code: criterion.points or 0 for criterion in kind.leaves}
    errors = [(f"/points/{code}", "Không có tiêu chí này.") for code in points if code not in most]
    for code, limit in most.items():
        if code not in points:
            errors.append((f"/points/{code}", "Chưa chấm điểm tiêu chí này."))
        elif not 0 <= points[code] <= limit:
            errors.append((f"/points/{code}", f"Điểm phải từ 0 đến {limit}."))
    return errors
