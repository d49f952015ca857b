"""What is installed is what is in the source: nothing the product reads stays behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.walls import PRODUCT

ROOT = Path(__file__).resolve().parent.parent
MADE = shutil.ignore_patterns("__pycache__", ".*")


def test_the_wheel_holds_every_file_of_the_product(tmp_path: Path) -> None:
    source, wheels = tmp_path / "source", tmp_path / "wheels"
    for folder in (*PRODUCT, "docs"):  # the product links to pages in docs/
        shutil.copytree(ROOT / folder, source / folder, ignore=MADE, symlinks=True)
    for name in ("pyproject.toml", "README.md", "LICENSE", "requirements/runtime.in"):
        (source / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--wheel-dir", str(wheels), str(source)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    (wheel,) = wheels.iterdir()
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if name.startswith(PRODUCT)}
    files = {
        (Path(folder) / name).relative_to(source).as_posix()
        for package in PRODUCT
        for folder, _, names in os.walk(source / package, followlinks=True)
        for name in names
    }
    assert held == files
