"""Where the judges differ, as the tables of docs/validation.md.

`python -m tests.signing.judges_differ` writes them anew, from what each judge says now and from
the reasons in `judges_differ.toml`.
"""

from __future__ import annotations

import csv
import re
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.hostile.cases import Case, Desk
from tests.hostile.test_hostile import CASES
from tests.signing import opinions
from tests.signing.opinions import Opinion

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "validation.md"
CORPUS = ROOT.parent / "shared" / "corpus"
WHY = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))

_HEAD = ("vanthu", "pdfsig", "mutool", "pyHanko", "with differences", "Who is right")


def corpus() -> str:
    """Each file of the corpus where one judge accepts what another does not, with all they say."""
    with (CORPUS / "expected.csv").open(newline="") as table:
        names = [row["file"] for row in csv.DictReader(table)]
    found = zip(names, opinions.of([CORPUS / "pdf" / name for name in names]), strict=True)
    return opinions.table(
        ("File", *_HEAD),
        [
            (name.replace("|", ""), *map(_said, of.all), why("corpus", name))
            for name, of in found
            if of.differ
        ],
    )


def why(part: str, name: str) -> str:
    """Who is right about a file of the corpus, or a class (the last words of its title).

    Raises LookupError when nobody said.
    """
    for start, reason in WHY[part].items():
        if name.startswith(start) if part == "corpus" else name.endswith(start):
            return str(reason)
    raise LookupError(f"who is right about {name}? Say it in judges_differ.toml, [{part}].")


def generated() -> str:
    """How many files of each class each judge accepts, forged and genuine."""
    # The attacker goes on in three ways; a signature over it all misleads the most.
    cases = [case for case in CASES if not case.name.endswith((", last", ", stamped"))]
    with tempfile.TemporaryDirectory() as name:
        said = list(opinions.of(list(_built(cases, Path(name)))))
    counts: dict[tuple[str, str], list[int]] = {}
    for case, of in zip(cases, said, strict=True):
        kind = "genuine" if "INTACT" in case.expected else "forged"
        row = counts.setdefault((kind, case.name.partition(":")[0]), [0] * 6)
        for place, accepted in enumerate((True, *(opinion.accepts for opinion in of.all))):
            row[place] += accepted
    return opinions.table(
        ("Files", "How many", *_HEAD),
        [
            (title if kind in title else f"{title}, {kind}", *map(str, row), why(kind, title))
            for (kind, title), row in sorted(counts.items())
        ],
    )


def _built(cases: Sequence[Case], folder: Path) -> Iterator[Path]:
    desk = Desk()
    for number, case in enumerate(cases):
        path = folder / f"{number}.pdf"
        path.write_bytes(case.build(desk))
        yield path


def _said(opinion: Opinion) -> str:
    return f"**{opinion.word}**" if opinion.accepts else opinion.word


def marked(name: str) -> re.Pattern[str]:
    """Where a table stands in the page."""
    return re.compile(rf"(<!-- {name}: .*? -->\n\n).*?(\n<!-- end -->)", re.DOTALL)


def main() -> None:
    """Write both tables into the page."""
    page = PAGE.read_text(encoding="utf-8")
    for name, table in (("corpus", corpus()), ("generated", generated())):
        by = ", ".join(f"{judge} {version}" for judge, version in opinions.versions().items())
        page = marked(name).sub(
            lambda found, table=table: found[1] + table + found[2],  # type: ignore[misc]
            re.sub(rf"<!-- {name}: .*? -->", f"<!-- {name}: {by} -->", page),
        )
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
