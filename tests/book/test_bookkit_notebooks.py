"""bookkit.notebooks: a page run again differs from itself only if its outputs do."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from bookkit import notebooks


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Return a function that writes a page made of code cells into a book of one page."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: page\n")

    def write(*sources):
        cells = [new_markdown_cell("# A page"), *map(new_code_cell, sources)]
        cells[1].metadata = {"tags": ["hide-input"], "execution": {"iopub.busy": "noon"}, "collapsed": True}
        metadata = {
            "kernelspec": {"name": "mine", "display_name": "Mine"},
            "language_info": {"name": "python", "version": "3.11.7"},
        }
        nbformat.write(new_notebook(cells=cells, metadata=metadata), tmp_path / "page.ipynb")
        return tmp_path / "page.ipynb"

    return write


def test_outputs_and_counts_are_stored_and_nothing_volatile(page, capsys):
    path = page("x = 2", "print(x)\nx + 1")
    before = nbformat.read(path, 4)
    notebooks.main([])
    after = nbformat.read(path, 4)
    assert [cell.id for cell in after.cells] == [cell.id for cell in before.cells]
    assert [cell.execution_count for cell in after.cells[1:]] == [1, 2]
    assert after.cells[2].outputs[0].text == "2\n"
    assert after.cells[2].outputs[1].data == {"text/plain": "3"}
    assert after.metadata == {"kernelspec": notebooks.KERNEL, "language_info": {"name": "python"}}
    assert [dict(cell.metadata) for cell in after.cells] == [{}, {"tags": ["hide-input"]}, {}]
    assert capsys.readouterr().out.startswith("1/1 page.ipynb … ")


def test_running_twice_changes_no_byte(page):
    path = page("for word in 'ab':\n    print(word, flush=True)")
    notebooks.main([str(path)])
    once = path.read_bytes()
    notebooks.main([str(path)])
    assert path.read_bytes() == once
    assert b"\r" not in once
    assert once.endswith(b"}\n")


def test_a_page_that_fails_is_left_as_it_was(page, capsys):
    path = page("1 / 0")
    before = path.read_bytes()
    with pytest.raises(SystemExit, match=r"left as before: page.ipynb"):
        notebooks.main([])
    assert path.read_bytes() == before
    assert "ZeroDivisionError" in capsys.readouterr().out
    assert sorted(item.name for item in path.parent.iterdir()) == ["_toc.yml", "page.ipynb"]


def test_a_page_runs_where_it_lies(page):
    path = page("from pathlib import Path\nPath('page.ipynb').exists()")
    notebooks.execute(path)
    assert nbformat.read(path, 4).cells[1].outputs[0].data["text/plain"] == "True"
