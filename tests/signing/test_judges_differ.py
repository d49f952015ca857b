"""Every disagreement with other judges stands in docs/validation.md, with who is right and why."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.signing import judges_differ, opinions
from tests.signing.judges_differ import CORPUS, PAGE, WHY


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(
            judges_differ.corpus,
            marks=pytest.mark.skipif(
                not CORPUS.is_dir(), reason="the corpus is not beside this checkout"
            ),
        ),
        judges_differ.generated,
    ],
)
def test_the_page_lists_what_the_judges_say(table: Callable[[], str]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    by = ", ".join(f"{judge} {version}" for judge, version in opinions.versions().items())
    name = table.__name__
    if f"<!-- {name}: {by} -->" not in page:
        told = re.search(rf"<!-- {name}: (.*) -->", page)
        pytest.skip(f"docs/validation.md tells what {told and told[1]} say; here are {by}")
    found = judges_differ.marked(name).search(page)
    assert found is not None
    # `python -m tests.signing.judges_differ` writes it; then say who is right in the TOML.
    assert page[found.end(1) : found.start(2)] == table()


def test_a_reason_is_given_for_nothing_else() -> None:
    page = PAGE.read_text(encoding="utf-8")
    missing = [why for part in WHY.values() for why in part.values() if why not in page]
    assert missing == []
