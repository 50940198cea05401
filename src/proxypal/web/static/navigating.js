// Filters, ranges and sorting without a reload: the address is the state, the back button works.
// <form data-filters> is sent as it changes; <a data-nav> is followed; both renew [data-part].
import { refreshPart, showAddress } from "./parts.js";
import { toast } from "./toasts.js";

const TYPING_MS = 250;

async function renew(force) {
  const parts = [...document.querySelectorAll("[data-part]")].filter((one) => !one.closest("dialog"));
  try {
    await Promise.all(parts.map((one) => refreshPart(one.dataset.part, { force })));
  } catch (error) {
    toast(error.message, { kind: "bad" });
  }
}

/** Shows another state of this page. */
export function goTo(address, { replace = false, force = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", address);
  showAddress(address);
  return renew(force);
}

function addressOf(form) {
  const asked = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (value !== "") asked.append(name, value);
  }
  const words = asked.toString();
  return form.getAttribute("action") + (words ? `?${words}` : "");
}

/** Whether a range ends after it begins; if not, it is said beside its fields. */
function isInOrder(form) {
  const place = form.querySelector("[data-range-error]");
  if (!place) return true;
  const [since, until] = ["since", "until"].map((name) => form.elements[name].value);
  const isDay = (text) => /^\d{4}-\d\d-\d\d/.test(text);
  const length = Math.min(since.length, until.length);
  const isWrong = isDay(since) && isDay(until) && since.slice(0, length) > until.slice(0, length);
  place.textContent = isWrong ? "Until is before From." : "";
  place.hidden = !isWrong;
  const last = form.elements.until;
  last.toggleAttribute("aria-invalid", isWrong);
  if (isWrong) {
    last.setAttribute("aria-invalid", "true");
    last.focus();
  }
  return !isWrong;
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-filters]")) return;
  event.preventDefault();
  if (!isInOrder(event.target)) return;
  for (const box of event.target.closest("details.popover-box") ? [event.target.closest("details.popover-box")] : []) {
    box.open = false;
  }
  goTo(addressOf(event.target));
});
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-filters]");
  if (form && !form.hasAttribute("data-on-submit") && event.target.type !== "search") {
    goTo(addressOf(form));
  }
});
let typing = 0;
document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-filters]");
  if (!form || event.target.type !== "search") return;
  clearTimeout(typing);
  typing = setTimeout(() => goTo(addressOf(form), { replace: true }), TYPING_MS);
});
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-nav]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  const address = new URL(link.href);
  if (address.origin !== location.origin || address.pathname !== location.pathname) return;
  event.preventDefault();
  goTo(address.pathname + address.search, { force: true });
});
addEventListener("popstate", () => {
  if (location.hash) return;
  showAddress(location.pathname + location.search);
  renew(true);
});

// A panel of choices closes when one goes elsewhere.
document.addEventListener("click", (event) => {
  for (const box of document.querySelectorAll("details.popover-box[open]")) {
    if (!box.contains(event.target)) box.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const box = event.target.closest?.("details.popover-box[open]");
  if (box) {
    box.open = false;
    box.querySelector("summary").focus();
  }
});
