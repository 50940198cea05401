// Data Management: what takes something away asks first, does it, and offers the way back.
import { closeDialog, openDialog } from "./dialogs.js";
import { postFile, postJson } from "./requesting.js";
import { refreshPart } from "./parts.js";
import { toast } from "./toasts.js";

const number = new Intl.NumberFormat("en");

function counted(count) {
  return `${number.format(count)} request${count === 1 ? "" : "s"}`;
}

async function renew() {
  for (const part of ["cards", "backups"]) await refreshPart(part).catch(() => []);
}

/** Undo of what made a backup; the toast says what came back. */
function undoOf(backup) {
  if (!backup) return null;
  return async () => {
    await postJson("/api/restore", { name: backup.name });
    await renew();
    toast("Undone.");
  };
}

const ACTIONS = {
  async clear(form) {
    const forget = form.querySelector("[data-forget]").checked;
    const answer = await postJson("/api/history/clear", forget ? { forget } : {});
    const words = `${counted(answer.cleared)} cleared from the history`;
    toast(forget ? `${words}, no copy was left.` : `${words}. The all-time analytics stay.`, { undo: undoOf(answer.backup) });
  },
  async reset() {
    const answer = await postJson("/api/analytics/reset");
    toast(`All-time analytics reset: ${counted(answer.reset)} put aside. The history stays.`, { undo: undoOf(answer.backup) });
  },
  async import() {
    const answer = await postFile(importAddress(false), chosen);
    const report = answer.report;
    toast(report.outcome === "known" ? "This file was imported before; nothing was added." : `${counted(report.requests)} imported.`, {
      undo: report.outcome === "known" ? null : undoOf(answer.backup),
    });
    document.querySelector("[data-import]").reset();
    chosen = null;
  },
};

async function act(form, button) {
  button.setAttribute("aria-busy", "true");
  button.disabled = true;
  try {
    await ACTIONS[form.dataset.action](form);
    closeDialog(form.closest("dialog"));
    form.reset();
  } catch (error) {
    closeDialog(form.closest("dialog"));
    toast(error.message, { kind: "bad" });
  } finally {
    button.removeAttribute("aria-busy");
    button.disabled = false;
  }
  await renew();
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-action]")) {
    event.preventDefault();
    act(form, event.submitter ?? form.querySelector("[type=submit]"));
  }
  if (form.matches("[data-import]")) {
    event.preventDefault();
    preview(form);
  }
});

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-forget]")) return;
  const care = event.target.form.querySelector("[data-care]");
  care.textContent = event.target.checked
    ? "No backup is made: this cannot be undone."
    : "A backup is made first; Undo brings the rows back.";
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-restore]");
  if (!button) return;
  button.setAttribute("aria-busy", "true");
  try {
    await postJson("/api/restore", { name: button.dataset.restore });
    toast("Undone.");
  } catch (error) {
    toast(error.message, { kind: "bad" });
  } finally {
    button.removeAttribute("aria-busy");
  }
  await renew();
});

// -- import: looked at first, then taken

let chosen = null;

function importAddress(dryRun) {
  const words = new URLSearchParams({ name: chosen.name, ...(dryRun ? { dryRun: "true" } : {}) });
  return `/api/import?${words}`;
}

/** What an old file is by its contents, whatever its name: "history", "aggregate" or "". */
function oldKind(text) {
  try {
    const tree = JSON.parse(text);
    if (tree?.totalRequests !== undefined) return "aggregate";
    return Array.isArray(tree?.requests) ? "history" : "";
  } catch {
    // A damaged one is for the import to refuse, in words.
    if (/"totalRequests"\s*:/.test(text)) return "aggregate";
    return /"requests"\s*:\s*\[/.test(text) ? "history" : "";
  }
}

/** The one file, or an old history and its aggregate as the one thing they are together. */
async function toImport(files) {
  if (files.length < 2) return files[0] ?? null;
  const told = new Map();
  if (files.length === 2) {
    for (const file of files) {
      const text = await file.text();
      told.set(oldKind(text), { name: file.name, text });
    }
  }
  const history = told.get("history");
  const aggregate = told.get("aggregate");
  if (!history || !aggregate) {
    throw new Error("Choose one file, or an old history and its aggregate together: they tell of the same requests.");
  }
  const parts = ['{"version":1,"request_history":', history.text, ',"aggregate":', aggregate.text, "}"];
  return new File(parts, `${history.name} and ${aggregate.name}`);
}

async function preview(form) {
  const button = form.querySelector("[data-import-preview]");
  button.setAttribute("aria-busy", "true");
  try {
    chosen = await toImport(form.querySelector("[data-import-file]").files);
    if (!chosen) return;
    const { report } = await postFile(importAddress(true), chosen);
    showReport(report);
    openDialog("import-dialog");
  } catch (error) {
    toast(error.message, { kind: "bad" });
  } finally {
    button.removeAttribute("aria-busy");
  }
}

const COUNTS = [
  ["requests", "New requests"],
  ["joined", "Further attempts of these"],
  ["tokensOnly", "Tokens for requests that are counted"],
  ["dayTotals", "Totals of a day, without requests"],
  ["known", "Known already, left out"],
  ["repeated", "Told twice in the file, left out"],
  ["older", "Counted by older files, left out"],
  ["unpriced", "Without a price"],
];

function showReport(report) {
  const place = document.querySelector("[data-import-report]");
  const list = document.createElement("dl");
  list.className = "facts";
  const add = (name, value) => {
    const term = document.createElement("dt");
    const what = document.createElement("dd");
    term.textContent = name;
    what.textContent = value;
    list.append(term, what);
  };
  add("File", chosen.name);
  add("Recognised as", JSON.parse(place.dataset.kinds)[report.kind] ?? report.kind);
  for (const [name, words] of COUNTS) {
    if (report[name] || name === "requests") add(words, number.format(report[name] ?? 0));
  }
  if (report.badRows?.length) {
    const first = report.badRows[0];
    add("Lines not understood", `${number.format(report.badRows.length)}, the first: line ${first.line}, ${first.reason}`);
  }
  const said = [...(report.skipped ?? []), ...(report.notes ?? [])];
  const notes = document.createElement("ul");
  notes.className = "gaps muted small";
  for (const text of said.slice(0, 12)) {
    const item = document.createElement("li");
    item.textContent = text;
    notes.append(item);
  }
  if (said.length > 12) {
    const item = document.createElement("li");
    item.textContent = `and ${said.length - 12} more`;
    notes.append(item);
  }
  const isKnown = report.outcome === "known";
  const sentence = document.createElement("p");
  sentence.textContent = isKnown ? "This file was imported before: nothing would be added." : "A backup is made first; Undo takes off exactly what is added.";
  place.replaceChildren(list, ...(said.length ? [notes] : []), sentence);
  document.querySelector("[data-import-go]").hidden = isKnown;
}
