// The application form, beyond htmx: words are counted while typing, and a save that failed is said and tried again.
// The form works without this file; the server is the judge of everything.
(() => {
  "use strict";
  const form = document.getElementById("application-form");
  if (!form) return;
  const line = document.getElementById("saved");
  const RETRY_AFTER = 10_000;
  let dirty = false;
  let retry;

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  // One counter under each field that has a limit.
  for (const field of form.querySelectorAll("[data-min-words], [data-max-words]")) {
    const counter = document.createElement("p");
    counter.className = "words";
    field.insertAdjacentElement("afterend", counter);
    const least = Number(field.dataset.minWords || 0);
    const most = Number(field.dataset.maxWords || 0);
    const count = () => {
      const words = (field.value.match(/\S+/g) || []).length;
      const over = most > 0 && words > most;
      const text = over ? form.dataset.wordsOver : words < least ? form.dataset.wordsUnder : most ? form.dataset.wordsMost : form.dataset.words;
      counter.textContent = fill(text, { count: words, most, least, over: words - most });
      counter.classList.toggle("over", over);
    };
    field.addEventListener("input", count);
    count();
  }

  const say = (text) => {
    const said = document.createElement("span");
    said.className = "not-saved";
    said.textContent = text;
    line.replaceChildren(said);
  };
  const failed = (text, again) => {
    say(text);
    clearTimeout(retry);
    if (again) retry = setTimeout(() => htmx.trigger(form, "keep"), RETRY_AFTER);
  };

  form.addEventListener("input", () => { dirty = true; });
  form.addEventListener("submit", () => { dirty = false; });
  form.addEventListener("htmx:beforeRequest", () => { dirty = false; });
  form.addEventListener("htmx:sendError", () => { dirty = true; failed(form.dataset.notSaved, true); });
  form.addEventListener("htmx:responseError", (event) => {
    dirty = true;
    failed(event.detail.xhr.status >= 500 ? form.dataset.notSaved : form.dataset.refused, event.detail.xhr.status >= 500);
  });
  form.addEventListener("htmx:afterRequest", (event) => { if ([409, 422].includes(event.detail.xhr?.status)) dirty = true; });

  // Going to another tab or another program: keep at once what was typed.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && dirty && form.hasAttribute("hx-post")) window.htmx?.trigger(form, "keep");
  });
  // Leaving the page with text that is not saved: let the browser ask.
  window.addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
})();
