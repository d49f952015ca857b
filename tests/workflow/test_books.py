"""The books of Annexes IV, V and VI: every number in its place, nothing cut, nothing run."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any, BinaryIO
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import event, select, update

from benchmarks.books import fill
from tests.workflow import test_delivery as delivery
from tests.workflow.desk import CLERK, HEAD, LEADER, OFFICE, SPECIALIST, Desk
from tests.workflow.outgoing_trip import Trip
from tests.workflow.reading_books import pages, sheets
from workflow import circulation, filing, issuing, organisations, registration
from workflow.access import access_chain
from workflow.books import Asked, Form, write_book, write_contents
from workflow.books.opened import BATCH
from workflow.circulation import Handler
from workflow.records import Incoming, Issuer, JournalEntry, Outgoing, RegisterEntry
from workflow.rules import journal
from workflow.rules.books import BOOKS, DESTROYED, FILE_CONTENTS
from workflow.rules.errors import Forbidden, GuardsUnmet, Invalid, NotFound
from workflow.rules.fields import INCOMING, OUTGOING

YEAR = "2026"
EVIL = '=HYPERLINK("http://x","{number}")'


@pytest.fixture
def issuer(desk: Desk) -> uuid.UUID:
    return desk.one(Issuer, Issuer.symbol == "UBND", Issuer.organisation_id == desk.commune).id


def written(
    desk: Desk, book: str, form: Form, period: str, *, by: str = CLERK, **asked: Any
) -> BinaryIO:
    """A book of the commune, or of the organisation that is named."""
    wanted = Asked(asked.pop("organisation_id", desk.commune), book, period, **asked)
    return write_book(desk.office, desk.actor(by), wanted, form).file


def table(desk: Desk, book: str, period: str, **asked: Any) -> list[list[Any]]:
    """The rows of a book, out of its XLSX."""
    with written(desk, book, Form.XLSX, period, **asked) as file:
        return sheets(file)[0].below(BOOKS[book].columns[0].title)


def xml(desk: Desk, book: str, period: str, **asked: Any) -> ET.Element:
    with written(desk, book, Form.XML, period, **asked) as file:
        return ET.fromstring(file.read())  # noqa: S314  our own


def looks(desk: Desk) -> list[journal.Entry]:
    """The commune's access chain."""
    with desk.office.reading(None) as reading:
        rows = reading.session.scalars(
            select(JournalEntry.content)
            .where(JournalEntry.chain == access_chain(desk.commune))
            .order_by(JournalEntry.sequence)
        ).all()
    return [journal.parse(row) for row in rows]


def this_year(desk: Desk) -> str:
    return str(desk.office.clock().year)


def test_a_recalled_documents_number_and_day_stay_and_its_content_does_not(
    desk: Desk, issuer: uuid.UUID
) -> None:
    """Frozen and told of at the issuer, destroyed at the receiver (Annex VI part I, III.8)."""
    sent, came = delivery.delivered(desk)
    clerk, there = delivery.THEIR_CLERK, desk.seat(OFFICE)
    desk.do(clerk, registration.register, came, desk.case(came).version)
    year = this_year(desk)
    before = table(desk, "incoming-register", year, organisation_id=there, by=clerk)
    assert before[0][5] == "Báo cáo: Báo cáo kết quả xây dựng nông thôn mới"
    work_file = desk.do(
        clerk, filing.open_work_file, there, notation="01.VP", title="Hồ sơ", retention="5 năm"
    )
    desk.do(clerk, filing.add_document, work_file.id, came)
    notice = delivery.recall(desk, sent)
    desk.run_jobs()
    told = desk.one(RegisterEntry, RegisterEntry.document_id == notice)
    words = f"văn bản {told.code} ngày {told.entered_on:%d/%m/%Y}"

    first, second = table(desk, "outgoing-register", year, issuer_id=issuer)
    assert first[2] == "Báo cáo: Báo cáo kết quả xây dựng nông thôn mới"
    assert first[6:] == [1, told.entered_on, "Hệ thống báo nhận 1/1", f"Đã thu hồi theo {words}"]
    assert second[0] == told.code

    there_now = {"organisation_id": there, "by": clerk}
    row = table(desk, "incoming-register", year, **there_now)[0]
    assert row[:6] == [told.entered_on, 1, *[DESTROYED] * 4]
    assert row[9] == f"Nơi gửi thu hồi bằng {words}."
    assert table(desk, "handling-register", year, **there_now)[0][:2] == [1, DESTROYED]
    report = table(desk, "incoming-report", year, **there_now)
    assert report[-1][:7] == ["Tổng cộng", 1, 0, 0, 0, 0, 1]

    document = xml(desk, "incoming-register", year, **there_now)[0]
    assert document.findtext("ArrivalNumber") == "1"
    assert "Đã hủy theo thu hồi" in (document.findtext("Description") or "")
    kept = {child.tag for child in document}
    assert kept.isdisjoint({"TypeName", "CodeNumber", "IssuedDate", "OrganName", "Subject"})
    with write_contents(desk.office, desk.actor(clerk), work_file.id, Form.XLSX).file as file:
        (line,) = sheets(file)[0].below("STT")
    assert line[1:5] == [DESTROYED] * 4


