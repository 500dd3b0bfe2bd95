// All explorables, in one script: it is small, and a page that has one is read beside pages that have others.
import * as cliff from "./cliff.mjs";
import * as fan from "./fan.mjs";
import * as gate from "./gate.mjs";
import * as paths from "./paths.mjs";
import * as twoUnit from "./two-unit.mjs";
import { mount } from "./ui.mjs";

const known = { fan, "two-unit": twoUnit, cliff, gate, paths };

for (const box of document.querySelectorAll(".explorable")) mount(box, box.id, known[box.id]);
