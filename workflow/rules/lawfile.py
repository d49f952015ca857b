"""Law files: TOML read strictly, so that a mistake in the law's data is named, never guessed over.

Every unknown, missing or wrongly typed key is an InvalidDefinition with its place.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from datetime import date, datetime
from fractions import Fraction

from workflow.rules.errors import InvalidDefinition

_EXACT = re.compile(r"[0-9]+(?:/[0-9]*[1-9][0-9]*|\.[0-9]+)?")


class Table:
    """One TOML table whose keys are each asked for once; `close` refuses what is left."""

    def __init__(self, place: str, content: dict[str, object]) -> None:
        self.place = place
        self._left = dict(content)

    def text(self, key: str) -> str:
        """Return a text that is not empty."""
        value = self._required(key)
        if not isinstance(value, str) or not value.strip():
            raise InvalidDefinition(f"{self.place}.{key}", "phải là chuỗi không rỗng")
        return value

    def optional_text(self, key: str) -> str | None:
        return self.text(key) if key in self._left else None

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        value = self._required(key)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise InvalidDefinition(f"{self.place}.{key}", "phải là danh sách chuỗi")
        return tuple(value)

    def optional_texts(self, key: str) -> tuple[str, ...]:
        return self.texts(key) if key in self._left else ()

    def number(self, key: str) -> int:
        """Return an integer that is not negative."""
        value = self._required(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise InvalidDefinition(f"{self.place}.{key}", "phải là số nguyên không âm")
        return value

    def optional_number(self, key: str) -> int | None:
        return self.number(key) if key in self._left else None

    def fraction(self, key: str) -> Fraction:
        """Return an exact number written as text: "2/3", "90", "12.5". Never a float."""
        value = self.text(key)
        if not _EXACT.fullmatch(value):
            raise InvalidDefinition(
                f"{self.place}.{key}", 'phải là số đúng viết trong ngoặc kép: "2/3", "90"'
            )
        return Fraction(value)

    def optional_fraction(self, key: str) -> Fraction | None:
        return self.fraction(key) if key in self._left else None

    def flag(self, key: str) -> bool:
        value = self._required(key)
        if not isinstance(value, bool):
            raise InvalidDefinition(f"{self.place}.{key}", "phải là true hoặc false")
        return value

    def optional_flag(self, key: str) -> bool:
        return key in self._left and self.flag(key)

    def day(self, key: str) -> date:
        value = self._required(key)
        if not isinstance(value, date) or isinstance(value, datetime):
            raise InvalidDefinition(f"{self.place}.{key}", "phải là ngày (năm-tháng-ngày)")
        return value

    def optional_day(self, key: str) -> date | None:
        return self.day(key) if key in self._left else None

    def one_of(self, key: str, choices: Iterable[str]) -> str:
        """Return a text of a closed list."""
        value, allowed = self.text(key), tuple(choices)
        if value not in allowed:
            raise InvalidDefinition(f"{self.place}.{key}", f"phải là một trong {list(allowed)}")
        return value

    def optional_one_of(self, key: str, choices: Iterable[str]) -> str | None:
        return self.one_of(key, choices) if key in self._left else None

    def tables(self, key: str) -> tuple[Table, ...]:
        """Return an array of tables, each knowing its place in the file."""
        value = self._required(key)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise InvalidDefinition(f"{self.place}.{key}", "phải là danh sách bảng")
        return tuple(
            Table(f"{self.place}.{key}[{position}]", item)
            for position, item in enumerate(value, start=1)
        )

    def optional_tables(self, key: str) -> tuple[Table, ...] | None:
        """As `tables`; None where the key is not there, which is not the same as an empty list."""
        return self.tables(key) if key in self._left else None

    def table(self, key: str) -> Table:
        """Return a table inside this one."""
        value = self._required(key)
        if not isinstance(value, dict):
            raise InvalidDefinition(f"{self.place}.{key}", "phải là bảng")
        return Table(f"{self.place}.{key}", value)

    def optional_table(self, key: str) -> Table | None:
        return self.table(key) if key in self._left else None

    def all_texts(self) -> dict[str, str]:
        """Return every text that is left, by its key."""
        return {key: self.text(key) for key in list(self._left)}

    def close(self) -> None:
        """Refuse keys that nobody asked for: a misspelt key must not be ignored."""
        if self._left:
            raise InvalidDefinition(self.place, f"không hiểu khóa {sorted(self._left)}")

    def _required(self, key: str) -> object:
        if key not in self._left:
            raise InvalidDefinition(f"{self.place}.{key}", "thiếu")
        return self._left.pop(key)


def read(name: str, text: str) -> Table:
    """Return the root table of a TOML text called `name` in refusals. Raises InvalidDefinition."""
    try:
        return Table(name, tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidDefinition(name, f"không phải TOML: {error}") from error
