"""The pages of the course and the claims on them, read from the notebooks' stored outputs."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from bookkit.claims import Claim, of_notebook


class Page(NamedTuple):
    """A notebook of the course: its name, its number such as ``1.2``, its title and its claims."""

    docname: str
    number: str
    title: str
    claims: list[Claim]

    @property
    def chapter(self) -> str:
        """The chapter's number."""
        return self.number.split(".")[0]

    @property
    def landing_page(self) -> str:
        """The name of the chapter's first page."""
        return f"{Path(self.docname).parent.as_posix()}/index"


def leading_number(name: str) -> str:
    """Return the number that the name of a file or folder begins with.

    Examples
    --------
    >>> leading_number("1-bptt")
    '1'
    """
    match = re.match(r"\d+", name)
    return match[0] if match else ""


def title(path: Path) -> str:
    """Return the first heading of a page, a notebook or Markdown; without one, its name."""
    text = path.read_text("utf-8")
    if path.suffix == ".ipynb":
        text = "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
    match = re.search(r"^# (.+)$", text, re.MULTILINE)
    return match[1].strip() if match else path.stem


def read(docname: str, path: Path) -> Page:
    """Return one page of the course.

    Parameters
    ----------
    docname : str
        Its name in the book.
    path : pathlib.Path
        The notebook. File and folder begin with the numbers of page and chapter.

    Returns
    -------
    Page
        With the claims that its stored outputs hold.
    """
    number = f"{leading_number(path.parent.name)}.{leading_number(path.stem)}"
    return Page(docname, number, title(path), of_notebook(path))


def repeated(pages: Iterable[Page]) -> Iterator[tuple[str, str]]:
    """Yield the page and the text of each claim whose text has been claimed before."""
    seen = set()
    for page in pages:
        for claim in page.claims:
            if claim.text in seen:
                yield page.docname, claim.text
            seen.add(claim.text)
