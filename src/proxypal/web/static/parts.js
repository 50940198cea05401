// Fetches a part of a page (a block of its template) and merges it into what is shown.
import { getText } from "./requesting.js";
import { merge } from "./merging.js";

/** The address whose parts are shown: not always that of the bar while a dialog is open. */
let shown = location.pathname + location.search;

export function shownAddress() {
  return shown;
}

export function showAddress(address) {
  shown = address;
}

export async function fetchPart(name, address = shown) {
  const html = await getText(address, { "Proxypal-Part": name, Accept: "text/html" });
  return new DOMParser().parseFromString(html, "text/html");
}

/** The first row of a list that is in view stays where it is, whatever comes above it. */
function anchor(element) {
  const top = document.querySelector(".topbar")?.getBoundingClientRect().bottom ?? 0;
  const rows = element.querySelectorAll("[data-anchor]");
  if (!rows.length || rows[0].getBoundingClientRect().top >= top) return () => {};
  for (const row of rows) {
    const before = row.getBoundingClientRect().top;
    if (before < top) continue;
    return () => {
      if (row.isConnected) scrollBy({ top: row.getBoundingClientRect().top - before, behavior: "instant" });
    };
  }
  return () => {};
}

const latest = new Map();

/**
 * Renews the element with data-part="name". Of several calls at once only the last one counts.
 * Returns the keyed elements that are new.
 */
export async function refreshPart(name, { force = false } = {}) {
  const number = (latest.get(name) ?? 0) + 1;
  latest.set(name, number);
  const page = await fetchPart(name);
  const element = document.querySelector(`[data-part="${CSS.escape(name)}"]`);
  if (!element || latest.get(name) !== number) return [];
  const fresh = page.querySelector(`[data-part="${CSS.escape(name)}"]`);
  if (!fresh) {
    location.reload(); // the first request came, or the last one went: it is another page now
    return [];
  }
  const made = [];
  const settle = anchor(element);
  merge(element, fresh, { force, onNew: (child) => made.push(child) });
  settle();
  document.dispatchEvent(new CustomEvent("proxypal:merged", { detail: { name, made } }));
  return made;
}
