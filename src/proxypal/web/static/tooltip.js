// A tooltip for anything with data-tip: on hover, on focus, on a tap. Escape puts it away.
const MARGIN = 8;
const tip = document.createElement("div");
tip.className = "tooltip";
tip.popover = "manual";
tip.setAttribute("aria-hidden", "true"); // the same is in the label or in the table beside
document.body.append(tip);

let owner = null;

function place(x, y) {
  const box = tip.getBoundingClientRect();
  const left = Math.min(Math.max(MARGIN, x - box.width / 2), innerWidth - box.width - MARGIN);
  const above = y - box.height - 12;
  tip.style.left = `${left}px`;
  tip.style.top = `${above < MARGIN ? y + 20 : above}px`;
}

function show(element, x, y) {
  if (element !== owner) {
    owner = element;
    tip.textContent = element.dataset.tip;
    if (tip.matches(":popover-open")) tip.hidePopover(); // shown again, it is above a dialog
    tip.showPopover();
  }
  place(x, y);
}

function hide() {
  owner = null;
  if (tip.matches(":popover-open")) tip.hidePopover();
}

function overOf(event) {
  return event.target instanceof Element ? event.target.closest("[data-tip]") : null;
}

document.addEventListener("pointermove", (event) => {
  if (event.pointerType === "touch") return;
  const element = overOf(event);
  if (element) show(element, event.clientX, event.clientY);
  else if (owner) hide();
}, { passive: true });
document.addEventListener("pointerdown", (event) => {
  const element = overOf(event);
  if (element && event.pointerType === "touch") show(element, event.clientX, event.clientY - 12);
  else hide();
}, { passive: true });
document.addEventListener("focusin", (event) => {
  const element = overOf(event);
  if (!element || !element.matches(":focus-visible")) return hide();
  const box = element.getBoundingClientRect();
  show(element, box.left + box.width / 2, box.top);
});
document.addEventListener("focusout", hide);
document.addEventListener("pointerleave", hide);
document.addEventListener("scroll", hide, { passive: true, capture: true });
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && owner) hide();
});
document.addEventListener("proxypal:merged", () => {
  if (owner && !owner.isConnected) hide();
  else if (owner) tip.textContent = owner.dataset.tip ?? "";
});
