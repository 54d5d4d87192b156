// Reviewing, beyond htmx: keys, counters, and words about a save that failed. Every page works without this file.
(() => {
  "use strict";
  const form = document.getElementById("review-form");

  // --- Keys. Single ones work only while nobody types, and can be switched off for good.
  const OFF = "review-keys-off";
  const remembered = () => { try { return localStorage.getItem(OFF) === "1"; } catch { return false; } };
  const note = document.getElementById("review-keys");
  const control = note?.querySelector("input");
  if (control) {
    note.querySelector("[data-keys-switch]").hidden = false;
    control.checked = !remembered();
    control.addEventListener("change", () => {
      try { localStorage.setItem(OFF, control.checked ? "0" : "1"); } catch { /* for this page alone, then */ }
    });
  }
  const keysAreOn = () => (control ? control.checked : !remembered());
  const types = (element) => element.matches?.("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox], [type=submit], [type=button])");

  const criteria = form ? [...form.querySelectorAll(".criterion:not([disabled])")] : [];
  const isScored = (criterion) => criterion.querySelector("input:checked") !== null;
  let current = -1;
  const focusOn = (criterion) => (criterion.querySelector("input:checked") || criterion.querySelector("input"))?.focus();
  const at = () => {
    const focused = criteria.indexOf(document.activeElement.closest?.(".criterion"));
    if (focused >= 0) return focused;
    if (current >= 0) return current;
    const open = criteria.findIndex((each) => !isScored(each));
    return open >= 0 ? open : 0;
  };
  criteria.forEach((each, place) => each.addEventListener("focusin", () => { current = place; }));

  // What was missing is there: nothing of it looks like an error any more.
  for (const criterion of criteria) {
    criterion.addEventListener("change", () => {
      for (const error of criterion.querySelectorAll(".errors, .error")) error.hidden = true;
      for (const input of criterion.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
      criterion.classList.remove("has-errors");
    });
  }

  const score = (value) => {
    const place = at();
    const radio = criteria[place]?.querySelector(`input[value="${value}"]`);
    if (!radio) return false;
    radio.checked = true;
    radio.dispatchEvent(new Event("input", { bubbles: true }));
    radio.dispatchEvent(new Event("change", { bubbles: true }));
    if (place + 1 < criteria.length) focusOn(criteria[place + 1]);
    else {
      current = place;
      radio.focus();
    }
    return true;
  };
  const step = (by) => {
    if (!criteria.length) return false;
    const isInside = document.activeElement.closest?.(".criterion");
    const place = isInside ? Math.min(Math.max(at() + by, 0), criteria.length - 1) : at();
    focusOn(criteria[place]);
    return true;
  };
  const press = (element) => {
    if (!element) return false;
    element.click();
    return true;
  };
  const keys = {
    x: () => score("na"),
    j: () => step(1),
    k: () => step(-1),
    c: () => {
      const comment = form?.querySelector("textarea:not(:disabled)");
      comment?.focus();
      return Boolean(comment);
    },
    s: () => press(form?.querySelector(".buttons button[name=draft]")),
    n: () => press(document.querySelector("[data-key=n]")),
    "?": () => {
      if (!note) return false;
      note.open = !note.open;
      note.querySelector("summary").focus();
      return true;
    },
  };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.repeat) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form) {
      const button = form.querySelector("button[name=hand_in_next]");
      if (press(button)) event.preventDefault();
      return;
    }
    if (event.key === "Escape" && form?.contains(event.target) && types(event.target)) {
      event.target.blur();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || !keysAreOn() || types(event.target)) return;
    const done = /^[0-9]$/.test(event.key) ? score(event.key) : Object.hasOwn(keys, event.key) && keys[event.key]();
    if (done) event.preventDefault();
  });

  // --- Printing shows what is folded behind a content warning, in browsers whose style sheets cannot.
  window.addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll(".behind-warning:not([open])")) {
      fold.open = true;
      fold.dataset.printed = "";
    }
  });
  window.addEventListener("afterprint", () => {
    for (const fold of document.querySelectorAll(".behind-warning[data-printed]")) {
      fold.open = false;
      delete fold.dataset.printed;
    }
  });

  if (!form) return;
  const summary = document.querySelector(".error-summary");
  if (summary) summary.focus();
  else document.getElementById("application-heading")?.focus({ preventScroll: true });

  // --- A counter under each comment that comes near its limit.
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  for (const field of form.querySelectorAll("[data-most-characters]")) {
    const counter = document.createElement("p");
    counter.className = "words";
    counter.hidden = true;
    field.insertAdjacentElement("afterend", counter);
    const most = Number(field.dataset.mostCharacters);
    const count = () => {
      const written = [...field.value].length;
      counter.hidden = written < most * 0.8;
      counter.textContent = fill(written > most ? form.dataset.charactersOver : form.dataset.characters, { count: written, most, over: written - most });
      counter.classList.toggle("over", written > most);
    };
    field.addEventListener("input", count);
    count();
  }

  // --- Whoever logged in again in another tab has another token now; the cookie knows it.
  const newestToken = () => {
    const token = document.cookie.split("; ").find((each) => /^(__Secure-|__Host-)?csrftoken=/.test(each))?.split("=")[1];
    if (token) for (const field of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.value = token;
  };
  document.addEventListener("submit", newestToken, true);
  form.addEventListener("htmx:configRequest", (event) => {
    newestToken();
    event.detail.parameters.set?.("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
  });

  // --- Saves that failed are said, tried again, and asked about before the page goes away.
  const RETRY_AFTER = 10_000;
  const line = document.getElementById("saved");
  let dirty = false;
  let retry;
  const saves = form.hasAttribute("hx-post");
  const say = (text) => {
    if (!line) return;
    const said = document.createElement("span");
    said.className = "not-saved";
    said.textContent = text;
    line.replaceChildren(said);
  };
  if (saves && line && !line.textContent.trim() && !document.querySelector(".error-summary")) line.textContent = form.dataset.savesItself;
  const saveNow = () => { if (saves) window.htmx?.trigger(form, "keep"); };
  form.addEventListener("input", () => { dirty = true; });
  let sentAt = 0;
  document.addEventListener("submit", (event) => {
    // A second press while the page waits for the answer says nothing new.
    if (event.target === form && Date.now() - sentAt < 3000) return event.preventDefault();
    if (event.target === form) sentAt = Date.now();
    dirty = false;
    clearTimeout(retry);
  });
  window.addEventListener("pageshow", () => { sentAt = 0; });
  form.addEventListener("htmx:beforeRequest", () => { dirty = false; });
  form.addEventListener("htmx:sendError", () => {
    dirty = true;
    say(form.dataset.notSaved);
    clearTimeout(retry);
    retry = setTimeout(saveNow, RETRY_AFTER);
  });
  form.addEventListener("htmx:responseError", (event) => {
    dirty = true;
    const again = event.detail.xhr.status >= 500;
    say(again ? form.dataset.notSaved : form.dataset.refused);
    clearTimeout(retry);
    if (again) retry = setTimeout(saveNow, RETRY_AFTER);
  });
  form.addEventListener("htmx:afterRequest", (event) => { if ([409, 422].includes(event.detail.xhr?.status)) dirty = true; });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden" && dirty) saveNow(); });
  window.addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });

  // Typed on a slow line before this file was there: the fields tell what differs from what was served.
  const differs = (field) => (field.matches("[type=radio]") ? field.checked !== field.defaultChecked : field.matches("textarea") && field.value !== field.defaultValue);
  if (saves && [...form.elements].some(differs)) {
    dirty = true;
    document.addEventListener("htmx:load", saveNow, { once: true });
  }
})();
