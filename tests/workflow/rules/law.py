"""The law files as shipped, for tests that hold the data itself to the decree."""

from pathlib import Path

_FOLDER = Path(__file__).parents[3] / "workflow" / "definitions" / "law"


def law_text(name: str) -> str:
    return (_FOLDER / f"{name}.toml").read_text(encoding="utf-8")
