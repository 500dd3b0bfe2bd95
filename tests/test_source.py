"""What a page shows of the package is the source itself, without the docstring."""

import inspect

from bptt import source
from bptt.cells import activations, rnn


def test_a_function_is_shown_without_its_docstring_and_otherwise_to_the_letter(capsys):
    source.show(rnn.init)
    shown, whole = capsys.readouterr().out, inspect.getsource(rnn.init)
    head, tail = whole.split('"""')[0].rstrip(), whole.split('"""')[2].lstrip("\n")
    assert shown == f"{head}\n{tail}"


def test_a_function_without_docstring_is_shown_whole(capsys):
    def double(z):
        # Comments stay.
        return 2 * z

    source.show(double)
    assert capsys.readouterr().out == "def double(z):\n    # Comments stay.\n    return 2 * z\n"


def test_a_docstring_of_one_line_goes_too(capsys):
    source.show(activations.gelu_slope)
    assert capsys.readouterr().out == "def gelu_slope(z, a):\n    return ndtr(z) + z * normal_density(z)\n"
