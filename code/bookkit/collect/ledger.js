// The ledger's filter: by chapter, kind and words.  Without this script the whole list is there.
addEventListener("DOMContentLoaded", () => {
  const chapters = [...document.querySelectorAll("section[id^=chapter-]")];
  const claims = chapters.flatMap((chapter) =>
    [...chapter.querySelectorAll("ul.claims > li")].map((line) => ({
      line,
      chapter: chapter.id,
      kind: line.querySelector(".kind").textContent.trim(),
      words: line.textContent.toLowerCase(),
    })),
  );
  const bar = document.createElement("form");
  bar.className = "filter";
  bar.setAttribute("role", "search");
  const choice = (label, options) => {
    const select = document.createElement("select");
    for (const [value, text] of [["", `all ${label}`], ...options]) select.add(new Option(text, value));
    select.setAttribute("aria-label", label);
    return bar.appendChild(select);
  };
  const chapter = choice("chapters", chapters.map((one) => [one.id, one.querySelector("h2, h3").firstChild.textContent]));
  const kind = choice("kinds", [...new Set(claims.map((one) => one.kind))].sort().map((one) => [one, one]));
  const words = bar.appendChild(document.createElement("input"));
  Object.assign(words, { type: "search", placeholder: "words of a claim" });
  words.setAttribute("aria-label", "words of a claim");
  const count = bar.appendChild(document.createElement("output"));
  const show = () => {
    const wanted = words.value.toLowerCase().split(/\s+/);
    let seen = 0;
    for (const one of claims) {
      const fits =
        (!chapter.value || one.chapter === chapter.value) &&
        (!kind.value || one.kind === kind.value) &&
        wanted.every((word) => one.words.includes(word));
      one.line.hidden = !fits;
      seen += fits;
    }
    for (const list of document.querySelectorAll("section[id^=chapter-] ul.claims")) {
      list.hidden = !list.querySelector(":scope > li:not([hidden])");
      list.previousElementSibling.hidden = list.hidden;
    }
    for (const one of chapters) one.hidden = !one.querySelector("ul.claims:not([hidden])");
    count.value = `${seen} of ${claims.length}`;
  };
  bar.addEventListener("input", show);
  bar.addEventListener("submit", (event) => event.preventDefault());
  document.querySelector(".totals").after(bar);
  show();
});
