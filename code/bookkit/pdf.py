"""The whole book as one PDF, and its summaries as another: the pages of the site in one document, printed by Chromium.

Our own, because Jupyter Book's builder ``pdfhtml`` downloads a browser, builds the site a second time, and gives its
contents no page numbers.

Folded answers are open, links between pages lead inside the document, and the table of contents has page numbers.  It
is printed twice: only the first print tells on which page an article begins.
"""

import posixpath
import re
import sys
from collections.abc import Callable
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, Tag
from playwright.sync_api import sync_playwright
from pypdf import PdfReader

from bookkit import browser, pages

FRAME = """<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8"><title>{title}</title>
{styles}</head><body class="printed"><main class="bd-main"><div class="bd-content"><div class="bd-article-container">
{body}
</div></div></main></body></html>"""
COVER = """<section class="cover"><img src="_static/mark.svg" alt=""><h1>{title}</h1></section>
<nav class="printed-contents" aria-label="Contents"><h1>Contents</h1><ol>
{entries}
</ol></nav>"""
ENTRY = '<li class="{level}"><a href="#{anchor}"><span>{title}</span><span>{number}</span></a></li>'
FOOTER = '<div style="width: 100%; font: 8px sans-serif; text-align: center"><span class="pageNumber"></span></div>'
SUMMARIES = """<section class="summaries"><h1>{title}</h1>
{body}
</section>"""
SUMMARY = "In one page"  # the words over the summary of a chapter
PAPER = {"format": "A4", "margin": {"top": "18mm", "bottom": "18mm", "left": "20mm", "right": "20mm"}}


def anchor_of(page: str, anchor: str = "") -> str:
    """The anchor in the document of an anchor on a page; without one, of the page itself."""
    return "--".join(["page", *page.split("/"), *filter(None, [anchor])])


def inside(link: str, page: str, names: set[str]) -> str:
    """A link of a page as it works in the document: inside of it where it leads to another page of the book."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return link
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), parts.path)) if parts.path else f"{page}.html"
    name = path.removesuffix(".html")
    return f"#{anchor_of(name, parts.fragment)}" if name in names else path


def article(html: Path, page: str, names: set[str]) -> Tag:
    """The text of a page, with anchors and links of the document, answers open, and nothing to click."""
    soup = BeautifulSoup((html / f"{page}.html").read_text("utf-8"), "html.parser")
    text = soup.select_one("article")
    for element in text.select(".headerlink, button, script"):
        element.decompose()
    for fold in text.select("details"):
        fold["open"] = ""
    for element in text.select("[id]"):
        element["id"] = anchor_of(page, element["id"])
    for link in text.select("a[href]"):
        link["href"] = inside(link["href"], page, names)
    for image in text.select("img[src]"):
        image["src"] = inside(image["src"], page, names)
    text["id"] = anchor_of(page)
    return text


def waiting_fonts(html: Path) -> str:
    """Return the rules of the site's faces as paper needs them: it waits for every one, however late."""
    rules = []
    for sheet in filter(Path.exists, [html / "_static/fonts/fonts.css", html / "_static/katex/katex.css"]):
        for face in re.findall(r"@font-face ?\{[^}]*\}", sheet.read_text("utf-8")):
            patient = re.sub(r"font-display: ?\w+", "font-display: block", face)
            rules.append(re.sub(r"url\((?!data:)", f"url(_static/{sheet.parent.name}/", patient))
    return f"<style>{' '.join(rules)}</style>"


class Frame:
    """The head of a document and the rest around its body: title, style sheets and faces are those of the first page.

    Parameters
    ----------
    root, html : pathlib.Path
        The folders of the book and of its site.
    """

    def __init__(self, root: Path, html: Path) -> None:
        soup = BeautifulSoup((html / f"{pages.names(root)[0]}.html").read_text("utf-8"), "html.parser")
        styles = "\n".join(str(link) for link in soup.select('link[rel="stylesheet"]'))
        styles = styles.replace('href="../', 'href="')  # the first page lies one folder down, the document does not
        self.title, self.styles = soup.select_one(".logo__title").get_text(strip=True), styles + waiting_fonts(html)

    def __call__(self, body: str) -> str:
        """Return the document with this body."""
        return FRAME.format(title=escape(self.title), styles=self.styles, body=body)


