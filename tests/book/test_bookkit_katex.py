"""bookkit.html.katex: formulas are rendered here, and what goes wrong is said in a sentence."""

import pytest

from bookkit.assets import npm
from bookkit.html import katex


@pytest.fixture(scope="module")
def dist(pytestconfig):
    try:
        return npm.fetch(pytestconfig.rootpath) / "katex" / "dist"
    except RuntimeError as error:
        pytest.skip(str(error))


@pytest.fixture
def renderer(dist):
    renderer = katex.Renderer(dist)
    yield renderer
    renderer.close()


def test_formulas_are_rendered_one_after_the_other(renderer):
    for letter in "ab":
        html = renderer.render(rf"\mathbf {letter}_t")
        assert f'<mi mathvariant="bold">{letter}</mi>' in html
        assert "katex-display" not in html
    assert "katex-display" in renderer.render("λ", display=True)


def test_a_formula_that_katex_cannot_read_says_why_and_the_next_one_is_fine(renderer):
    with pytest.raises(ValueError, match="Undefined control sequence"):
        renderer.render(r"\nosuch{x}")
    assert "katex" in renderer.render("x")


def test_a_loose_formula_is_refused_too(renderer):
    with pytest.raises(ValueError, match="Unicode character"):
        renderer.render("x — y")


def test_the_process_ends_with_its_input(dist):
    renderer = katex.Renderer(dist)
    renderer.close()
    assert renderer.process.returncode == 0
