"""bookkit.assets.npm: packages are fetched once, and what goes wrong is said in a sentence."""

import json

import pytest

from bookkit.assets import npm


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


def test_without_network_one_sentence_says_what_to_do(offline):
    with pytest.raises(RuntimeError, match="^KaTeX, D3 and the fonts could not be fetched .* build again, once is enough"):
        npm.fetch(offline)
    assert not (offline / "node_modules" / ".installed.json").exists()


def test_packages_are_fetched_once_and_again_when_the_lock_file_changes(offline, monkeypatch):
    calls = []

    def stand_in(*arguments, cwd):
        calls.append(arguments[0])
        (cwd / "node_modules").mkdir(exist_ok=True)

    monkeypatch.setattr(npm, "npm", stand_in)
    assert npm.fetch(offline) == npm.fetch(offline) == offline / "node_modules"
    assert calls == ["ci"]
    (offline / "package-lock.json").write_text("{}")
    npm.fetch(offline)
    assert calls == ["ci", "ci"]


def test_a_broken_install_is_not_taken_for_done(offline, monkeypatch):
    def stand_in(*arguments, cwd):
        (cwd / "node_modules" / "katex").mkdir(parents=True)
        raise RuntimeError("half way")

    monkeypatch.setattr(npm, "npm", stand_in)
    with pytest.raises(RuntimeError, match="half way"):
        npm.fetch(offline)
    monkeypatch.setattr(npm, "npm", lambda *arguments, cwd: None)
    npm.fetch(offline)
    assert (offline / "node_modules" / ".installed.json").exists()
