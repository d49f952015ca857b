"""Who is in the development office: titles of posts instead of invented names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from workflow.organisations import Description
from workflow.rules.numbering import SeriesRule

#: The day communes and provinces became the only two tiers of local government.
SINCE = date(2025, 7, 1)
#: Decisions are numbered apart, everything else in one series.
SERIES = (SeriesRule("quyet_dinh", frozenset({"quyet_dinh"})), SeriesRule("chung"))
#: The decree names no number of days (ND 30/2020 Art. 24.2); this stands for a regulation.
RESOLVE_DAYS = 5


@dataclass(frozen=True)
class Person:
    username: str
    full_name: str
    title: str
    roles: tuple[str, ...]
    unit: str | None = None
    heads: bool = False
    signs: bool = True


@dataclass(frozen=True)
class Issuer:
    kind: str
    name: str
    symbol: str


@dataclass(frozen=True)
class Mandate:
    """Who signs for whom: `issuer` is a symbol, the people are usernames."""

    issuer: str
    person: str
    capacity: str
    basis: str
    text: str
    by: str | None = None


@dataclass(frozen=True)
class Seat:
    description: Description
    copying: str | None = None
    units: Mapping[str, str] = field(default_factory=dict)  # symbol: name
    issuers: tuple[Issuer, ...] = ()
    people: tuple[Person, ...] = ()
    mandates: tuple[Mandate, ...] = ()


COPYING = "Quyết định giao thẩm quyền sao văn bản (dữ liệu phát triển)"
_HEAD = "Người đứng đầu theo quyết định bổ nhiệm (dữ liệu phát triển)"
_FIELD = "Lĩnh vực được phân công theo quy chế làm việc (dữ liệu phát triển)"

_PROVINCE = Seat(
    Description("H56", "UBND tỉnh Mẫu", "province", "Mẫu"),
    copying=COPYING,
    units={"VP": "Văn phòng UBND tỉnh", "KTN": "Phòng Kinh tế ngành"},
    issuers=(
        Issuer("UBND", "Ủy ban nhân dân tỉnh Mẫu", "UBND"),
        Issuer("CHU_TICH", "Chủ tịch Ủy ban nhân dân tỉnh Mẫu", "CTUBND"),
    ),
    people=(
        Person("tinh.chutich", "Chủ tịch tỉnh Mẫu", "Chủ tịch", ("leader",)),
        # Presides over the council; what the council decides is signed by others.
        Person(
            "tinh.phochutich", "Phó Chủ tịch tỉnh Mẫu", "Phó Chủ tịch", ("leader",), signs=False
        ),
        Person("tinh.vanthu", "Văn thư tỉnh Mẫu", "Văn thư", ("clerk",), "VP", signs=False),
        Person(
            "tinh.truongphong",
            "Trưởng phòng Kinh tế ngành tỉnh Mẫu",
            "Trưởng phòng",
            ("unit_head",),
            "KTN",
            heads=True,
            signs=False,
        ),
        Person(
            "tinh.chuyenvien",
            "Chuyên viên tỉnh Mẫu",
            "Chuyên viên",
            ("specialist",),
            "KTN",
            signs=False,
        ),
        Person(
            "tinh.thethuc",
            "Người kiểm tra thể thức tỉnh Mẫu",
            "Chuyên viên",
            ("format_checker",),
            "VP",
            signs=False,
        ),
        Person(
            "tinh.quantri",
            "Quản trị hệ thống tỉnh Mẫu",
            "Quản trị hệ thống",
            ("administrator",),
            signs=False,
        ),
    ),
    mandates=(
        Mandate("UBND", "tinh.chutich", "TM", "head", _HEAD),
        Mandate("CTUBND", "tinh.chutich", "", "head", _HEAD),
    ),
)

_COORDINATION = Seat(
    Description("H56.MAU.01", "Văn phòng Điều phối nông thôn mới tỉnh", "office", "Mẫu"),
    copying=COPYING,
    units={"TH": "Phòng Tổng hợp", "NV": "Phòng Nghiệp vụ"},
    issuers=(Issuer("AGENCY", "Văn phòng Điều phối nông thôn mới tỉnh", "VPĐP"),),
    people=(
        Person("vpdp.chanhvp", "Chánh Văn phòng Điều phối", "Chánh Văn phòng", ("leader",)),
        Person(
            "vpdp.vanthu",
            "Văn thư Văn phòng Điều phối",
            "Văn thư",
            ("clerk", "format_checker", "follow_up"),
            "TH",
        ),
        Person(
            "vpdp.truongphong",
            "Trưởng phòng Nghiệp vụ Văn phòng Điều phối",
            "Trưởng phòng",
            ("unit_head",),
            "NV",
            heads=True,
        ),
        Person(
            "vpdp.chuyenvien",
            "Chuyên viên Văn phòng Điều phối",
            "Chuyên viên",
            ("specialist",),
            "NV",
        ),
        Person(
            "vpdp.quantri",
            "Quản trị hệ thống Văn phòng Điều phối",
            "Quản trị hệ thống",
            ("administrator",),
            "TH",
            signs=False,
        ),
    ),
    mandates=(Mandate("VPĐP", "vpdp.chanhvp", "", "head", _HEAD),),
)

_COMMUNE = Seat(
    Description("H56.MAU.02", "UBND xã Mẫu", "commune", "Mẫu"),
    copying=COPYING,
    units={"VP": "Văn phòng HĐND và UBND", "KT": "Phòng Kinh tế"},
    issuers=(
        Issuer("UBND", "Ủy ban nhân dân xã Mẫu", "UBND"),
        Issuer("HDND", "Hội đồng nhân dân xã Mẫu", "HĐND"),
        Issuer("CHU_TICH", "Chủ tịch Ủy ban nhân dân xã Mẫu", "CTUBND"),
    ),
    people=(
        Person("xa.chutich", "Chủ tịch xã Mẫu", "Chủ tịch", ("leader",)),
        Person("xa.phochutich", "Phó Chủ tịch xã Mẫu", "Phó Chủ tịch", ("leader",)),
        Person("xa.chutichhdnd", "Chủ tịch HĐND xã Mẫu", "Chủ tịch HĐND", ("leader",)),
        Person("xa.vanthu", "Văn thư xã Mẫu", "Văn thư", ("clerk",), "VP"),
        Person(
            "xa.truongphong",
            "Trưởng phòng Văn phòng xã Mẫu",
            "Chánh Văn phòng",
            ("unit_head",),
            "VP",
            heads=True,
        ),
        Person("xa.chuyenvien", "Chuyên viên xã Mẫu", "Chuyên viên", ("specialist",), "VP"),
        Person(
            "xa.kinhte",
            "Trưởng phòng Kinh tế xã Mẫu",
            "Trưởng phòng Kinh tế",
            ("unit_head",),
            "KT",
            heads=True,
        ),
        Person(
            "xa.thethuc",
            "Người kiểm tra thể thức xã Mẫu",
            "Chuyên viên",
            ("format_checker",),
            "VP",
        ),
        Person("xa.theodoi", "Người theo dõi, đôn đốc xã Mẫu", "Chuyên viên", ("follow_up",), "VP"),
        Person("xa.kiemtoan", "Kiểm toán viên xã Mẫu", "Giám sát", ("auditor",), signs=False),
        Person(
            "xa.quantri",
            "Quản trị hệ thống xã Mẫu",
            "Quản trị hệ thống",
            ("administrator",),
            "VP",
            signs=False,
        ),
    ),
    mandates=(
        Mandate("UBND", "xa.chutich", "TM", "head", _HEAD),
        Mandate("CTUBND", "xa.chutich", "", "head", _HEAD),
        Mandate("HĐND", "xa.chutichhdnd", "TM", "head", _HEAD),
        Mandate("UBND", "xa.phochutich", "TM+KT", "assigned_field", _FIELD, "xa.chutich"),
        Mandate("CTUBND", "xa.phochutich", "KT", "assigned_field", _FIELD, "xa.chutich"),
    ),
)


def _department(
    description: Description,
    prefix: str,
    symbol: str,
    units: Mapping[str, str],
    appraisers: Mapping[str, str],
) -> Seat:
    """A department of the province: its head signs, its clerk seals, its first unit appraises.

    `appraisers` are usernames after the prefix, with their posts.
    """
    name, unit = description.name, next(iter(units))
    return Seat(
        description,
        units=units,
        issuers=(Issuer("AGENCY", name, symbol),),
        people=(
            Person(f"{prefix}.giamdoc", f"Giám đốc {name}", "Giám đốc", ("leader",)),
            Person(
                f"{prefix}.vanthu",
                f"Văn thư {name}",
                "Văn thư",
                ("clerk", "format_checker", "follow_up"),
                "VP",
                signs=False,
            ),
            Person(
                f"{prefix}.truongphong",
                f"Trưởng phòng nghiệp vụ {name}",
                "Trưởng phòng",
                ("unit_head",),
                unit,
                heads=True,
                signs=False,
            ),
            *(
                Person(
                    f"{prefix}.{username}",
                    f"{post} {name}",
                    post,
                    ("specialist", "appraiser"),
                    unit,
                    signs=False,
                )
                for username, post in appraisers.items()
            ),
        ),
        mandates=(Mandate(symbol, f"{prefix}.giamdoc", "", "head", _HEAD),),
    )


_AGRICULTURE = _department(
    Description("H56.MAU.03", "Sở Nông nghiệp và Môi trường", "department", "Mẫu"),
    "sonnmt",
    "SNNMT",
    {"PTNT": "Phòng Phát triển nông thôn", "VP": "Văn phòng Sở"},
    {"chuyenvien": "Chuyên viên", "thamdinh": "Chuyên viên chính"},
)

_TECHNOLOGY = _department(
    Description("H56.MAU.04", "Sở Khoa học và Công nghệ", "department", "Mẫu"),
    "sokhcn",
    "SKHCN",
    {"CDS": "Phòng Chuyển đổi số", "VP": "Văn phòng Sở"},
    {"chuyenvien": "Chuyên viên"},
)

SEATS = (_PROVINCE, _COORDINATION, _COMMUNE, _AGRICULTURE, _TECHNOLOGY)


def everybody() -> Iterator[tuple[Seat, Person]]:
    """Every person with the seat they belong to."""
    for seat in SEATS:
        for person in seat.people:
            yield seat, person
