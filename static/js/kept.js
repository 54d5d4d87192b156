// What was typed and could not be sent: kept in this browser until it is. Under the account that typed it, for some days,
// and no longer than until its writer logs out. Answers that only few may read stay with their tab, and go when it is closed.
window.kept = (() => {
  "use strict";
  const PREFIX = "kept:";
  const DAY = 86_400_000;
  const DAYS = { account: 7 * DAY, anonymous: DAY };
  // Of a form that was submitted, to know it by when the page after it tells that it arrived.
  const UNDERWAY = 15 * 60_000;

  // A browser may refuse both, or be full: then nothing is kept, and `write` says so.
  const storeOf = (name) => { try { return window[name]; } catch { return null; } };
  const lasting = storeOf("localStorage");
  const ofTab = storeOf("sessionStorage");

  const load = (store, key) => {
    try {
      const found = JSON.parse(store.getItem(PREFIX + key));
      return found && typeof found.fields === "object" ? found : null;
    } catch { return null; }
  };
  const remove = (store, key) => { try { store.removeItem(PREFIX + key); } catch { /* nothing is there */ } };
  const save = (store, key, fields, at) => {
    if (!Object.keys(fields).length) { remove(store, key); return true; }
    try { store.setItem(PREFIX + key, JSON.stringify({ at, fields })); return true; } catch { return false; }
  };

  // {at, fields: {name: [what the site had, what was typed]}}, or null.
  const read = (key) => {
    const parts = [load(lasting, key), load(ofTab, key)].filter(Boolean);
    if (!parts.length) return null;
    return { at: Math.max(...parts.map((part) => part.at)), fields: Object.assign({}, ...parts.map((part) => part.fields)) };
  };

  // `ofTabOnly`: names of fields that must not outlive the tab. Answers whether all of it is kept.
  const write = (key, fields, ofTabOnly) => {
    const split = (wanted) => Object.fromEntries(Object.entries(fields).filter(([name]) => ofTabOnly.has(name) === wanted));
    const now = Date.now();
    const outlives = save(lasting, key, split(false), now);
    return save(ofTab, key, split(true), now) && outlives;
  };
  const forget = (key) => { remove(lasting, key); remove(ofTab, key); };

  const keys = (store) => {
    try { return Object.keys(store).filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length)); } catch { return []; }
  };
  const all = () => new Set([...keys(lasting), ...keys(ofTab)]);
  const ownedBy = (person) => [...all()].filter((key) => key.endsWith(`:${person}`) || key.endsWith(":anonymous"));

  const markSent = (key) => { try { ofTab.setItem(`sent:${key}`, String(Date.now())); } catch { /* the next form finds out */ } };

  // Days pass on every page, whether or not its writer comes back to the form.
  for (const key of all()) {
    const age = Date.now() - (read(key)?.at ?? 0);
    if (age > (key.endsWith(":anonymous") ? DAYS.anonymous : DAYS.account)) forget(key);
  }
  // The page after submitting tells that everything arrived.
  for (const element of document.querySelectorAll("[data-arrived]")) {
    const key = element.dataset.arrived;
    try {
      if (Date.now() - Number(ofTab.getItem(`sent:${key}`)) < UNDERWAY) { forget(key); forget(`${key.split(":")[0]}:anonymous`); }
      ofTab.removeItem(`sent:${key}`);
    } catch { /* the form compares by itself */ }
  }
  // Who logs out leaves nothing behind on this computer, and is asked where that would lose a text.
  for (const form of document.querySelectorAll("form[data-forgets]")) {
    form.addEventListener("submit", (event) => {
      const own = ownedBy(form.dataset.person);
      if (own.length && form.dataset.forgets && !window.confirm(form.dataset.forgets)) event.preventDefault();
      else own.forEach(forget);
    });
  }

  return { read, write, forget, markSent };
})();
