"""Results on disk: small tables written whole or not at all, and where they come from."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import tomllib
from pathlib import Path


class RecordError(Exception):
    """Results cannot be read or written; the message says which, why, and what to do."""


def write_text(path, text):
    """Write a file whole or not at all: beside it first, then in its place.

    Parameters
    ----------
    path : str or pathlib.Path
        Missing folders are made.
    text : str

    Raises
    ------
    RecordError
        When it cannot be written, as on a full disk. The file that was there before stays as it was.
    """
    path = Path(path)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise RecordError(
            f"{path} could not be written ({error.strerror or error}); what was stored before is whole"
        ) from error
    except BaseException:  # Ctrl-C between the two
        draft.unlink(missing_ok=True)
        raise


def read_text(path):
    """Text of a file.

    Raises
    ------
    RecordError
        When it is missing, or no text.
    """
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RecordError(f"there is no {path}: `python -m bptt.experiments list` names what can be run") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{path} could not be read ({error}): restore it, or delete it and run it again") from error


def checksum(path):
    """SHA-256 of a file's text, which tells a file that was changed from the one that was written."""
    return hashlib.sha256(read_text(path).encode()).hexdigest()


def write_table(path, rows):
    """Write rows as CSV; all rows have the columns of the first, None is an empty field.

    Raises
    ------
    ValueError
        When there is no row, or one has other columns.
    RecordError
        As `write_text`.

    Notes
    -----
    Numbers are written in full, so that what is read is what was written; round them before, where that is enough.
    """
    if not rows:
        raise ValueError(f"rows is empty, but {path} needs at least one")
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, buffer.getvalue())


def read_table(path):
    """Rows of a CSV file, as dictionaries; what looks like a number is one, an empty field is None.

    Raises
    ------
    RecordError
        When the file is missing, empty, or cut off.
    """
    lines = list(csv.reader(read_text(path).splitlines()))
    if len(lines) < 2:
        raise RecordError(f"{path} holds no rows: restore it, or delete it and run it again")
    columns, *rows = lines
    for number, row in enumerate(rows, start=2):
        if len(row) != len(columns):
            raise RecordError(
                f"{path} has {len(row)} fields in line {number}, but {len(columns)} columns: "
                "restore it, or delete it and run it again"
            )
    return [dict(zip(columns, map(_value, row), strict=True)) for row in rows]


def _value(field):
    if field == "":
        return None
    for kind in (int, float):
        try:
            return kind(field)
        except ValueError:
            pass
    return field


def write_toml(path, table):
    """Write one level of names and values, and tables of them, as TOML."""
    plain = {name: value for name, value in table.items() if not isinstance(value, dict)}
    lines = [f"{_key(name)} = {_toml(value)}" for name, value in plain.items()]
    for name, inner in table.items():
        if isinstance(inner, dict):
            lines += ["", f"[{name}]", *(f"{_key(key)} = {_toml(value)}" for key, value in inner.items())]
    write_text(path, "\n".join(lines) + "\n")


def _key(name):
    bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if bare else _toml(name)  # with a dot it would make a table


def _toml(value):
    return json.dumps(value, ensure_ascii=False)  # for text, numbers, booleans and lists of them the two agree


def read_toml(path):
    """Read a TOML file.

    Raises
    ------
    RecordError
        When it is missing or not TOML.
    """
    text = read_text(path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecordError(f"{path} is no TOML ({error}): restore it") from error
