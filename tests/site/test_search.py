"""The search in a browser, straight from the folder: what is found first, and that nothing is fetched."""

from urllib.parse import quote

import pytest
from visits import WIDE, address, listen


@pytest.fixture
def found(browser):
    """Return a function that asks, and gives the addresses found, in order, and the page."""
    page = browser.new_context(viewport=WIDE).new_page()
    listen(page)

    def found(words):
        page.goto(f"{address('search')}?q={quote(words)}")
        page.wait_for_selector("#search-results p")
        assert page.heard == []
        return page.eval_on_selector_all("#search-results li > a", "links => links.map(a => a.getAttribute('href'))")

    found.page = page
    yield found
    page.context.close()


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("forget bias", "3-lstm/3-time-scales"),
        ("initialization", "5-training/2-initialisation"),
        ("detach", "1-bptt/3-backward-pass"),
        ("NaN", "your-own/symptoms"),
        ("clip_grad_norm_", "4-lstm-bptt/4-clipping"),
    ],
)
def test_a_question_leads_to_where_it_is_answered(found, words, first):
    assert found(words)[0].startswith(f"chapters/{first}.html")


@pytest.mark.parametrize("pair", ["backpropagation back-propagation", "initialization initialisation"])
def test_two_spellings_find_the_same(found, pair):
    one, other = pair.split()
    assert found(one) == found(other) != []


def test_pages_come_before_the_package(found):
    for words in ("vanishing", "GRU", "eigenvalue"):
        assert not found(words)[0].startswith("chapters/api")


def test_a_result_shows_the_words_around_and_leads_to_a_section(found):
    assert "#" in found("truncated")[0]
    assert found.page.locator("#search-results li mark").first.inner_text().lower().startswith("truncat")


def test_nothing_found_is_said(found):
    assert found("zxqv") == []
    assert "Nothing found" in found.page.locator("#search-results").inner_text()
