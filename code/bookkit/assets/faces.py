"""Font files: cut to the characters of the course, measured, and named in a style sheet.

fontTools does the cutting; which faces there are is said in ``fonts.toml``.
"""

from base64 import b64encode
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

WEIGHTS = (400, 700)
NAMES = [0, 1, 2, 3, 4, 6, 13, 14]  # copyright and licence stay in the file
RULE = '@font-face {{ font-family: "{family}"; {rest}; }}'


class Measures(NamedTuple):
    """How far a face reaches above and below its line, and how wide the sample is, in ems."""

    ascent: float
    descent: float
    width: float


def code_points(ranges: str) -> set[int]:
    """Return the code points of ranges in hexadecimal.

    Examples
    --------
    >>> sorted(code_points("41-43 3B1"))
    [65, 66, 67, 945]
    """
    ends = [[int(end, 16) for end in part.split("-")] for part in ranges.split()]
    return {code for pair in ends for code in range(pair[0], pair[-1] + 1)}


def ranges(codes: set[int]) -> str:
    """Return code points as the value of ``unicode-range``.

    Examples
    --------
    >>> ranges({65, 66, 67, 945})
    'U+41-43, U+3B1'
    """
    runs: list[list[int]] = []
    for code in sorted(codes):
        if runs and code == runs[-1][1] + 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return ", ".join(f"U+{first:X}" + (f"-{last:X}" if last > first else "") for first, last in runs)


def measure(path: Path, sample: str) -> Measures:
    """Return the measures of a face, at the weight of text."""
    font = TTFont(path)
    if "fvar" in font:
        font = instancer.instantiateVariableFont(font, {"wght": WEIGHTS[0]})
    em, head = font["head"].unitsPerEm, font["hhea"]
    cmap, widths = font.getBestCmap(), font["hmtx"]
    width = sum(widths[cmap[ord(letter)]][0] for letter in sample)
    return Measures(head.ascent / em, -head.descent / em, width / em)


def cut(path: Path, codes: set[int], name: str) -> tuple[bytes, set[int]]:
    """Return a face as ``woff2`` with some characters only, and those of them that it has.

    It gets another name, because the makers of some faces reserve theirs for the whole.
    """
    font = TTFont(path, recalcTimestamp=False)
    codes = codes & set(font.getBestCmap())
    options = Options(name_IDs=NAMES, hinting=False, notdef_outline=True, drop_tables=["FFTM"])
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=codes)
    subsetter.subset(font)
    if "fvar" in font:
        font = instancer.instantiateVariableFont(font, {"wght": WEIGHTS})
    for record in font["name"].names:
        if record.nameID in (1, 3, 4, 6):
            record.string = name if record.nameID != 6 else name.replace(" ", "")
    font.flavor, file = "woff2", BytesIO()
    font.save(file)
    return file.getvalue(), codes


def reach(measures: Measures, scale: float = 1.0) -> str:
    """Return the descriptors that give a face another's measures."""
    up, down = 100 * measures.ascent / scale, 100 * measures.descent / scale
    return f"ascent-override: {up:.2f}%; descent-override: {down:.2f}%; line-gap-override: 0%"


class Family:
    """One family of ``fonts.toml``: its faces, its symbols, and what stands in for it.

    Parameters
    ----------
    key : str
        Its name in the table.
    table : dict
        The whole table.
    modules : pathlib.Path
        ``node_modules``.
    """

    def __init__(self, key: str, table: dict, modules: Path) -> None:
        self.key, self.modules, self.sample = key, modules, table["sample"]
        self.says = table["family"][key]
        self.name = self.says["name"]
        self.characters = {name: code_points(text) for name, text in table["characters"].items()}
        self.measures = measure(self.file("latin", "normal"), self.sample)

    def file(self, subset: str, style: str) -> Path:
        """Return the file of a face."""
        return self.modules / self.says["package"] / "files" / self.says["file"].format(subset=subset, style=style)

    def faces(self, target: Path) -> Iterator[str]:
        """Write the files of the letters, and yield a rule for each."""
        for style in self.says["styles"]:
            for subset in ("latin", "greek", "latin-ext"):
                content, codes = cut(self.file(subset, style), self.characters[subset], self.name)
                name = f"{self.key}-{subset}-{style}.woff2"
                (target / name).write_bytes(content)
                display = "optional" if subset == "latin" else "swap"
                rest = f"font-style: {style}; font-weight: {WEIGHTS[0]} {WEIGHTS[1]}; font-display: {display}"
                yield self.rule(self.name, f'{rest}; src: url({name}) format("woff2")', codes)

    def symbols(self) -> Iterator[str]:
        """Yield the rules of the faces that lend symbols; each has what those before it lack."""
        wanted = self.characters["symbols"]
        for path in map(self.modules.joinpath, self.says["symbols"]):
            content, codes = cut(path, wanted, f"{self.name} Symbols")
            wanted = wanted - codes
            source = f'src: url(data:font/woff2;base64,{b64encode(content).decode()}) format("woff2")'
            yield self.rule(f"{self.name} Symbols", source, codes)

    def rule(self, family: str, rest: str, codes: set[int]) -> str:
        """Return a rule for some characters, with the measures of the family."""
        return RULE.format(family=family, rest=f"{rest}; unicode-range: {ranges(codes)}; {reach(self.measures)}")

    def stand_ins(self) -> Iterator[str]:
        """Yield a rule for every face of a machine that may stand in, as wide and as high as ours."""
        for name, twin in self.says["stand-ins"]:
            scale = self.measures.width / measure(self.modules / twin, self.sample).width
            rest = f'src: local("{name}"); size-adjust: {100 * scale:.2f}%; {reach(self.measures, scale)}'
            yield RULE.format(family=f"{self.name} by {name}", rest=rest)

    def stack(self) -> str:
        """Return the custom property that names all of them, in order."""
        others = [f"{self.name} by {name}" for name, _ in self.says["stand-ins"]]
        names = ", ".join(f'"{name}"' for name in (self.name, f"{self.name} Symbols", *others))
        return f":root {{ --{self.key}: {names}, {self.says['generic']}; }}"

    def licences(self) -> Iterator[Path]:
        """Yield the folders of the packages whose glyphs are shipped."""
        yield self.modules / self.says["package"]
        yield from ((self.modules / path).parents[1] for path in self.says["symbols"])
