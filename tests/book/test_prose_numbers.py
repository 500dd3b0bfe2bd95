"""Numbers in prose: each is computed on its page, set by the code beside it, part of a formula there, or cited."""

import bisect
import json
import re
import tomllib
from pathlib import Path

import pytest

CHAPTERS = Path(__file__).parents[2] / "chapters"
EXCEPTIONS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))

WORDS = {
    "half": 1 / 2, "halves": 1 / 2, "third": 1 / 3, "quarter": 1 / 4, "tenth": 1e-1, "hundredth": 1e-2, "thousandth": 1e-3,
    "millionth": 1e-6, "twice": 2, "tenfold": 10, "hundredfold": 100, "thousandfold": 1000, "millionfold": 1e6, "dozen": 12,
    "hundred": 100, "hundreds": 100, "thousand": 1000, "thousands": 1000, "million": 1e6, "millions": 1e6, "billion": 1e9,
}  # fmt: skip
ORDINALS = {"third", "quarter", "tenth", "hundredth", "thousandth", "millionth"}
NUMBER = re.compile(r"(?<![\w.,/-])-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|(?<![\w.,/])-?(?:\d+\.\d+|\.\d+|\d+)(?![\w/]|\.\d)")
ANYWHERE = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d*\.?\d+(?:[eE][-+]?\d+)?")
PLACE = r"(?:[Pp]ages?|[Cc]hapters?|[Ee]quations?|[Ee]xercises?|[Ss]ections?|issues?|experiments?|[Tt]able|version|NumPy|order)"


def without_markup(source):
    """Prose alone: no formula, code, role, directive, comment, address or heading's anchor."""
    source = re.sub(r"^\s*(`{3,}|:{3,}).*$|^\s*:[\w-]+:.*$|^\s*\([\w-]+\)=\s*$|<!--.*?-->", " ", source, flags=re.M)
    source = re.sub(r"\$\$.*?\$\$(\s*\([\w-]+\))?|\$[^$]*\$", " F ", source, flags=re.S)
    source = re.sub(r"\{[\w:-]+\}`[^`]*`", lambda role: " CITED " if "cite" in role[0] else " R ", source)
    return re.sub(r"`[^`]*`|\]\([^)]*\)|https?://\S+", " C ", source)


def sentences(source):
    """Sentences and table rows, in order."""
    return [
        part.strip()
        for part in re.split(r"(?<=[.!?:])\s+(?=[A-Z*_|])|\n\s*\n|\n\s*[-*|]|\n\d\. ", source)
        if part.strip()
    ]


def said(sentence):
    """Yield the numbers of a sentence as they are written, with how far they may be off: half of their last digit."""
    if "Reading takes about" in sentence:
        return
    sentence = re.sub(PLACE + r"(?:\s+(?:and|to|or|,|\d+(?:\.\d+)*)|,)*\s+\d+(?:\.\d+)*", " ", sentence)
    for match in NUMBER.finditer(sentence):
        text = match[0].replace(",", "")
        if re.fullmatch(r"(19|20)\d\d", text):
            continue
        decimals = len(text.partition(".")[2])
        value, slack = float(text), 0.5000001 * 10.0**-decimals
        percent = re.match(r"\s?(?:%|per cent)", sentence[match.end() :])
        if abs(value) > 2 or decimals or percent:  # none, one and two are words
            yield match[0], [(value, slack)] + ([(value / 100, slack / 100)] if percent else [])
    for share, word in re.findall(r"(?:\b(an?|one|two|three)\s+)?\b([a-z]+)\b", sentence.lower()):
        if word in WORDS and (share or word not in ORDINALS):  # "a third" is a number, "the third" is a place
            yield word, [(WORDS[word], 0.2 * WORDS[word])]


def known(notebook):
    """Every number that a page computes, sets, or writes in a formula."""
    texts = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            texts.append(re.sub(r"(?m)#.*$", "", source))
            for output in cell["outputs"]:
                data = output.get("data", {})
                texts += [
                    "".join(part)
                    for part in (output.get("text", []), data.get("text/plain", []), data.get("text/html", []))
                ]
        else:
            texts += re.findall(r"\$[^$]+\$|`[^`]+`", source)
    together = "\n".join(texts).lower()
    words = {WORDS[word] for word in re.findall(r"[a-z]+", together) if word in WORDS}
    return sorted(words | {float(text.replace(",", "")) for text in ANYWHERE.findall(together.replace("_", ""))})


def unfounded(notebook):
    """Yield the numbers in prose that nothing on the page computes: as written, with their sentence."""
    numbers = known(notebook)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            for sentence in sentences(without_markup("".join(cell["source"]))):
                for text, meant in said(sentence) if "CITED" not in sentence else ():
                    found = any(
                        bisect.bisect_left(numbers, abs(value) - slack)
                        < bisect.bisect_right(numbers, abs(value) + slack)
                        for value, slack in meant
                    )
                    if not found:
                        yield text, sentence


PAGES = sorted(path for path in CHAPTERS.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(CHAPTERS).with_suffix("").as_posix())
def test_every_number_in_prose_is_computed_or_cited(page):
    excused = EXCEPTIONS.get(page.relative_to(CHAPTERS).with_suffix("").as_posix(), {})
    found = list(unfounded(json.loads(page.read_text("utf-8"))))
    assert [(text, sentence) for text, sentence in found if text not in excused] == []
    assert set(excused) <= {text for text, _ in found}, "an exception that is no longer needed"


def page(*cells):
    """A notebook of Markdown texts and of pairs, code and what it prints."""
    made = [
        {"cell_type": "markdown", "source": cell}
        if isinstance(cell, str)
        else {"cell_type": "code", "source": cell[0], "outputs": [{"text": cell[1]}]}
        for cell in cells
    ]
    return {"cells": made}


@pytest.mark.parametrize(
    ("prose", "founded"),
    [
        ("The norm is 38.7.", True),
        ("The norm is 39.", True),
        ("The norm is 38.", False),
        ("The norm is 3.87.", False),
        ("A share of 13 % is left.", True),
        ("A share of 14 % is left.", False),
        ("It takes 1,200 steps.", True),
        ("It takes 1,300 steps.", False),
        ("The tenth step is the last, and the third.", True),
        ("A third is left.", False),
        ("It is twelve times as long, a hundred times.", False),
        ("As Chapter 7 and page 4.2 said in 1997, with `x = 99` and $y = 77$.", True),
        ("They report 74 wrong {cite}`somebody`.", True),
        ("See [the page](99.html).", True),
        ("Ten steps give 77, and 77 too.", True),
    ],
)
def test_the_reading_of_numbers(prose, founded):
    notebook = page(prose, ("n = 1200", "38.7 and 0.13, -5"), "$77$ is a formula")
    assert (list(unfounded(notebook)) == []) == founded
