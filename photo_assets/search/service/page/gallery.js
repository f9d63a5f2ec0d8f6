// The gallery: the search in the address becomes photos, keys and clicks become searches.

import * as asking from "./asking.js";
import * as detail from "./detail.js";
import { byId, element } from "./elements.js";
import { moveFocus, tile } from "./tiles.js";

const form = byId("search");
const tiles = byId("tiles");
const dialog = byId("detail");
let hits = [];
let picture = null; // the file that is searched by, which no address can hold
let rendered = ""; // the search in the address that is shown
let latest = 0; // answers to earlier searches are not shown

const parameters = () => new URLSearchParams(location.search);

function tell(text, isProblem = false) {
  byId("status").textContent = text;
  byId("status").classList.toggle("problem", isProblem);
  byId("trouble").textContent = "";
}

function summary({ more, beyond }) {
  if (!hits.length) return "Nothing found. Take a filter off, or say it in other words.";
  const count = `${hits.length}${more || beyond ? " or more" : ""} photo${hits.length === 1 && !more ? "" : "s"}`;
  const rest = beyond ? ". These are as many as a search shows: filters lead to the others" : "";
  const text = parameters().get("text");
  if (picture) return `${count} like ${picture.name}${text ? ` and “${text}”` : ""}, the most alike first${rest}`;
  return (text ? `${count}, the best first` : count) + rest;
}

// Under a problem nothing is left standing of another search, and the next one is not made with this picture again.
function dropAll() {
  hits = [];
  tiles.replaceChildren();
  byId("more").hidden = true;
  picture = null;
  byId("without-picture").hidden = true;
}

function suggest(id, values) {
  const known = new Set([...byId(id).options].map((option) => option.value));
  const fresh = new Set(values.filter((value) => value && !known.has(value)));
  byId(id).append(...[...fresh].map((value) => element("option", { value })));
}

async function load(offset = 0) {
  const asked = ++latest;
  if (!offset) tell(picture ? `Looking at ${picture.name} …` : "Searching …");
  byId("more").disabled = true;
  try {
    const found = await asking.search(parameters(), offset, picture);
    if (asked !== latest) return;
    hits = offset ? [...hits, ...found.hits] : found.hits;
    if (!offset) tiles.replaceChildren();
    tiles.append(...found.hits.map(tile));
    suggest("cameras", hits.map((hit) => hit.camera));
    byId("more").hidden = !found.more;
    tell(summary(found));
  } catch (problem) {
    if (asked !== latest) return;
    if (offset) {
      byId("trouble").textContent = problem.message; // where the button is that was pressed
    } else {
      tell(problem.message, true);
      dropAll();
    }
  }
  byId("more").disabled = false;
}

// The page as the address says it.
function render() {
  rendered = location.search;
  asking.fill(form, parameters());
  const count = asking.filtersIn(parameters()).length;
  byId("filter-count").textContent = count;
  byId("filter-count").hidden = !count;
  const text = parameters().get("text");
  tiles.classList.toggle("unscored", !text && !picture);
  byId("without-picture").hidden = !picture;
  document.title = text ? `${text} · Photos` : "Photos";
  return load();
}

function go(asked) {
  const query = asked.toString();
  history.pushState(null, "", query ? `/?${query}` : "/");
  return render();
}

// By this picture from now on, beside the words and filters there are; by none where there is none.
function searchBy(file) {
  picture = file;
  return render();
}

// One photo, by the part of the address behind #.
const shown = () => decodeURIComponent(location.hash.slice(1));
const positionOf = (id) => hits.findIndex((hit) => hit.photo_id === id);

function renderPhoto() {
  const id = shown();
  if (!id) return dialog.open && dialog.close();
  const at = positionOf(id);
  byId("previous").disabled = at < 1;
  byId("next").disabled = at < 0 || at > hits.length - 2;
  return detail.open(id, hits[at]).catch((problem) => {
    if (shown() !== id) return; // another is shown by now
    dialog.close();
    tell(problem.message, true);
  });
}

function step(by) {
  const at = positionOf(shown());
  const next = at < 0 ? undefined : hits[at + by];
  if (next) location.replace(`#${next.photo_id}`);
}

function closed() {
  const id = shown();
  if (id) history.replaceState(null, "", location.pathname + location.search);
  tiles.querySelector(`[href="#${CSS.escape(id)}"]`)?.focus();
}

function showFilters(shown) {
  byId("filters").hidden = !shown;
  byId("filters-switch").setAttribute("aria-expanded", shown);
}

const isTyping = (target) => target.closest("input, select, textarea") !== null;

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (dialog.open) {
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  } else if (event.key === "Escape" && isTyping(event.target)) {
    event.target.blur();
  } else if (event.target.id === "text" && event.key === "ArrowDown") {
    if (moveFocus(tiles, event.key)) event.preventDefault();
  } else if (!isTyping(event.target)) {
    if (event.key === "/") byId("text").select();
    if (event.key === "/" || moveFocus(tiles, event.key)) event.preventDefault();
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  showFilters(false);
  go(asking.parametersOf(form));
});
byId("filters-switch").addEventListener("click", () => showFilters(byId("filters").hidden));
byId("clear").addEventListener("click", () => {
  const kept = new URLSearchParams();
  if (form.elements.text.value.trim()) kept.set("text", form.elements.text.value.trim());
  go(kept);
});
byId("picture").addEventListener("change", (event) => {
  const [file] = event.target.files;
  event.target.value = ""; // so that the same file can be chosen again
  if (file) searchBy(file);
});
byId("without-picture").addEventListener("click", () => searchBy(null));
byId("more").addEventListener("click", () => load(hits.length));
byId("previous").addEventListener("click", () => step(-1));
byId("next").addEventListener("click", () => step(1));
byId("close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
dialog.addEventListener("close", closed);
document.addEventListener("keydown", onKey);
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", () => document.body.classList.remove("dropping"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  if (event.dataTransfer.files[0]) searchBy(event.dataTransfer.files[0]);
});
window.addEventListener("popstate", () => {
  if (location.search === rendered) return;
  picture = null; // the address that one goes back to knows of none
  render();
});
window.addEventListener("hashchange", renderPhoto);

asking.tidyAddress();
await render();
renderPhoto();
