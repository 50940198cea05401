// The stream of server-sent events: one for all tabs of a browser, because a browser allows six
// connections to a server and a seventh tab would hang. The tab that holds the lock reads it and
// tells the others; when it goes, or no longer answers, the next one takes over where it stopped.
const NAME = "proxypal-live";
const KINDS = ["requests", "totals", "notices", "snapshot"];
const LOST_AFTER_MS = 2_500;
const RETRY_MS = { first: 1_000, most: 10_000 };
const ANSWER_WITHIN_MS = 1_500;

/**
 * Follows /api/events. `onEvent(kind, data)` is called in every tab for each event, `onState`
 * with `waiting`, `live` or `lost`; after a break `onState("live")` comes before what was missed.
 */
export function follow(onEvent, onState) {
  let last = document.body.dataset.event || null; // what the page shows already
  let state = "waiting";
  let leads = false;
  const canShare = "locks" in navigator && "BroadcastChannel" in window;
  const channel = canShare ? new BroadcastChannel(NAME) : null;

  function become(next) {
    if (state === next) return;
    state = next;
    onState(state);
    if (leads) channel?.postMessage({ state });
  }

  function take(kind, data, number) {
    last = number || last;
    onEvent(kind, JSON.parse(data));
  }

  // -- reading

  let source = null;
  let lostTimer = 0;
  let retryTimer = 0;
  let retryMs = RETRY_MS.first;

  function connect() {
    stop();
    source = new EventSource(last ? `/api/events?after=${encodeURIComponent(last)}` : "/api/events");
    source.addEventListener("open", () => {
      clearTimeout(lostTimer);
      lostTimer = 0;
      retryMs = RETRY_MS.first;
      become("live");
    });
    source.addEventListener("error", () => {
      stop();
      lostTimer ||= setTimeout(() => become("lost"), LOST_AFTER_MS);
      retryTimer = setTimeout(connect, retryMs);
      retryMs = Math.min(retryMs * 2, RETRY_MS.most);
    });
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => {
        take(kind, event.data, event.lastEventId);
        channel?.postMessage({ kind, data: event.data, number: event.lastEventId });
      });
    }
  }

  function stop() {
    clearTimeout(retryTimer);
    source?.close();
    source = null;
  }

  // -- who reads

  function lead() {
    leads = true;
    connect();
    return new Promise(() => {}); // until the tab is closed, or the lock is taken away
  }

  function apply(options = {}) {
    navigator.locks.request(NAME, options, lead).catch(() => {
      leads = false; // another tab has taken over
      stop();
      apply();
    });
  }

  let asking = 0;
  function askReader() {
    if (!canShare || leads || asking) return;
    channel.postMessage({ ask: true });
    asking = setTimeout(() => {
      asking = 0;
      apply({ steal: true }); // whoever holds the lock sleeps
    }, ANSWER_WITHIN_MS);
  }

  if (!canShare) {
    connect();
    addEventListener("pagehide", stop);
    addEventListener("pageshow", (event) => event.persisted && connect());
    return;
  }
  channel.addEventListener("message", ({ data: told }) => {
    if (told.ask) {
      if (leads) channel.postMessage({ state, at: last });
      return;
    }
    if (leads) return;
    clearTimeout(asking);
    asking = 0;
    if (told.kind) {
      take(told.kind, told.data, told.number);
      return;
    }
    become(told.state);
    if (told.at && told.at !== last) take("snapshot", "{}", told.at); // something came in between
  });
  apply();
  askReader();
  document.addEventListener("visibilitychange", () => document.hidden || askReader());
  addEventListener("pageshow", (event) => event.persisted && askReader());
  addEventListener("online", () => leads && state !== "live" && connect());
}
