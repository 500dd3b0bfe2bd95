"""bookkit.explorables: a box becomes a stage, its page gets the loader, and the modules become one script."""

import re

import pytest
import test_bookkit_sphinx
from test_bookkit_claims import notebook

from bookkit.html import explorables

modules, book = test_bookkit_sphinx.modules, test_bookkit_sphinx.book
BOX = ":::{{admonition}} Try it\n:class: explorable {name}\n\nA task.\n:::"


@pytest.fixture
def shelf(book):
    """A book with one explorable, which adds 1 and 1 by an import from npm."""
    folder = book.root / "_static" / "explore"
    folder.mkdir(parents=True)
    (book.root / "node_modules").symlink_to(book.modules)
    conf = book.root / "conf.py"
    conf.write_text(conf.read_text() + 'exclude_patterns += ["node_modules"]\n')
    (folder / "sum.mjs").write_text('import { scaleLinear } from "d3-scale";\nexport const two = scaleLinear()(2);\n')
    (folder / "index.mjs").write_text('import { two } from "./sum.mjs";\nconsole.log("two is", two);\n')
    (folder / "load.mjs").write_text("console.log(document.currentScript.src);\n")
    notebook(book.chapter / "2-page.ipynb", "# Page two", BOX.format(name="sum"), ["printed"])
    return book


def test_a_box_becomes_a_stage_beside_its_cell(shelf):
    site = shelf()
    assert site.said == ""
    page = site.pages["chapters/1-first/2-page.html"]
    box = re.search(
        r'<div class="explorable sum admonition" id="sum">.*?</div>\s*</div>\s*<div class="cell', page, re.DOTALL
    )[0]
    assert "A task." in box
    assert (
        f'<div aria-label="Try it" class="stage" role="group"><p class="fallback">{explorables.FALLBACK}</p></div>'
        in box
    )


def test_the_loader_is_on_the_pages_that_need_it(shelf):
    having = [name for name, page in shelf().pages.items() if "explore/load.js" in page]
    assert having == ["chapters/1-first/2-page.html"]


def test_modules_and_what_they_import_become_one_script(shelf):
    folder = shelf().out / "_static" / "explore"
    script = (folder / "explore.js").read_text("utf-8")
    assert "import" not in script
    assert "two is" in script
    assert "Mike Bostock" in (folder / "LICENSE-d3.txt").read_text("utf-8")


def test_an_explorable_without_a_module_is_a_warning(shelf):
    notebook(shelf.chapter / "2-page.ipynb", "# Page two", BOX.format(name="product"))
    assert "There is no explorable by the name of 'product'" in shelf().said


def test_a_module_that_cannot_be_read_ends_the_build_with_the_reason(shelf):
    (shelf.root / "_static" / "explore" / "sum.mjs").write_text("export const two = ;\n")
    with pytest.raises(SystemExit, match=r"(?s)^The explorables could not be bundled:.*Unexpected"):
        shelf()


def test_a_book_without_explorables_needs_no_bundler(book):
    assert not (book().out / "_static" / "explore").exists()
