// A page that stays open keeps up with syncs, whoever began them. Without this file one reloads.
(() => {
  "use strict";

  // Look once a minute while somebody can see the page, and at once when they come back to it after longer.
  const EVERY = 60000;
  let looked = Date.now();
  const look = () => {
    if (document.hidden || Date.now() - looked < EVERY) return;
    looked = Date.now();
    document.body.dispatchEvent(new Event("look"));
  };
  setInterval(look, EVERY / 12);
  document.addEventListener("visibilitychange", look);

  // While nobody sees the page, nothing is asked, a running sync included.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.detail.elt.closest("#sync, #work")) event.preventDefault();
  });

  // "Sync now" goes away while its sync runs, and comes back: who pressed it with the keyboard keeps the place on the page.
  let pressed = false;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const part = event.detail.target;
    if (part?.id === "sync" && event.detail.shouldSwap) pressed = part.contains(document.activeElement);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const part = event.detail.target;
    if (part?.id !== "sync" || !pressed) return;
    pressed = false;
    (document.getElementById("sync-now") ?? part).focus({ preventScroll: true });
  });

  // What each row of a list tells, by a key that stays: as the row says itself, else its link and its pill.
  const ROWS = "[data-item], .item:has(> a.title)";
  const factsOf = (row) => {
    if (row.dataset.item) return { key: row.dataset.item, title: row.dataset.title, state: row.dataset.state };
    const link = row.querySelector("a.title");
    return { key: link.getAttribute("href"), title: link.textContent, state: row.querySelector(".pill")?.textContent };
  };
  const rowsOf = (part) => new Map([...part.querySelectorAll(ROWS)].map((row) => [factsOf(row).key, factsOf(row)]));
  let before = null;

  document.addEventListener("htmx:beforeSwap", (event) => {
    const part = event.detail.target;
    if (part?.id !== "work" || !event.detail.shouldSwap) return;
    const active = document.activeElement;
    before = {
      // A filter shows other rows on purpose: only the lists that ask for themselves tell what changed.
      rows: event.detail.requestConfig?.elt === part ? rowsOf(part) : null,
      open: [...part.querySelectorAll("details[open][id]")].map((each) => each.id),
      // What has an id gets its focus back from htmx.
      link: part.contains(active) && !active.id ? active.getAttribute("href") : null,
      summary: active?.matches("summary") && part.contains(active) ? active.closest("details")?.id : null,
    };
  });

  document.addEventListener("htmx:afterSwap", () => {
    const part = document.getElementById("work");
    if (!before || !part) return;
    const { rows, open, link, summary } = before;
    before = null;
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (summary) document.getElementById(summary)?.querySelector("summary")?.focus({ preventScroll: true });
    if (link) [...part.querySelectorAll("a[href]")].find((each) => each.getAttribute("href") === link)?.focus({ preventScroll: true });
    if (rows && part.dataset.saidNew) tell(part, rows);
  });

  // Say what is new and what changed, by title, and mark it.
  const tell = (part, rows) => {
    const now = rowsOf(part);
    const titles = { new: new Set(), changed: new Set(), gone: new Set() };
    for (const row of part.querySelectorAll(ROWS)) {
      const { key, title, state } = factsOf(row);
      const old = rows.get(key);
      if (old && old.state === state) continue;
      titles[old ? "changed" : "new"].add(title);
      row.classList.add("just-changed");
    }
    for (const [key, old] of rows) if (!now.has(key)) titles.gone.add(old.title);
    // What moved from one list to another is neither new nor gone.
    const here = new Set([...now.values()].map((row) => row.title));
    const there = new Set([...rows.values()].map((row) => row.title));
    for (const title of titles.gone) if (here.has(title)) { titles.gone.delete(title); titles.changed.add(title); }
    for (const title of titles.new) if (there.has(title)) { titles.new.delete(title); titles.changed.add(title); }
    const words = [["new", part.dataset.saidNew], ["changed", part.dataset.saidChanged], ["gone", part.dataset.saidGone]]
      .filter(([kind]) => titles[kind].size)
      .map(([kind, said]) => {
        const list = [...titles[kind]];
        return `${said} ${list.slice(0, 3).join(", ")}${list.length > 3 ? `, ${part.dataset.saidMore}` : ""}.`;
      });
    const live = document.getElementById("live");
    if (live && words.length) live.textContent = words.join(" ");
  };
})();
