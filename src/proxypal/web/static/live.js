// New requests as they come: what shows them renews itself.
//
// Each event becomes a DOM event on document: proxypal:requests, proxypal:totals,
// proxypal:notices, proxypal:snapshot, with the decoded data as detail. Elements with
// data-refresh="totals requests" (one or both) and data-part are fetched again, at most once a
// second. What a tab missed while nobody looked at it, it fetches when somebody does.
import { refreshPart } from "./parts.js";
import { follow } from "./stream.js";

const PACE_MS = 1_000;
const MINUTE_MS = 60_000;
const ANNOUNCE_MS = 5_000;

const state = document.querySelector("[data-live-state]");
const banner = document.querySelector("[data-connection-lost]");
const announcer = document.querySelector("[data-announcer]");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const WORDS = { live: "Live", paused: "Paused", lost: "No connection", waiting: "Connecting" };
let paused = false;
let missed = 0;
let connection = "waiting";

function showState() {
  const shown = connection === "live" && paused ? "paused" : connection;
  state.dataset.liveState = shown;
  state.querySelector("[data-live-text]").textContent = WORDS[shown];
  state.title = WORDS[shown];
  banner.hidden = connection !== "lost";
}

// -- what renews itself

const wanted = new Set();
const renewed = new Map();
let timer = 0;

function parts(kind) {
  const found = [...document.querySelectorAll("[data-part][data-refresh]")];
  return found.filter((one) => one.dataset.refresh.split(" ").includes(kind));
}

function renew(kind) {
  for (const element of parts(kind)) {
    if (paused && element.hasAttribute("data-pausable")) continue;
    wanted.add(element.dataset.part);
  }
  timer ||= setTimeout(run, 0);
}

/** What costs the server more says itself how many seconds it can wait: data-pace-s. */
function isDue(name) {
  const element = document.querySelector(`[data-part="${CSS.escape(name)}"]`);
  const paceMs = Number(element?.dataset.paceS ?? 0) * 1000;
  return performance.now() - (renewed.get(name) ?? -Infinity) >= paceMs;
}

async function run() {
  if (!document.hidden) {
    for (const name of [...wanted].filter(isDue)) {
      wanted.delete(name);
      renewed.set(name, performance.now());
      try {
        for (const element of await refreshPart(name)) highlight(element);
      } catch {
        if (connection === "live") wanted.add(name);
      }
    }
  }
  timer = wanted.size ? setTimeout(run, PACE_MS) : 0;
}

function highlight(element) {
  if (calm.matches || !element.matches("[data-flash]")) return;
  element.animate([{ backgroundColor: "var(--accent-soft)" }, {}], { duration: 1600, easing: "ease-out" });
}

setInterval(() => {
  if (connection === "live") renewAll(); // "today" moves on
}, MINUTE_MS);

// -- pausing

/** Stops or goes on showing what comes; elements with data-pausable stand still meanwhile. */
export function pause(on) {
  paused = on;
  missed = 0;
  showPaused();
  showState();
  if (!on) renew("requests");
}

function showPaused() {
  for (const button of document.querySelectorAll("[data-pause]")) {
    button.setAttribute("aria-pressed", String(paused));
    button.querySelector("[data-pause-text]").textContent = paused ? "Resume" : "Pause";
    for (const icon of button.querySelectorAll("[data-pause-icon]")) {
      icon.hidden = (icon.dataset.pauseIcon === "resume") !== paused;
    }
  }
  for (const place of document.querySelectorAll("[data-missed]")) {
    place.hidden = !paused;
    place.textContent = missed ? `Paused, ${missed.toLocaleString("en")} new` : "Paused";
  }
}

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-pause]")) pause(!paused);
});
document.addEventListener("proxypal:merged", showPaused);

// -- what is said aloud, now and then

let heard = 0;
let heardLast = null;
let announcing = 0;

function announce(rows) {
  if (!rows.length || !parts("requests").length || paused) return;
  heard += rows.length;
  heardLast = rows.at(-1);
  announcing ||= setTimeout(() => {
    const many = heard === 1 ? "1 new request" : `${heard.toLocaleString("en")} new requests`;
    announcer.textContent = `${many}, the last: ${heardLast.model}, status ${heardLast.status}.`;
    heard = announcing = 0;
  }, ANNOUNCE_MS);
}

// -- warnings

function showNotices(notices) {
  const place = document.querySelector("[data-notices]");
  const known = new Map([...place.children].map((one) => [one.dataset.key, one]));
  const shown = notices.map((notice) => {
    const level = notice.level === "error" ? "bad" : "warn";
    let element = known.get(notice.id);
    if (!element) {
      element = document.createElement("div");
      element.dataset.key = notice.id;
      element.append(document.createElement("p"));
    }
    element.className = `banner banner-${level}`;
    const words = element.querySelector("p");
    if (words.textContent !== notice.text) words.textContent = notice.text;
    return element;
  });
  for (const element of known.values()) if (!shown.includes(element)) element.remove();
  shown.forEach((element, place_) => {
    if (place.children[place_] !== element) place.insertBefore(element, place.children[place_] ?? null);
  });
}

// -- the stream

const HANDLERS = {
  requests(data) {
    const rows = data.rows ?? [];
    if (paused) missed += rows.length;
    showPaused();
    announce(rows);
    renew("requests");
  },
  totals() {
    renew("totals");
  },
  notices: showNotices,
  snapshot(data) {
    if (data.notices) showNotices(data.notices);
    renewAll();
  },
};

function renewAll() {
  for (const kind of ["totals", "requests"]) renew(kind);
}

showState();
follow(
  (kind, data) => {
    HANDLERS[kind](data);
    document.dispatchEvent(new CustomEvent(`proxypal:${kind}`, { detail: data }));
  },
  (next) => {
    const wasLost = connection === "lost";
    connection = next;
    showState();
    if (wasLost && next === "live") renewAll();
  },
);
