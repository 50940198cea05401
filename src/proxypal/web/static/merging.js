// Makes an element look like another one, keeping every node that stands for the same thing.
// What a person is doing survives: focus, text being typed, open <details>, scroll positions.

/** Attributes that belong to the user's doing and not to the server's answer. */
function isKept(element, name) {
  const opens = element.tagName === "DETAILS" || element.tagName === "DIALOG";
  return (name === "open" && opens) || name === "data-kept";
}

function mergeAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !isKept(old, name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (!isKept(old, name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

function mergeValue(old, fresh, force) {
  if (!force && old === document.activeElement) return;
  if (old.tagName === "SELECT") {
    old.value = fresh.value;
  } else if (old.tagName === "INPUT") {
    if (old.type === "checkbox" || old.type === "radio") old.checked = fresh.checked;
    else if (old.value !== fresh.value) old.value = fresh.value;
  }
}

function keyOf(node) {
  return node.nodeType === Node.ELEMENT_NODE ? node.dataset?.key : undefined;
}

function isSame(old, fresh) {
  if (old.nodeType !== fresh.nodeType) return false;
  if (old.nodeType !== Node.ELEMENT_NODE) return true;
  return old.tagName === fresh.tagName && keyOf(old) === keyOf(fresh);
}

function mergeChildren(old, fresh, options) {
  const keyed = new Map();
  for (const child of old.children) {
    if (keyOf(child)) keyed.set(keyOf(child), child);
  }
  let place = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const key = keyOf(wanted);
    const known = key ? keyed.get(key) : undefined;
    if (known && isSame(known, wanted)) {
      keyed.delete(key);
      if (known === place) place = place.nextSibling;
      else old.insertBefore(known, place);
      merge(known, wanted, options);
    } else if (!key && place && !keyOf(place) && isSame(place, wanted)) {
      const next = place.nextSibling;
      merge(place, wanted, options);
      place = next;
    } else {
      const made = document.importNode(wanted, true);
      old.insertBefore(made, place);
      if (key) options.onNew?.(made);
    }
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

/**
 * Merges `fresh` into `old`. Children with data-key are matched by it, others by their place.
 * `force` also overwrites the field that has the focus; `onNew` is told of each new keyed element.
 */
export function merge(old, fresh, options = {}) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  if (old.isEqualNode(fresh)) {
    if ("value" in old) mergeValue(old, fresh, options.force);
    else if (!old.querySelector("input, select")) return;
  }
  mergeAttributes(old, fresh);
  mergeChildren(old, fresh, options);
  if (old.tagName === "SELECT" || old.tagName === "INPUT") mergeValue(old, fresh, options.force);
}