def test_the_outgoing_register_keeps_what_was_voided_with_its_reason(
    desk: Desk, issuer: uuid.UUID
) -> None:
    trip = Trip(desk.office, desk.actor).draft().checked().sign().number()
    trip.act(
        CLERK,
        lambda tx, seen: issuing.void_number(
            tx, trip.document_id, seen.case.version, "Nhầm loại văn bản"
        ),
    )
    year = this_year(desk)
    (row,) = table(desk, "outgoing-register", year, issuer_id=issuer)
    entry = desk.one(RegisterEntry)
    assert row == [
        "01/QĐ-UBND",
        entry.entered_on,
        "Quyết định: Về việc thử",
        desk.actor(LEADER).full_name,
        "Sở Nội vụ",
        "Văn thư",
        None,
        None,
        None,
        "Đã hủy số: Nhầm loại văn bản",
    ]
    document = xml(desk, "outgoing-register", year, issuer_id=issuer)[0]
    assert document.findtext("Description") == "Đã hủy số: Nhầm loại văn bản"
    assert document.findtext("SignerInfo/Position")
    assert document.attrib["unfilled"] == "DocOrdinal PageAmount To/OrganId"
    with written(desk, "outgoing-register", Form.PDF, year, issuer_id=issuer) as file:
        text = " ".join(pages(file))
    assert "Sổ có 1 số đã cấp, trong đó 1 số đã hủy." in text
    report = table(desk, "outgoing-report", year)
    assert report[-1] == ["Tổng cộng", 1, 0, 0, 0, 0, 1, 0, None]


def test_an_arrivals_way_is_told_in_its_registers(desk: Desk) -> None:
    first = desk.registered(subject="Đơn đề nghị", sender_name="Ông A", code=None)
    again = desk.letter(subject="=1+1", sender_name="Ông A", code="5/ĐN", dated_on=date(2026, 1, 5))
    desk.do(CLERK, registration.register, again, desk.case(again).version)
    desk.do(CLERK, circulation.submit, first, desk.case(first).version, None)
    lead = Handler("lead", person_id=desk.actor(SPECIALIST).person_id, instruction="Tham mưu")
    desk.do(LEADER, circulation.assign, first, desk.case(first).version, [lead], "Giao")
    year = this_year(desk)
    rows = table(desk, "incoming-register", year)
    today = desk.one(RegisterEntry, RegisterEntry.document_id == first).entered_on
    name = desk.actor(SPECIALIST).full_name
    assert rows[0] == [today, 1, "Ông A", None, None, "Đơn đề nghị", name, today, None, None]
    assert rows[1][:6] == [today, 2, "Ông A", "5/ĐN", date(2026, 1, 5), "=1+1"]
    (followed, _) = table(desk, "handling-register", year)
    assert followed[:3] == [1, "Ông A", name]
    assert followed[3] is not None
    assert followed[4] == "Đang giải quyết"
    one, two = xml(desk, "incoming-register", year)
    trace = (one.findtext("TraceHeaderList") or "").splitlines()
    assert trace[0] == f"Chỉ đạo: {name}: Tham mưu"
    assert any(line.endswith("Cho ý kiến chỉ đạo, giao xử lý: Giao") for line in trace)
    assert (two.findtext("CodeNumber"), two.findtext("CodeNotation")) == ("05", "ĐN")
    assert one.find("CodeNotation") is None

    # The lead's person serves in a unit; what nobody leads yet is told as such.
    counted = {row[0]: row[1:7] for row in table(desk, "incoming-report", year)}
    assert counted["Chưa giao chủ trì"] == [1, 0, 0, 1, 0, 0]
    assert counted["Tổng cộng"] == [2, 0, 0, 2, 0, 0]
    assert len(counted) == 3


