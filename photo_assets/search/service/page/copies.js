// Photos that are there more than once, group by group, with the one to keep. Nothing here deletes anything.

import * as asking from "./asking.js";
import { byId, element } from "./elements.js";

const KINDS = { exact: "The same file", perceptual: "Looks the same", semantic: "Nearly the same view" };
const kinds = new URLSearchParams(location.search).getAll("kind");
let shown = 0;

function aboutOf(copy) {
  const size = copy.width_px && copy.height_px ? `${copy.width_px} × ${copy.height_px}` : null;
  const taken = copy.taken_at?.replace("T", " ").slice(0, 16);
  return [copy.format?.toUpperCase(), size, taken].filter(Boolean).join(" · ");
}

// A path that may go on in the next line after each folder.
const broken = (path) => path.split(/(?<=\/)/).flatMap((part) => [part, element("wbr")]);

function card(copy, isKept) {
  const picture = element("img", { src: `/thumbnails/${copy.photo_id}`, alt: "", loading: "lazy", decoding: "async" });
  const badge = isKept ? element("strong", {}, "Keep") : null;
  const paths = copy.paths.map((path) => element("p", { class: "path" }, ...broken(path)));
  const link = element("a", { href: `/#${copy.photo_id}`, "aria-label": copy.paths[0] ?? copy.photo_id }, picture);
  return element("li", { class: isKept ? "kept" : null }, link, badge, element("p", {}, aboutOf(copy)), ...paths);
}

function section(group) {
  const copies = [group.keep, ...group.others];
  const what = group.kind === "exact" ? "files" : "photos";
  const title = element("h2", {}, KINDS[group.kind], element("small", {}, ` ${copies.length} ${what}`));
  return element("li", {}, title, element("ul", { class: "copies" }, ...copies.map((copy, place) => card(copy, place === 0))));
}

function summary(found) {
  const count = `${found.total} group${found.total === 1 ? "" : "s"}`;
  const lacking = found.without_hash ? ` ${found.without_hash} photos could not be compared as pictures.` : "";
  return (found.total ? `${count}; the one to keep comes first. Nothing is deleted.` : "No duplicates.") + lacking;
}

async function load() {
  byId("more").disabled = true;
  try {
    const found = await asking.duplicates(kinds, shown);
    byId("groups").append(...found.groups.map(section));
    shown += found.groups.length;
    byId("more").hidden = shown >= found.total;
    byId("status").textContent = summary(found);
  } catch (problem) {
    byId("status").textContent = problem.message;
    byId("status").classList.add("problem");
  }
  byId("more").disabled = false;
}

for (const box of byId("kinds").elements.kind) box.checked = !kinds.length || kinds.includes(box.value);
byId("more").addEventListener("click", load);
byId("status").textContent = "Looking …";
await load();
