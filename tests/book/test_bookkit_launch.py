"""bookkit.launch, bookkit.cards and bookkit.palette: what the site takes from its surroundings."""

import subprocess

import pytest

from bookkit.assets import palette
from bookkit.outside import cards, launch

PUBLIC = "https://github.com/owner/course"


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/owner/course",
        "https://github.com/owner/course.git",
        "https://github.com/owner/course/\n",
        "https://user:secret@github.com/owner/course.git",
        "git@github.com:owner/course.git",
        "ssh://git@github.com/owner/course.git",
        "git://github.com/owner/course",
    ],
)
def test_every_form_of_an_address_becomes_the_public_one(remote):
    assert launch.public_address(remote) == PUBLIC


@pytest.mark.parametrize(
    "remote",
    ["", "/srv/course.git", "file:///srv/course", "https://example.org/owner/course", "https://github.com/owner",
     "https://notgithub.com/owner/course", "git@github.com.example.org:owner/course"],
)  # fmt: skip
def test_an_address_that_binder_cannot_use_gives_none(remote):
    assert launch.public_address(remote) == ""


def test_the_environment_goes_before_the_remote(tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    assert launch.address(tmp_path, {}) == ""
    subprocess.run(["git", "-C", tmp_path, "remote", "add", "origin", "git@github.com:owner/course.git"], check=True)
    assert launch.address(tmp_path, {}) == PUBLIC
    ci = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "fork/course"}
    assert launch.address(tmp_path, ci) == "https://github.com/fork/course"
    assert launch.address(tmp_path, ci | {"BOOK_REPOSITORY": "https://gitlab.com/a/b"}) == "https://gitlab.com/a/b"
    assert launch.address(tmp_path, ci | {"BOOK_REPOSITORY": ""}) == ""


def test_no_git_no_button(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert launch.address(tmp_path, {}) == ""


@pytest.mark.parametrize(
    ("repository", "site"),
    [
        (PUBLIC, "https://owner.github.io/course/"),
        ("https://gitlab.com/owner/course", "https://owner.gitlab.io/course/"),
        ("https://example.org/owner/course", ""),
        ("", ""),
    ],
)
def test_the_site_lies_where_the_repository_s_host_shows_it(repository, site):
    assert cards.site(repository) == site


def test_a_palette_becomes_custom_properties():
    css = palette.custom_properties({"colours": {"cell_state": "#aabbcc"}, "ink": {"text": "#000000"}})
    assert css == ":root {\n  --colours-cell-state: #aabbcc;\n  --ink-text: #000000;\n}"