def test_what_is_late_today_is_listed_and_counted(desk: Desk, clock: Any) -> None:
    document_id = desk.registered(subject="Đơn đề nghị")
    clock.advance(timedelta(days=40))
    year = str(desk.one(RegisterEntry).year)
    with written(desk, "incoming-report", Form.XLSX, year) as file:
        by_unit, by_type, late = sheets(file)
    assert by_unit.below("Đơn vị chủ trì giải quyết")[-1][5] == 1
    assert by_type.below("Loại văn bản")[-1][5] == 1
    ((number, _, _, subject, holder, due_on, days),) = late.below("Số đến")
    assert (number, subject, holder) == (1, "Đơn đề nghị", "Chưa giao")
    due_at = desk.case(document_id).due_at
    assert due_at is not None
    assert due_on == (due_at + timedelta(hours=7)).date()
    assert days == (desk.office.clock() + timedelta(hours=7)).date().toordinal() - (
        due_on.toordinal()
    )
    tables = xml(desk, "incoming-report", year)
    assert [one.get("title", "")[:2] for one in tables] == ["I.", "II", "II"]
    assert tables[2].findtext("Row/DaysLate") == str(days)


def test_a_registers_year_is_the_year_of_the_documents_date(desk: Desk) -> None:
    """Numbered on 31/12 and issued in January: it stays in the old year's book."""
    days = [date(2025, 12, 30), date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 2)]
    issuer = fill(desk.office, days)
    for book, column in (("outgoing-register", 1), ("incoming-register", 0)):
        for period, wanted in (
            ("2025", days[:2]),
            ("2026", days[2:]),
            ("2025-12", days[:2]),
            ("2026-01", days[2:]),
            ("2026-Q1", days[2:]),
            ("2025-Q3", []),
            ("2019", []),
        ):
            rows = table(desk, book, period, issuer_id=issuer)
            assert [row[column] for row in rows] == wanted, (book, period)
    (_, sent) = table(desk, "outgoing-register", "2025", issuer_id=issuer)
    assert sent[0] == "02/QĐ-UBND"


@pytest.mark.parametrize("form", Form)
def test_what_looks_like_a_formula_is_text(desk: Desk, form: Form) -> None:
    issuer = fill(desk.office, [date(2026, 5, 4)], subject=EVIL)
    said = EVIL.format(number=1)
    with desk.office.database.write() as session:
        session.execute(update(Incoming).values(sender_name=said))
        session.execute(update(Outgoing).values(archived_by=said))
        session.commit()
    for book in ("outgoing-register", "incoming-register"):
        with written(desk, book, form, YEAR, issuer_id=issuer) as file:
            if form is Form.XLSX:
                (sheet,) = sheets(file)
                assert sheet.formulas == 0
                cells = [cell for row in sheet.rows for cell in row]
                assert said in cells  # from its first sign on
                assert sum(said in str(cell) for cell in cells) == 2
            elif form is Form.XML:
                assert ET.fromstring(file.read())[0].findtext("Subject") == said  # noqa: S314
            else:
                assert said.replace(" ", "") in "".join(pages(file)).replace(" ", "")


@pytest.mark.parametrize(
    ("dated_on", "cell"),
    [
        (date(1, 1, 1), "01/01/0001"),  # a slip of the clerk's must not cost the book
        (date(1900, 2, 28), "28/02/1900"),
        (date(1900, 3, 1), date(1900, 3, 1)),
    ],
)
def test_a_day_that_a_spreadsheet_cannot_count_is_written_out(
    desk: Desk, dated_on: date, cell: str | date
) -> None:
    fill(desk.office, [date(2026, 5, 4)])
    with desk.office.database.write() as session:
        session.execute(update(Incoming).values(dated_on=dated_on))
        session.commit()
    (row,) = table(desk, "incoming-register", YEAR)
    assert row[4] == cell
    assert len(xml(desk, "incoming-register", YEAR)[0].findtext("IssuedDate") or "") == 10


