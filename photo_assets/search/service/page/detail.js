// One photo: its preview, what is known of it, its place, its files, and photos like it.

import * as asking from "./asking.js";
import { byId, element, facts } from "./elements.js";
import { tile } from "./tiles.js";

const dialog = byId("detail");
const PARTS = ["detail-links", "detail-paths", "detail-facts", "detail-provenance", "similar"];
const NAMES = {
  taken_at: "Taken", camera: "Camera", lens_model: "Lens", exposure_s: "Exposure", f_number: "Aperture", iso: "ISO",
  focal_length_mm: "Focal length", focal_length_35mm_mm: "As on 35 mm", flash_fired: "Flash", size: "Size",
  format: "Format", rating: "Rating", title: "Title", description: "Description", keywords: "Keywords", label: "Label",
};
const filtered = (name, value) => element("a", { href: `/?${new URLSearchParams({ [name]: value })}` }, value);
const WRITTEN = {
  camera: (value) => filtered("camera", value),
  lens_model: (value) => filtered("lens", value),
  taken_at: (value) => value.replace("T", " ").slice(0, 16),
  exposure_s: (value) => (value > 0 && value < 0.4 ? `1/${Math.round(1 / value)} s` : `${value} s`),
  f_number: (value) => `f/${value}`,
  focal_length_mm: (value) => `${value} mm`,
  focal_length_35mm_mm: (value) => `${value} mm`,
  flash_fired: (value) => (value ? "fired" : "did not fire"),
  format: (value) => value.toUpperCase(),
  rating: (value) => (value > 0 ? "★".repeat(value) : String(value)),
  keywords: (value) => value.flatMap((word, place) => [place ? ", " : "", filtered("keyword", word)]),
};

function factsOf(metadata) {
  const { width_px: width, height_px: height } = metadata;
  const told = { ...metadata, size: width && height ? `${width} × ${height}` : undefined };
  return Object.keys(NAMES)
    .filter((name) => told[name] !== undefined)
    .map((name) => [NAMES[name], WRITTEN[name] ? WRITTEN[name](told[name]) : String(told[name])]);
}

function linksOf(photo) {
  const place = photo.metadata.location;
  const links = [];
  if (place) {
    const at = `${place.lat.toFixed(5)}/${place.lon.toFixed(5)}`;
    const map = `https://www.openstreetmap.org/?mlat=${place.lat}&mlon=${place.lon}#map=15/${at}`;
    links.push(element("a", { href: map, target: "_blank", rel: "noopener noreferrer" }, "Map"));
    const near = new URLSearchParams({ lat: place.lat.toFixed(5), lon: place.lon.toFixed(5), km: 10 });
    links.push(element("a", { href: `/?${near}` }, "Photos near here"));
  }
  if (photo.original) links.push(element("a", { href: photo.original, download: "" }, "Save the original"));
  return links;
}

function fileOf(path) {
  const folder = path.slice(0, path.lastIndexOf("/")) || "/";
  const link = element("a", { href: `/?${new URLSearchParams({ folder })}`, title: "Photos in this folder" }, folder);
  return element("li", {}, link, path.slice(folder === "/" ? 1 : folder.length));
}

function show(photo) {
  byId("detail-caption").textContent = photo.caption ?? "No caption";
  byId("detail-links").replaceChildren(...linksOf(photo));
  byId("detail-paths").replaceChildren(...photo.paths.map(fileOf));
  facts(byId("detail-facts"), factsOf(photo.metadata));
  facts(byId("detail-provenance"), Object.entries(photo.provenance).map(([name, value]) => [name.replace("_", " "), value]));
}

async function showSimilar(id) {
  const found = await asking.similar(id).catch(() => ({ hits: [] }));
  if (dialog.dataset.photo === id) byId("similar").replaceChildren(...found.hits.map(tile));
}

// Opens the photo; `hit` is what the list of photos knows of it, if it is there.
export async function open(id, hit) {
  dialog.dataset.photo = id;
  const picture = byId("detail-picture");
  picture.src = hit?.preview ?? `/previews/${id}`;
  picture.alt = hit?.caption ?? "";
  byId("detail-caption").textContent = hit?.caption ?? "…";
  for (const part of PARTS) byId(part).replaceChildren(); // those of the photo before
  if (!dialog.open) dialog.showModal();
  dialog.querySelector("article").scrollTop = 0;
  const photo = await asking.photo(id);
  if (dialog.dataset.photo !== id) return; // another was opened meanwhile
  picture.alt = photo.caption ?? "no caption";
  show(photo);
  await showSimilar(id);
}