def document(root: Path, html: Path) -> Callable[[list[int]], str]:
    """Put the pages together; the result writes the document, given the page numbers of its articles."""
    names, frame = pages.names(root), Frame(root, html)
    articles = [article(html, name, set(names)) for name in names]
    headings = [" ".join(text.h1.get_text(" ", strip=True).split()) for text in articles]

    def write(numbers: list[int]) -> str:
        rows = zip(names, headings, numbers or [0] * len(names), strict=True)
        entries = "\n".join(
            ENTRY.format(
                level="chapter" if name.count("/") < 2 or name.endswith("/index") else "page",
                anchor=anchor_of(name),
                title=escape(heading),
                number=number or "",
            )
            for name, heading, number in rows
        )
        return frame("\n".join([COVER.format(title=escape(frame.title), entries=entries), *map(str, articles)]))

    return write


def summary(text: Tag) -> list[Tag]:
    """Return the heading of an article and what stands under its words "In one page", without figures."""
    found = []
    for element in text.find("p", class_="rubric", string=SUMMARY).find_next_siblings():
        if element.name == "p" and "rubric" in element.get("class", []):
            break
        found += [element] * (element.name != "figure")
    heading = BeautifulSoup(f"<h2>{escape(' '.join(text.h1.get_text(' ', strip=True).split()))}</h2>", "html.parser").h2
    return [heading, *found]


def summaries(root: Path, html: Path) -> str:
    """Put the summaries of all chapters together, in one document."""
    frame = Frame(root, html)
    chapters = [article(html, name, set()) for name in pages.names(root) if name.endswith("/index")]
    parts = [part for text in chapters if SUMMARY in text.get_text() for part in summary(text)]
    return frame(SUMMARIES.format(title=escape(frame.title), body="\n".join(map(str, parts))))


def page_numbers(pdf: Path, names: list[str]) -> list[int]:
    """On which page each article begins, from 1: where the links of the contents lead.

    Raises
    ------
    RuntimeError
        If one of them leads nowhere.
    """
    reader = PdfReader(pdf)
    places = {key.lstrip("/"): place for key, place in reader.named_destinations.items()}
    if lacking := [name for name in names if anchor_of(name) not in places]:
        raise RuntimeError(f"{', '.join(lacking)} got lost on the way to the paper.")
    return [reader.get_destination_page_number(places[anchor_of(name)]) + 1 for name in names]


def print_book(root: Path) -> Path:
    """Print the site in ``_build/html``, and beside it the summaries of its chapters; return the PDF of the whole.

    Raises
    ------
    RuntimeError
        If the site is not built, or a page got lost on the way to the paper.
    FileNotFoundError
        If there is no Chromium.
    """
    html, out = root / "_build/html", root / "_build/book.pdf"
    if lacking := pages.missing(root, html):
        raise RuntimeError(f"The site lacks {', '.join(lacking)}: make book builds it.")
    write, sheet, draft = document(root, html), html / "book-to-print.html", out.with_suffix(".part")
    try:
        with sync_playwright() as playwright:
            chromium = browser.start(playwright)
            for numbers in (lambda: [], lambda: page_numbers(draft, pages.names(root))):
                sheet.write_text(write(numbers()), "utf-8")
                _print(chromium, sheet, draft)
            draft.replace(out)
            sheet.write_text(summaries(root, html), "utf-8")
            _print(chromium, sheet, draft)
            draft.replace(out.with_name("summaries.pdf"))
    finally:
        sheet.unlink(missing_ok=True)
        draft.unlink(missing_ok=True)
    return out


def _print(chromium: browser.Browser, sheet: Path, out: Path) -> None:
    page = chromium.new_page(java_script_enabled=False, color_scheme="light")
    page.set_default_timeout(600_000)
    page.goto(sheet.as_uri())
    furniture = {"display_header_footer": True, "header_template": "<span></span>", "footer_template": FOOTER}
    page.pdf(path=out, tagged=True, outline=True, print_background=True, **PAPER, **furniture)
    page.close()


def main() -> None:
    """Print the book of the current folder."""
    try:
        out = print_book(Path.cwd())
    except (RuntimeError, FileNotFoundError) as error:
        sys.exit(f"There is no PDF: {error}")
    for of, path in (("book", out), ("summaries", out.with_name("summaries.pdf"))):
        print(f"The {of} in print, {len(PdfReader(path).pages)} pages: {path}")


if __name__ == "__main__":
    main()
