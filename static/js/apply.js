// The application form, beyond htmx: a save that failed is said and tried again. What counts along is counters.js.
// The form works without this file; the server is the judge of everything.
(() => {
  "use strict";
  const form = document.getElementById("application-form");
  if (!form) return;
  const line = document.getElementById("saved");
  const RETRY_AFTER = 10_000;
  let dirty = false;
  let retry;

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
