// Native dialogs: opened by data-open-dialog, closed by data-close-dialog, Escape or the backdrop.
import { toast } from "./toasts.js";
import { fetchPart } from "./parts.js";

/** Opens the dialog with this id; focus goes back to where it was when it closes. */
export function openDialog(id) {
  const dialog = document.getElementById(id);
  if (dialog && !dialog.open) dialog.showModal();
  return dialog;
}

export function closeDialog(dialog, value = "") {
  if (dialog.open) dialog.close(value);
}

/** Opens a page's block `detail` in the sheet that every page has. */
export async function openDetail(href, opener) {
  const sheet = document.querySelector("[data-detail-dialog]");
  opener?.setAttribute("aria-busy", "true");
  try {
    const part = await fetchPart("detail", href);
    sheet.replaceChildren(...part.body.childNodes);
    sheet.setAttribute("aria-label", sheet.querySelector("h2")?.textContent ?? "Details");
    sheet.dataset.href = href;
    if (!sheet.open) sheet.showModal();
    sheet.scrollTop = 0;
  } catch (error) {
    toast(error.message, { kind: "bad" });
  } finally {
    opener?.removeAttribute("aria-busy");
  }
}

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element)) return;
  const opener = event.target.closest("[data-open-dialog]");
  if (opener) openDialog(opener.dataset.openDialog);
  const closer = event.target.closest("[data-close-dialog]");
  if (closer) closeDialog(closer.closest("dialog"), closer.dataset.closeDialog);
  const row = event.target.closest("[data-detail-row]");
  if (row && !event.target.closest("a, button") && getSelection().isCollapsed) {
    row.querySelector("a[data-detail]")?.click();
    return;
  }
  const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
  const detail = event.target.closest("a[data-detail]");
  if (detail && plain) {
    event.preventDefault();
    openDetail(detail.getAttribute("href"), detail);
  }
});

// A press that begins and ends on the backdrop closes; one that only ends there was a selection.
let pressedOn = null;
document.addEventListener("pointerdown", (event) => {
  pressedOn = event.target;
});
document.addEventListener("pointerup", (event) => {
  const dialog = event.target;
  if (!(dialog instanceof HTMLDialogElement) || pressedOn !== dialog) return;
  const box = dialog.getBoundingClientRect();
  const inside = event.clientX >= box.left && event.clientX <= box.right
    && event.clientY >= box.top && event.clientY <= box.bottom;
  if (!inside) closeDialog(dialog);
});
