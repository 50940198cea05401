// Short messages after an action, with Undo where there is a way back.
const SHOWN_MS = 8_000;
const WITH_UNDO_MS = 20_000;

function region() {
  return document.querySelector("[data-toasts]");
}

function button(text, kind, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = `button button-${kind}`;
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

/**
 * Shows a message. `undo` is called by its Undo button and may be async; what it throws is shown.
 * An error stays until it is closed. Returns a function that takes the message away.
 */
export function toast(text, { kind = "good", undo = null } = {}) {
  const box = document.createElement("div");
  box.className = `toast toast-${kind}`;
  box.dataset.toast = kind;
  box.setAttribute("role", kind === "bad" ? "alert" : "status");
  const words = document.createElement("p");
  words.textContent = text;
  box.append(words);
  let timer = 0;
  const close = () => {
    clearTimeout(timer);
    box.remove();
    if (!region().children.length && region().matches(":popover-open")) region().hidePopover();
  };
  if (undo) {
    const way = button("Undo", "plain", async () => {
      way.disabled = true;
      try {
        await undo();
        close();
      } catch (error) {
        close();
        toast(error.message, { kind: "bad" });
      }
    });
    way.dataset.undo = "";
    box.append(way);
  }
  const away = button("", "plain", close);
  away.className = "icon-button";
  away.setAttribute("aria-label", "Dismiss");
  away.textContent = "×";
  box.append(away);
  const start = () => {
    if (kind !== "bad") timer = setTimeout(close, undo ? WITH_UNDO_MS : SHOWN_MS);
  };
  // Whoever reads it or is about to press Undo is given the time.
  box.addEventListener("pointerenter", () => clearTimeout(timer));
  box.addEventListener("pointerleave", start);
  box.addEventListener("focusin", () => clearTimeout(timer));
  box.addEventListener("focusout", start);
  const place = region();
  place.popover = "manual";
  if (place.matches(":popover-open")) place.hidePopover(); // shown again, it is above a dialog
  place.append(box);
  place.showPopover();
  start();
  return close;
}
