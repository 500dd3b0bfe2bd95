"""Pages that docstrings name: number and title are those of the table of contents."""

import re
from pathlib import Path

import pytest

from bookkit import pages
from bookkit.collect.course import title

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"[Pp]age (\d\.\d), ((?:[A-Z][^.?]*\? )?[^.?]+)\.\s")
TITLES = {
    ".".join(re.findall(r"/(\d)-", f"/{name}")): title(path)
    for name, path in zip(pages.names(ROOT), pages.sources(ROOT), strict=True)
    if re.fullmatch(r"chapters/\d-[^/]+/\d-[^/]+", name)
}
FOUND = [
    (f"{path.relative_to(ROOT)}", *found)
    for path in sorted((ROOT / "code").glob("bptt/**/*.py"))
    for found in NAMED.findall(" ".join(path.read_text("utf-8").split()) + " ")
]


def test_docstrings_name_pages():
    assert len(FOUND) > 10
    assert TITLES["2.4"] == "When? The conditions"


@pytest.mark.parametrize(("file", "number", "named"), FOUND, ids=lambda value: str(value)[-30:])
def test_a_page_has_the_number_and_the_title_that_a_docstring_gives_it(file, number, named):
    assert named == TITLES[number], file