def test_the_printed_register_is_bound_numbered_and_headed(desk: Desk) -> None:
    issuer = fill(desk.office, [date(2026, 3, 2)] * 40)
    with written(desk, "outgoing-register", Form.PDF, YEAR, issuer_id=issuer) as file:
        text = pages(file)
    cover, first, *inside = text
    assert "SỔ ĐĂNG KÝ VĂN BẢN ĐI Năm 2026" in cover
    assert "Từ ngày 02/03/2026 đến ngày 02/03/2026 Từ số 01/QĐ-UBND đến số 40/QĐ-UBND" in cover
    assert "NGƯỜI CÓ THẨM QUYỀN" in first
    assert "NGƯỜI CÓ THẨM QUYỀN" not in cover
    assert len(inside) > 2
    for number, page in enumerate(inside, start=3):
        assert page.startswith(str(number))
        if "/QĐ-UBND" in page:
            assert "Tên loại và trích yếu nội dung văn bản (3)" in page
    assert sum(page.count("/QĐ-UBND") for page in inside) == 40
    assert "NGƯỜI GIỮ SỔ" in inside[-1]


def test_the_lists_of_files_and_of_what_lies_in_one(desk: Desk) -> None:
    first = desk.registered(subject="Đơn đề nghị", code="7/ĐN", dated_on=date(2026, 2, 3))
    year = this_year(desk)
    opened = [
        desk.do(
            CLERK,
            filing.open_work_file,
            desk.commune,
            notation=notation,
            title=f"Hồ sơ {notation}",
            retention="Vĩnh viễn",
        )
        for notation in ("02.VP", "01.VP")
    ]
    desk.do(CLERK, filing.add_document, opened[0].id, first)
    desk.do(CLERK, filing.close_work_file, opened[0].id)
    (one, two) = table(desk, "file-list", year)
    assert one[:3] == [1, "01.VP", "Hồ sơ 01.VP"]
    assert one[6] == "0 văn bản; chưa kết thúc"
    assert two[1:5] == ["02.VP", "Hồ sơ 02.VP", "03/02/2026 - 03/02/2026", "Vĩnh viễn"]
    assert two[6] == "1 văn bản"
    with written(desk, "file-list", Form.PDF, year) as file:
        text = " ".join(pages(file))
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in text
    assert "Mục lục này gồm: 02 hồ sơ (đơn vị bảo quản). Viết bằng chữ: hai hồ sơ" in text
    assert xml(desk, "file-list", year)[1].findtext("DocTotal") == "1"

    actor = desk.actor(CLERK)
    with write_contents(desk.office, actor, opened[0].id, Form.XLSX).file as file:
        (line,) = sheets(file)[0].below(FILE_CONTENTS.columns[0].title)
    assert line == [
        1, "07/ĐN", date(2026, 2, 3), "Đơn đề nghị", "Sở Nội vụ tỉnh Mẫu", None, "Số đến 01",
    ]  # fmt: skip
    with write_contents(desk.office, actor, opened[0].id, Form.XML).file as file:
        root = ET.fromstring(file.read())  # noqa: S314  our own
    assert root.findtext("File/Title") == "Hồ sơ 02.VP"
    assert root.findtext("File/Document/FileCode/FileNotation") == "02.VP"
    assert root.findtext("File/Document/DocOrdinal") == "1"
    # A colleague who may not know of the document gets the list without it, and is told.
    with write_contents(desk.office, desk.actor(HEAD), opened[0].id, Form.PDF).file as file:
        text = " ".join(pages(file))
    assert "Đơn đề nghị" not in text
    assert "1 văn bản không thuộc phạm vi được xem" in text


def test_the_xml_holds_the_fields_of_the_annex_in_its_order(desk: Desk) -> None:
    issuer = fill(desk.office, [date(2026, 3, 2), date(2026, 4, 2)])
    for book, form in (("outgoing-register", OUTGOING), ("incoming-register", INCOMING)):
        root = xml(desk, book, YEAR, issuer_id=issuer)
        order = [part.name for part in form.parts]
        lengths = {path: field.length for path, field in form.fields()}
        assert len(root) == 2
        for document in root:
            tags = [child.tag for child in document]
            assert [order.index(tag) for tag in tags] == sorted(order.index(tag) for tag in tags)
            for child in document:
                for path, text in (
                    [(child.tag, child.text)]
                    if not len(child)
                    else [(f"{child.tag}/{inner.tag}", inner.text) for inner in child]
                ):
                    assert text
                    assert len(text) <= (lengths[path] or len(text))
        filled = {tag.tag for tag in root[0]}
        missing = set(root[0].attrib["unfilled"].split())
        assert {"DocOrdinal", "PageAmount"} <= missing
        for path, field in form.fields():
            if field.automatic:
                assert path in missing or path.partition("/")[0] in filled


