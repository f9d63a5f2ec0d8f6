// Photos as tiles in rows of one height, and the arrow keys among them.

import { element } from "./elements.js";

const ROW = 210; // the rows' height on a wide screen, in px; gallery.css has it too
const THUMBNAIL = 256; // the long side of a thumbnail, in px
const PREVIEW = 512; // the short side of a preview, in px

function shapeOf(hit) {
  const shape = hit.width_px && hit.height_px ? hit.width_px / hit.height_px : 4 / 3;
  return Math.min(3, Math.max(0.5, shape)); // a panorama is cropped rather than a line
}

// A picture whose browser takes the thumbnail where that is sharp enough.
function picture(hit) {
  const shape = shapeOf(hit);
  const widths = [Math.min(THUMBNAIL, THUMBNAIL * shape), Math.max(PREVIEW, PREVIEW * shape)].map(Math.round);
  return element("img", {
    src: hit.thumbnail,
    srcset: `${hit.thumbnail} ${widths[0]}w, ${hit.preview} ${widths[1]}w`,
    sizes: `${Math.round(ROW * shape)}px`,
    alt: hit.caption ?? "no caption",
    loading: "lazy",
    decoding: "async",
  });
}

export function tile(hit) {
  const words = element("span", { "aria-hidden": "true" }, element("b", {}, hit.caption ?? ""));
  words.append(element("i", { title: "likeness to what is searched" }, hit.score.toFixed(2)));
  const link = element("a", { class: "tile", href: `#${hit.photo_id}` }, picture(hit), words);
  const item = element("li", {}, link);
  item.style.setProperty("--shape", shapeOf(hit).toFixed(4));
  return item;
}

const middle = (box) => box.left + box.width / 2;

// The tile of the next row in this direction that lies nearest.
function inNextRow(links, from, direction) {
  const here = links[from].getBoundingClientRect();
  const boxes = links.map((link) => link.getBoundingClientRect());
  const beyond = boxes.filter((box) => (box.top - here.top) * direction > 1);
  if (!beyond.length) return from;
  const row = direction > 0 ? Math.min(...beyond.map((box) => box.top)) : Math.max(...beyond.map((box) => box.top));
  const distance = (box) => (Math.abs(box.top - row) > 1 ? Infinity : Math.abs(middle(box) - middle(here)));
  return boxes.reduce((best, box, index) => (distance(box) < distance(boxes[best]) ? index : best), boxes.findIndex((box) => Math.abs(box.top - row) <= 1));
}

// Moves the focus among the tiles of a list; true if the key was one of the arrows.
export function moveFocus(list, key) {
  const links = [...list.querySelectorAll(".tile")];
  const at = links.indexOf(document.activeElement);
  const steps = { ArrowLeft: () => at - 1, ArrowRight: () => at + 1, Home: () => 0, End: () => links.length - 1 };
  const rows = { ArrowUp: -1, ArrowDown: 1 };
  if (!links.length || !(key in steps || key in rows) || (at < 0 && !key.startsWith("Arrow"))) return false;
  const next = at < 0 ? 0 : key in rows ? inNextRow(links, at, rows[key]) : steps[key]();
  links[Math.min(links.length - 1, Math.max(0, next))].focus();
  return true;
}
