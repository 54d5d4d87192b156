// Words in a reply that is not sent stay with their tab: over a reload, a filter, a look at another page, a log-in that ran out.
// <textarea id="…" data-keeps-words>; without this file a browser keeps them where it can.
(() => {
  "use strict";
  const PREFIX = "reply:";
  const store = (() => { try { return window.sessionStorage; } catch { return null; } })();
  if (!store) return;
  const key = (field) => PREFIX + field.id;
  const put = (field) => {
    try {
      if (field.value.trim()) store.setItem(key(field), field.value);
      else store.removeItem(key(field));
    } catch { /* full, or not allowed: then the page alone has them */ }
  };
  const fieldsIn = (part) => [...(part.querySelectorAll?.("[data-keeps-words]") ?? [])];
  const takeBack = (part) => {
    for (const field of fieldsIn(part)) {
      const kept = store.getItem(key(field));
      if (!kept || field.value) continue;
      field.value = kept;
      field.closest("details")?.setAttribute("open", "");
    }
  };

  document.addEventListener("input", (event) => { if (event.target.matches("[data-keeps-words]")) put(event.target); });
  // Sent and taken: nothing is to come back. What was refused comes back with the answer, and is kept again as it is typed in.
  let sent = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    const form = event.detail.requestConfig?.elt;
    if (!form?.matches?.("form") || event.detail.xhr.status >= 400) return;
    sent = fieldsIn(form).map((field) => [key(field), field.value]);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const [name] of sent) store.removeItem(name);
    sent = [];
    takeBack(document);
  });
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    // Without htmx: the page that comes says whether it was taken, and has the words where it was not.
    for (const field of fieldsIn(event.target)) store.removeItem(key(field));
  });
  takeBack(document);
})();