def test_a_value_that_does_not_fit_refuses_the_xml_alone(desk: Desk) -> None:
    issuer = fill(desk.office, [date(2026, 3, 2)])
    with desk.office.reading(None) as reading:
        own = organisations.current_name(reading, desk.commune, reading.today)
    code = "H56.01.02.03.04.05.06"
    with desk.office.database.write() as session:
        session.get(type(own), own.id).code = code
        session.commit()
    for book, what in (
        ("outgoing-register", "Văn bản 01/QĐ-UBND"),
        ("incoming-register", "Văn bản số đến 1 ngày 02/03/2026"),
    ):
        with pytest.raises(GuardsUnmet) as refused:
            written(desk, book, Form.XML, YEAR, issuer_id=issuer)
        (sentence,) = refused.value.unmet
        assert sentence.startswith(f"{what}: trường “Mã định danh của cơ quan")
        assert "dài 21 ký tự, chỉ được nhiều nhất 13 ký tự" in sentence
        assert "hãy dùng bản XLSX hoặc PDF" in sentence
        look = looks(desk)[-1]
        assert (look.facts["book"], look.facts["sha256"]) == (book, None)  # what it holds was told
        assert len(table(desk, book, YEAR, issuer_id=issuer)) == 1


def test_a_long_book_costs_a_constant_number_of_queries_for_each_batch(desk: Desk) -> None:
    days = [date(2026, 3, 1)] * (BATCH - 1) + [date(2026, 6, 1)] * (BATCH + 1)
    issuer = fill(desk.office, [*days, date(2026, 10, 1)])
    asked: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    for book, place in (("outgoing-register", 0), ("incoming-register", 1)):
        table(desk, book, "2026-01", issuer_id=issuer)  # connections are made
        costs = []
        for period, entries in (
            ("2026-03", BATCH - 1),
            ("2026-Q2", BATCH + 1),
            ("2026", 2 * BATCH + 1),
        ):
            asked.clear()
            event.listen(desk.office.database.engine, "before_cursor_execute", count)
            rows = table(desk, book, period, issuer_id=issuer)
            event.remove(desk.office.database.engine, "before_cursor_execute", count)
            assert len({row[place] for row in rows}) == len(rows) == entries
            costs.append(len(asked))
        one, two, three = costs
        assert three - two == two - one > 0, (book, costs)


def test_who_may_have_a_book_and_that_they_had_it(desk: Desk, issuer: uuid.UUID) -> None:
    for who in (CLERK, LEADER, "xa.theodoi", "xa.kiemtoan"):
        for book in BOOKS:
            written(desk, book, Form.XML, YEAR, by=who, issuer_id=issuer).close()
    for who, refusal in (
        (SPECIALIST, Forbidden),
        ("xa.quantri", Forbidden),
        ("vpdp.vanthu", NotFound),
    ):
        with pytest.raises(refusal):
            written(desk, "incoming-register", Form.PDF, YEAR, by=who)
    with pytest.raises(NotFound):
        written(desk, "no-register", Form.PDF, YEAR)
    with pytest.raises(Invalid):
        written(desk, "incoming-register", Form.PDF, "26")
    with pytest.raises(Invalid, match="cơ quan ban hành"):
        written(desk, "outgoing-register", Form.PDF, YEAR)
    theirs = desk.one(Issuer, Issuer.organisation_id == desk.seat(OFFICE)).id
    with pytest.raises(NotFound):
        written(desk, "outgoing-register", Form.PDF, YEAR, issuer_id=theirs)
    book = write_book(
        desk.office, desk.actor(CLERK), Asked(desk.commune, "file-list", YEAR), Form.XLSX
    )
    book.file.close()
    *before, last = looks(desk)
    assert {look.action for look in before} == {last.action} == {"book.viewed"}
    assert len(before) == 4 * len(BOOKS)
    assert (last.actor, last.subject) == (str(desk.actor(CLERK).person_id), str(desk.commune))
    assert last.facts["sha256"] == book.sha256
    assert last.facts["book"] == "file-list"
    assert book.name == "Muc luc ho so 2026.xlsx"
