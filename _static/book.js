// Three small courtesies; every page also works without them.

// A box that scrolls can be reached with the keyboard, and only then takes part in tabbing.
const observer = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.setAttribute("tabindex", "0");
    else target.removeAttribute("tabindex");
  }
});

// The anchor that the address names.
function anchor() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return ""; // a link that was cut off within a letter
  }
}

// A link into a folded box opens it, also in browsers that do not do so themselves.
function unfold() {
  const target = document.getElementById(anchor());
  const folds = [];
  for (let fold = target?.closest("details"); fold; fold = fold.parentElement.closest("details")) {
    folds.push(fold);
  }
  if (folds.every((fold) => fold.open)) return;
  for (const fold of folds) fold.open = true;
  target.scrollIntoView();
}

// A page that was read to its end gets a mark in the contents.  The browser remembers it and tells nobody.
const SHELF = "gradients-through-time:read";
function pagesRead() {
  try {
    return new Set(JSON.parse(localStorage.getItem(SHELF) ?? "[]"));
  } catch {
    return new Set(); // no storage, or not ours
  }
}
function keep(pages) {
  try {
    localStorage.setItem(SHELF, JSON.stringify([...pages]));
  } catch {
    // A browser that keeps nothing: the mark stays until the page is left.
  }
}
function nameOf({ pathname }) {
  return pathname.slice(new URL(document.documentElement.dataset.content_root, location).pathname.length);
}
function markRead(pages) {
  for (const link of document.querySelectorAll(".bd-links a.internal")) {
    if (!pages.has(nameOf(link)) || link.querySelector(".read")) continue;
    const mark = link.appendChild(document.createElement("span"));
    mark.className = "read";
    mark.textContent = " (read)";
  }
}
function watchTheEnd() {
  markRead(pagesRead());
  new IntersectionObserver(([end], observer) => {
    if (!end.isIntersecting) return;
    observer.disconnect();
    const pages = pagesRead().add(nameOf(location));
    keep(pages);
    markRead(pages);
  }).observe(document.querySelector(".prev-next-footer"));
}

addEventListener("DOMContentLoaded", () => {
  const boxes = document.querySelectorAll(".formula, .pst-scrollable-table-container");
  for (const box of boxes) observer.observe(box);
  unfold();
  watchTheEnd();
});
addEventListener("hashchange", unfold);
