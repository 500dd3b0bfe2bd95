// The search: sections by their words, pages before the package, with a line of context.  BOOK comes from sections.js.

// One spelling for words that have two, and no endings.
function stem(word) {
  return word
    .replace(/isation/, "ization").replace(/is(e|ed|es|ing)$/, "iz$1").replace(/our(s|al)?$/, "or$1")
    .replace(/(.{4,}?)(ing|ed|es|s)$/, "$1").replace(/(.{4,})e$/, "$1");
}
const split = (text) =>
  text.toLowerCase().replace(/\bback[- ]prop/g, "backprop").replace(/(\p{L})-(?=\p{L})/gu, "$1 ")
    .split(/[^\p{L}\p{N}_]+/u).filter(Boolean).map(stem);

// The package stands behind the pages, and lists behind what they list.
function weight(name) {
  if (name.startsWith("chapters/api")) return 0.25;
  if (/ledger|references|departures/.test(name)) return 0.4;
  return /notation|index$/.test(name) ? 0.8 : 1;
}

function count(words, term) {
  let found = 0;
  for (let k = 0; k + term.length <= words.length; k++) found += term.every((word, j) => word === words[k + j]);
  return found;
}

const SECTIONS = BOOK.sections.map(([name, page, anchor, title, text]) => ({
  name, page, anchor, title, text, words: split(text), titles: [split(page), split(title)],
}));
const SYNONYMS = Object.entries(BOOK.words ?? {}).map(([word, others]) => [split(word).join(" "), others.map(split)]);
const FIRST = Object.entries(BOOK.first ?? {}).map(([words, name]) => [split(words).join(" "), name]);

// Each word of the query may stand there itself or by a synonym, which counts half.
function score(section, terms, phrase) {
  let sum = 0;
  for (const alternatives of terms) {
    const best = alternatives.map((term, k) => {
      const often = count(section.words, term), share = k ? 0.5 : 1;
      const inTitles = 3 * count(section.titles[0], term) + 6 * count(section.titles[1], term);
      return share * (inTitles + (3 * often) / (often + 1 + section.words.length / 300));
    });
    if (Math.max(...best) === 0) return 0;
    sum += Math.max(...best);
  }
  if (phrase.length > 1) {
    const often = count(section.words, phrase);
    sum += (6 * often) / (often + 1 + section.words.length / 300) + 6 * count(section.titles[1], phrase);
  }
  return sum * weight(section.name);
}

function search(query) {
  const phrase = split(query), asked = phrase.join(" ");
  const terms = phrase.map((word) => [[word], ...SYNONYMS.filter(([one]) => one === word).flatMap(([, others]) => others)]);
  if (!terms.length) return [];
  const first = FIRST.find(([words]) => words === asked)?.[1];
  const found = SECTIONS.map((section) => ({ section, score: score(section, terms, phrase) }));
  for (const one of found) if (one.score && one.section.name === first) one.score += 100;
  return found.filter((one) => one.score).sort((a, b) => b.score - a.score).slice(0, 60);
}

// The words around the first place that is meant.
function context(section, query) {
  const wanted = split(query), others = SYNONYMS.filter(([one]) => wanted.includes(one)).flatMap(([, them]) => them.flat());
  const words = section.text.split(/\s+/);
  const hits = (list) => words.findIndex((word) => split(word).some((one) => list.includes(one)));
  const at = Math.max(hits(wanted), 0) || Math.max(hits(others), 0), start = Math.max(0, at - 10);
  const line = document.createElement("p");
  line.append(start ? "… " : "");
  words.slice(start, start + 28).forEach((word) => {
    const meant = split(word).some((one) => wanted.includes(one) || others.includes(one));
    const node = meant ? document.createElement("mark") : document.createElement("span");
    node.textContent = word;
    line.append(node, " ");
  });
  if (start + 28 < words.length) line.append("…");
  return line;
}

function show(query) {
  const box = document.getElementById("search-results"), found = search(query);
  const said = document.createElement("p"), list = document.createElement("ol");
  said.setAttribute("role", "status");
  said.textContent = found.length ? `${found.length === 60 ? "The first 60" : found.length} sections` : "Nothing found. Try fewer words.";
  for (const { section } of found) {
    const item = list.appendChild(document.createElement("li")), link = document.createElement("a");
    link.href = `${section.name}.html${section.anchor ? `#${section.anchor}` : ""}`;
    link.textContent = section.title || section.page;
    item.append(link);
    if (section.title && section.title !== section.page) {
      const page = item.appendChild(document.createElement("span"));
      page.className = "page";
      page.textContent = ` ${section.page}`;
    }
    item.append(context(section, query));
  }
  box.replaceChildren(said, list);
}

const asked = new URLSearchParams(location.search).get("q") ?? "";
for (const input of document.querySelectorAll(".bd-search input")) input.value = asked;
if (asked) show(asked);
