"""bookkit.katex: formulas are rendered here, and what goes wrong is said in a sentence."""

import json

import pytest

from bookkit import katex


@pytest.fixture(scope="module")
def dist(pytestconfig):
    try:
        return katex.fetch(pytestconfig.rootpath)
    except RuntimeError as error:
        pytest.skip(str(error))


@pytest.fixture
def renderer(dist):
    renderer = katex.Renderer(dist)
    yield renderer
    renderer.close()


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """Return a folder with a lock file, and let npm reach neither network nor cache."""
    source = tmp_path / "source"
    source.mkdir()
    lock = {
        "name": "x", "lockfileVersion": 3, "requires": True,
        "packages": {
            "": {"name": "x", "dependencies": {"katex": "0.16.22"}},
            "node_modules/katex": {"version": "0.16.22", "integrity": "sha512-AAAA"},
        },
    }  # fmt: skip
    (source / "package.json").write_text(json.dumps(lock["packages"][""]))
    (source / "package-lock.json").write_text(json.dumps(lock))
    monkeypatch.setenv("npm_config_offline", "true")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    return source


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


def test_without_network_one_sentence_says_what_to_do(offline):
    with pytest.raises(RuntimeError, match="^KaTeX could not be fetched .* build again, once is enough"):
        katex.fetch(offline)
    assert not (offline / "node_modules" / ".installed.json").exists()


def test_packages_are_fetched_once_and_again_when_the_lock_file_changes(offline, monkeypatch):
    calls = []

    def npm(*arguments, cwd):
        calls.append(arguments[0])
        (cwd / "node_modules").mkdir(exist_ok=True)

    monkeypatch.setattr(katex, "npm", npm)
    assert katex.fetch(offline) == katex.fetch(offline) == offline / "node_modules" / "katex" / "dist"
    assert calls == ["ci"]
    (offline / "package-lock.json").write_text("{}")
    katex.fetch(offline)
    assert calls == ["ci", "ci"]


def test_a_broken_install_is_not_taken_for_done(offline, monkeypatch):
    def npm(*arguments, cwd):
        (cwd / "node_modules" / "katex").mkdir(parents=True)
        raise RuntimeError("half way")

    monkeypatch.setattr(katex, "npm", npm)
    with pytest.raises(RuntimeError, match="half way"):
        katex.fetch(offline)
    monkeypatch.setattr(katex, "npm", lambda *arguments, cwd: None)
    katex.fetch(offline)
    assert (offline / "node_modules" / ".installed.json").exists()
