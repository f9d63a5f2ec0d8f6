// The service's interface for a person to read, from its OpenAPI; no script of anybody else's sees this library.

import { byId, element } from "./elements.js";

function row(cell, ...cells) {
  return element("tr", {}, ...cells.map((text) => element(cell, {}, text)));
}

function kindOf(schema) {
  const kinds = schema.anyOf?.map((each) => each.format ?? each.type) ?? [schema.format ?? schema.type];
  return kinds.filter((kind) => kind !== "null").join(" or ");
}

function boundsOf(schema) {
  const bounded = schema.anyOf?.[0] ?? schema;
  const bounds = {
    from: bounded.minimum, above: bounded.exclusiveMinimum, to: bounded.maximum, below: bounded.exclusiveMaximum,
    "characters at most": bounded.maxLength, "values at most": bounded.maxItems, default: schema.default,
  };
  return Object.entries(bounds)
    .filter(([, value]) => value !== undefined && value !== "" && value !== null)
    .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
    .join(", ");
}

function parameters(list) {
  const rows = list.map(({ name, schema, description }) =>
    row("td", name, kindOf(schema), boundsOf(schema), description ?? schema.description ?? ""));
  return element("table", {}, row("th", "parameter", "kind", "bounds", "meaning"), ...rows);
}

function route(path, method, { description, parameters: list, requestBody }) {
  const body = requestBody ? element("p", {}, `Body: ${Object.keys(requestBody.content).join(", ")}`) : null;
  const title = element("h2", {}, `${method.toUpperCase()} ${path}`);
  return element("section", {}, title, element("p", {}, description ?? ""), body, list?.length ? parameters(list) : null);
}

const { paths } = await (await fetch("/openapi.json")).json();
for (const [path, methods] of Object.entries(paths)) {
  byId("routes").append(...Object.entries(methods).map(([method, told]) => route(path, method, told)));
}
