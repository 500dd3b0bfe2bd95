// Two small courtesies; every page also works without them.

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

addEventListener("DOMContentLoaded", () => {
  const boxes = document.querySelectorAll(".formula, .pst-scrollable-table-container");
  for (const box of boxes) observer.observe(box);
  unfold();
});
addEventListener("hashchange", unfold);
