// Two small courtesies; every page also works without them.

// A box that scrolls can be reached with the keyboard, and only then takes part in tabbing.
const boxes = document.querySelectorAll(".formula, .pst-scrollable-table-container");
const observer = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    target.scrollWidth > target.clientWidth
      ? target.setAttribute("tabindex", "0")
      : target.removeAttribute("tabindex");
  }
});
for (const box of boxes) observer.observe(box);

// A link into a folded box opens it, also in browsers that do not do so themselves.
function unfold() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let box = target?.closest("details"); box; box = box.parentElement.closest("details")) {
    box.open = true;
  }
  target?.scrollIntoView();
}
addEventListener("hashchange", unfold);
if (location.hash) addEventListener("load", unfold);
