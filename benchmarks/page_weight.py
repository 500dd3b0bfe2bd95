"""The heaviest pages of the site in headless Chromium, beside a stock Jupyter Book build of the same pages.

The stock build has the default theme, and MathJax in its own folder. Each page is loaded afresh from a server on this
machine. Transferred is what a host that compresses texts with gzip would send, without fonts and the page's own
figures; blocking is the part of the main thread's tasks beyond 50 ms, up to two seconds after loading; shift is the
cumulative layout shift. Medians of five.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from playwright.sync_api import sync_playwright

from bookkit import browser, pages
from bookkit.assets import npm

ROOT = Path(__file__).parents[1]
SITE = ROOT / "_build/html"
HEAVIEST = 3
BARS = {"bytes": 700e3, "blocking": 150, "shift": 0.01}
CONFIG = """\
title: Stock
only_build_toc_files: true
execute: {execute_notebooks: "off"}
bibtex_bibfiles: [chapters/references.bib]
sphinx:
  extra_extensions: [sphinx_proof, sphinx_exercise]
  config: {mathjax_path: mathjax/tex-mml-chtml.js, html_static_path: [_static]}
"""
WATCH = """
window.seen = {blocking: 0, shift: 0};
new PerformanceObserver((list) => list.getEntries().forEach((task) => seen.blocking += task.duration - 50))
  .observe({type: "longtask", buffered: true});
new PerformanceObserver((list) => list.getEntries().forEach((move) => seen.shift += move.value))
  .observe({type: "layout-shift", buffered: true});
"""


class Load(NamedTuple):
    """What one visit cost: bytes, milliseconds, and a share of the window."""

    bytes: float
    blocking: float
    shift: float


class Silent(SimpleHTTPRequestHandler):
    """A file server that keeps its log to itself."""

    def log_message(self, *_):
        """Say nothing."""


def table(show=print):
    """Show the pages beside their stock builds; return what missed its bar."""
    if lacking := pages.missing(ROOT, SITE):
        return [f"site: {lacking[0]} is missing, make book builds it"]
    heaviest = sorted(pages.names(ROOT), key=lambda name: -(SITE / f"{name}.html").stat().st_size)[:HEAVIEST]
    missed = []
    show("| page | build | transferred | blocking | shift |\n|---|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        stock, chromium = stock_build(Path(folder)), browser.start(playwright)
        for name in heaviest:
            for build, site in (("ours", SITE), ("stock", stock)):
                load = visit(chromium, site, name)
                show(f"| {name} | {build} | {load.bytes / 1e3:.0f} kB | {load.blocking:.0f} ms | {load.shift:.3f} |")
                if build == "ours":
                    missed += [f"{name}: {what} {getattr(load, what):.3g}" for what in BARS if over(load, what)]
    return missed


def over(load, what):
    """Whether the page costs more than the bar allows."""
    return getattr(load, what) >= BARS[what]


def stock_build(folder):
    """Build the same pages with Jupyter Book's defaults, and MathJax beside them."""
    for name in ("chapters", "_toc.yml"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    (folder / "_config.yml").write_text(CONFIG, encoding="utf-8")
    npm.npm("install", "--no-audit", "--no-fund", "mathjax@3.2.2", cwd=folder)
    shutil.copytree(folder / "node_modules/mathjax/es5", folder / "_static/mathjax")
    build = [Path(sys.executable).with_name("jupyter-book"), "build", folder]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return folder / "_build/html"


@contextmanager
def served(site):
    """Serve a folder on a free port of this machine; yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def visit(chromium, site, name, times=5):
    """Load a page a few times, each in a fresh browser context; return the medians."""
    with served(site) as address:
        loads = [once(chromium, address, site, name) for _ in range(times)]
    return Load(*map(median, zip(*loads, strict=True)))


def once(chromium, address, site, name):
    """Load a page once."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page, files = context.new_page(), []
    page.on("requestfinished", lambda it: files.append(site / unquote(urlsplit(it.url).path).lstrip("/")))
    page.add_init_script(WATCH)
    page.goto(f"{address}/{name}.html", wait_until="load", timeout=120_000)
    page.wait_for_timeout(2000)
    seen = page.evaluate("seen")
    context.close()
    return Load(sum(map(compressed, files)), seen["blocking"], seen["shift"])


def compressed(file):
    """Return the size of a file as a host sends it; nothing for a font or a figure."""
    if "_images" in file.parts or file.suffix in {".woff", ".woff2"}:
        return 0
    return len(gzip.compress(file.read_bytes()))
