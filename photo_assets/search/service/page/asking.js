// What the page asks of the service, and the address that says it: a search can be kept, shared and gone back to.

const FILTERS = ["taken_from", "taken_to", "camera", "lens", "format", "min_rating", "keyword", "folder", "lat", "lon", "km"];
const ASKED = ["text", "hybrid", ...FILTERS];
const PAGE = 60;

export class Problem extends Error {}

async function answer(address, options) {
  let response;
  try {
    response = await fetch(address, options);
  } catch {
    throw new Problem("The service does not answer. Is it still running?");
  }
  if (response.status === 401) location.assign("/login");
  const told = await response.json().catch(() => ({ detail: `The service failed (${response.status}).` }));
  if (!response.ok) throw new Problem(told.detail);
  return told;
}

export const photo = (id) => answer(`/photos/${encodeURIComponent(id)}`);
export const similar = (id) => answer(`/similar/${encodeURIComponent(id)}?limit=8`);

export function duplicates(kinds, offset) {
  const asked = new URLSearchParams(kinds.map((kind) => ["kind", kind]));
  asked.set("offset", offset);
  return answer(`/duplicates?${asked}`);
}

// The parameters of a filled form, without what is empty.
export function parametersOf(form) {
  const filled = [...new FormData(form)].filter(([, value]) => typeof value === "string" && value.trim());
  const parameters = new URLSearchParams(filled.map(([name, value]) => [name, value.trim()]));
  if (!parameters.has("lat") || !parameters.has("lon")) ["lat", "lon", "km"].forEach((name) => parameters.delete(name));
  return parameters;
}

export const filtersIn = (parameters) => FILTERS.filter((name) => parameters.has(name) && name !== "lon" && name !== "km");

export function fill(form, parameters) {
  for (const name of ["text", ...FILTERS]) form.elements[name].value = parameters.get(name) ?? "";
}

const askedOf = (parameters) => new URLSearchParams([...parameters].filter(([name]) => ASKED.includes(name)));

// Takes out of the address what is no part of a search: a token that was needed once, what a mail has added to a link.
export function tidyAddress() {
  const asked = askedOf(new URLSearchParams(location.search)).toString();
  if (asked !== location.search.slice(1)) history.replaceState(null, "", `${location.pathname}${asked && `?${asked}`}${location.hash}`);
}

export function search(parameters, offset, picture) {
  const asked = askedOf(parameters);
  asked.set("limit", PAGE);
  asked.set("offset", offset);
  if (!picture) return answer(`/search?${asked}`);
  const body = new FormData();
  body.set("file", picture);
  return answer(`/search/image?${asked}`, { method: "POST", body });
}
