"""tools/environment.py: an environment is finished or starts afresh, and every refusal is a sentence."""

import importlib.util
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TORCH = "2.13.0"


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """Return the module, at work in a folder of its own, with pip and venv replaced by a diary."""
    spec = importlib.util.spec_from_file_location("environment", ROOT / "tools/environment.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("requirements.txt", "constraints.txt", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv/installed")
    monkeypatch.setattr(module, "PYTHON", Path(sys.executable))
    monkeypatch.delenv("TORCH", raising=False)
    return module


@pytest.fixture
def diary(environment, monkeypatch):
    """Return the list of what was done: new environments, probes and calls of pip."""
    done = []

    def make_venv():
        done.append("venv")
        environment.VENV.mkdir(exist_ok=True)

    monkeypatch.setattr(environment, "make_venv", make_venv)
    monkeypatch.setattr(environment, "works", environment.VENV.exists)
    monkeypatch.setattr(environment, "install_torch", lambda: done.append("torch"))
    monkeypatch.setattr(environment, "pip_install", lambda *arguments: done.append(" ".join(arguments)))
    return done


PINNED = "-r requirements.txt -c constraints.txt"
AFRESH = ["venv", "torch", PINNED]


def test_a_second_run_does_nothing(environment, diary):
    environment.main()
    assert diary == AFRESH
    environment.main()
    assert diary == AFRESH


def test_a_failed_install_is_not_taken_for_done(environment, diary, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(environment, "pip_install", fail)
        with pytest.raises(KeyboardInterrupt):
            environment.main()
    assert environment.found() == "unfinished\n"
    diary.clear()
    environment.main()
    assert diary == AFRESH


def test_other_versions_are_installed_in_place(environment, diary):
    environment.main()
    (environment.ROOT / "constraints.txt").write_text("numpy==2.4.6\n")
    diary.clear()
    environment.main()
    assert diary == ["torch", PINNED]


@pytest.mark.parametrize("change", ["torch", "place", "python"])
def test_what_cannot_be_changed_in_place_starts_afresh(environment, diary, monkeypatch, change):
    environment.main()
    if change == "torch":
        monkeypatch.setenv("TORCH", "plain")
    elif change == "place":
        monkeypatch.setattr(environment, "VENV", environment.ROOT / "elsewhere")
    else:
        monkeypatch.setattr(environment.sys, "version_info", (3, 12, 0, "final", 0))
    diary.clear()
    environment.main()
    assert diary == AFRESH


def test_the_readers_own_environment_is_completed_and_not_deleted(environment, diary):
    environment.VENV.mkdir()
    environment.main()
    assert diary == ["torch", PINNED]


def test_a_new_environment_is_unfinished_before_anything_can_fail(environment, monkeypatch):
    environment.VENV.mkdir()
    (environment.VENV / "half a package").touch()
    seen = []

    def look(command, check):
        seen.append((command[1:], check, environment.found(), [path.name for path in environment.VENV.iterdir()]))

    monkeypatch.setattr(environment.subprocess, "run", look)
    environment.make_venv()
    assert seen == [(["-m", "venv", environment.VENV], True, "unfinished\n", ["installed"])]


def refusal(call):
    with pytest.raises(SystemExit) as stopped:
        call()
    return str(stopped.value)


@pytest.mark.parametrize("version", [(3, 10, 12), (3, 14, 0)])
def test_another_python_is_refused(environment, monkeypatch, version):
    monkeypatch.setattr(environment.sys, "version_info", version)
    monkeypatch.setattr(environment.sys, "version", ".".join(map(str, version)) + " (main)")
    said = refusal(environment.check_python)
    assert f"this is Python {'.'.join(map(str, version))}, and the course needs 3.11, 3.12 or 3.13" in said


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_missing_venv_is_answered_with_the_package_to_install(environment, monkeypatch, module):
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: name != module)
    assert "sudo apt-get install python3-venv" in refusal(environment.check_python)


