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

  // What one page keeps is a record of its own, by `SESSION:PERSON:PAGE`: two tabs do not clear each other's.
  // {id, at, fields: {name: [what the site had, what was typed]}}, or null.
  const read = (id) => {
    const parts = [load(lasting, id), load(ofTab, id)].filter(Boolean);
    if (!parts.length) return null;
    return { id, at: Math.max(...parts.map((part) => part.at)), fields: Object.assign({}, ...parts.map((part) => part.fields)) };
  };

  // `ofTabOnly`: names of fields that must not outlive the tab. Answers whether all of it is kept.
  const write = (id, fields, ofTabOnly, at = Date.now()) => {
    const split = (wanted) => Object.fromEntries(Object.entries(fields).filter(([name]) => ofTabOnly.has(name) === wanted));
    const outlives = save(lasting, id, split(false), at);
    return save(ofTab, id, split(true), at) && outlives;
  };
  const forget = (id) => { remove(lasting, id); remove(ofTab, id); };
  // One field of a record is decided on; the rest waits.
  const drop = (id, name) => {
    for (const store of [lasting, ofTab]) {
      const found = load(store, id);
      if (!found || !(name in found.fields)) continue;
      delete found.fields[name];
      save(store, id, found.fields, found.at);
    }
  };

  const keys = (store) => {
    try { return Object.keys(store).filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length)); } catch { return []; }
  };
  const all = () => [...new Set([...keys(lasting), ...keys(ofTab)])];
  // The records of all pages with the form of `owner`, `SESSION:PERSON`, newest first.
  const recordsOf = (owner) => all().filter((id) => id.startsWith(`${owner}:`)).map(read).filter(Boolean).sort((one, other) => other.at - one.at);
  const personOf = (id) => id.split(":")[1];
  const ownedBy = (person) => all().filter((id) => [person, "anonymous"].includes(personOf(id)));

  const markSent = (id) => { try { ofTab.setItem("sent", JSON.stringify({ id, at: Date.now() })); } catch { /* the next form finds out */ } };

  // Days pass on every page, whether or not its writer comes back to the form.
  for (const id of all()) {
    const age = Date.now() - (read(id)?.at ?? 0);
    if (age > (personOf(id) === "anonymous" ? DAYS.anonymous : DAYS.account)) forget(id);
  }
  // The page after submitting tells that everything arrived.
  for (const element of document.querySelectorAll("[data-arrived]")) {
    try {
      const { id, at } = JSON.parse(ofTab.getItem("sent")) ?? {};
      if (id?.startsWith(`${element.dataset.arrived}:`) && Date.now() - at < UNDERWAY) forget(id);
      ofTab.removeItem("sent");
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

  return { read, recordsOf, write, drop, forget, markSent };
})();