def test_an_unknown_choice_of_torch_is_refused(environment, monkeypatch):
    monkeypatch.setenv("TORCH", "gpu")
    assert refusal(environment.wanted).endswith("TORCH is 'gpu', but it must be `cpu` or `plain`.")


def test_a_failing_pip_has_the_last_words_but_one(environment, capfd):
    said = refusal(lambda: environment.pip_install("--no-index", "no-such-package-here"))
    assert "No matching distribution found for no-such-package-here" in capfd.readouterr().err
    assert said.endswith("pip says why above; the same command can be run again.")


def test_torch_is_the_one_of_the_requirements(environment):
    assert environment.torch_version() == TORCH


# Stand-ins for `python -m pip index versions torch …`: what pip says of its own sources, and of PyTorch's index.
ASKED = 'import sys; local = "--index-url" not in sys.argv\n'
OFFERS = f'print("torch (9.9)\\nAvailable versions: 9.9, {TORCH}+cpu")\n'
PLAIN = f'print("torch (9.9)\\nAvailable versions: 9.9, {TORCH}")\n'


@pytest.fixture
def probe(environment, tmp_path, monkeypatch):
    """Return a function that sets what the two probes do, and searches."""

    def search(body):
        stand_in = tmp_path / "python"
        stand_in.write_text(f"#!{sys.executable}\n{ASKED}{body}")
        stand_in.chmod(0o755)
        monkeypatch.setattr(environment, "PYTHON", stand_in)
        return environment.find_cpu_torch()

    return search


needs_shebang = pytest.mark.skipif(sys.platform == "win32", reason="a script cannot stand in for python.exe")


@needs_shebang
def test_a_wheel_at_hand_comes_first(probe):
    assert probe(OFFERS) == [f"torch=={TORCH}+cpu"]


@needs_shebang
def test_pytorchs_index_comes_second(probe, environment):
    assert probe(f"if local: {PLAIN}else: {OFFERS}") == [f"torch=={TORCH}+cpu", "--index-url", environment.CPU_INDEX]


@needs_shebang
@pytest.mark.parametrize("body", [PLAIN, "sys.exit(1)"])
def test_where_nobody_offers_it_there_is_none(probe, body):
    assert probe(body) == []


@needs_shebang
@pytest.mark.parametrize(("near", "found"), [(OFFERS, [f"torch=={TORCH}+cpu"]), (PLAIN, [])])
def test_an_index_out_of_reach_is_not_waited_for(probe, environment, monkeypatch, near, found):
    monkeypatch.setattr(environment, "PROBE_SECONDS", 0.5)
    start = time.monotonic()
    assert probe(f"import time\nif not local: time.sleep(600)\n{near}") == found
    assert time.monotonic() - start < 300  # far from 600; a busy machine is slow to start two programs


@needs_shebang
def test_the_readers_own_index_may_be_slow(probe, environment, monkeypatch):
    monkeypatch.setattr(environment, "PROBE_SECONDS", 0.1)
    assert probe(f"import time; time.sleep(1)\n{OFFERS}") == [f"torch=={TORCH}+cpu"]


@pytest.mark.parametrize(("platform", "choice", "there"), [("darwin", "cpu", False), ("linux", "plain", False),
                                                           ("linux", "cpu", True)])  # fmt: skip
def test_torch_is_left_to_pip_where_no_choice_is_to_be_made(environment, monkeypatch, platform, choice, there):
    monkeypatch.setattr(environment.sys, "platform", platform)
    monkeypatch.setenv("TORCH", choice)
    monkeypatch.setattr(environment, "holds", lambda _: there)
    monkeypatch.setattr(environment, "find_cpu_torch", lambda: pytest.fail("there was nothing to look for"))
    environment.install_torch()


def test_the_plain_torch_comes_with_a_word(environment, monkeypatch, capsys):
    monkeypatch.setattr(environment.sys, "platform", "linux")
    monkeypatch.setattr(environment, "holds", lambda _: False)
    monkeypatch.setattr(environment, "find_cpu_torch", lambda: [])
    environment.install_torch()
    assert capsys.readouterr().out == "No CPU build of torch was found: taking the plain one, several GB.\n"
