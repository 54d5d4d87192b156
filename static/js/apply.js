// The application form, beyond htmx. It saves itself every few seconds; what cannot be sent is kept in the browser (kept.js) and
// sent when the site can be reached, also after the tab was closed. What counts along is counters.js.
// The form works without this file; the server is the judge of everything.
(() => {
  "use strict";
  const form = document.getElementById("application-form");
  if (!form) return;
  const line = document.getElementById("saved");
  const texts = form.dataset;
  const owner = texts.keptAs;
  const id = owner && window.kept ? `${owner}:${form.elements.tab.value}` : "";
  const ofTabOnly = new Set((texts.private || "").split(" "));
  const isUnsaved = "unsaved" in texts;
  const savesItself = form.hasAttribute("hx-post");
  // Somebody who writes without a pause is saved this often; after a failure the waits grow from the first to the last.
  const EVERY = 6_000;
  const FIRST_WAIT = 5_000;
  const LAST_WAIT = 300_000;

  // What stands in a form, by name: the text, the choice, or the choices one a line. Files have requests of their own.
  const OURS = new Set(["csrfmiddlewaretoken", "version", "tab", "person"]);
  const valuesOf = (source) => {
    const found = {};
    for (const field of source.elements) {
      if (!field.name || OURS.has(field.name) || ["file", "hidden", "submit", "button"].includes(field.type)) continue;
      if (!["checkbox", "radio"].includes(field.type)) found[field.name] = field.value;
      else if (!(field.name in found) || field.checked) {
        found[field.name] = [found[field.name], field.checked ? field.value : ""].filter(Boolean).join("\n");
      }
    }
    return found;
  };
  const served = (() => {
    const copy = form.cloneNode(true);
    copy.reset();
    return valuesOf(copy);
  })();

  // What the site has, as far as this page knows. Null: unknown, where the page shows a text that is not saved yet.
  const isUnknown = isUnsaved || form.matches('[hx-trigger^="load"]');
  let base = isUnknown ? Object.fromEntries(Object.keys(served).map((name) => [name, null])) : { ...served };
  let isKept = true;
  const changes = () => {
    const now = valuesOf(form);
    const changed = Object.keys(now).filter((name) => now[name] !== base[name]).map((name) => [name, [base[name], now[name]]]);
    return Object.fromEntries(changed);
  };
  // Files are stored already: only which ones is part of the form.
  const filesOf = (source) => (
    [...source.elements].filter((field) => field.type === "hidden" && field.name.startsWith("question_")).map((field) => field.value).join()
  );
  let baseFiles = filesOf(form);
  const isDirty = () => Object.keys(changes()).length > 0 || filesOf(form) !== baseFiles;
  const keep = () => { isKept = id ? kept.write(id, changes(), ofTabOnly) : !isDirty(); };

  const say = (text, isSafe = false) => {
    const said = document.createElement("span");
    said.className = isSafe ? "kept-here" : "not-saved";
    said.textContent = text;
    line.replaceChildren(said);
  };

  // Saving

  let failures = 0;
  let retry;
  let soon;
  let pause;
  let sent = null;
  let sentFiles = "";
  let renewed = false;
  let loggedOut = false;
  let leaving = false;
  const save = () => { if (savesItself && window.htmx) htmx.trigger(form, "keep"); };
  const again = () => {
    clearTimeout(retry);
    if (isDirty()) save();
  };
  const unreachable = () => {
    keep();
    say(isKept ? texts.kept : texts.notSaved, isKept);
    failures += 1;
    clearTimeout(retry);
    const wait = Math.min(LAST_WAIT, FIRST_WAIT * 2 ** (failures - 1));
    // Not all at the same moment, where a whole room comes back at once.
    retry = setTimeout(again, wait * (0.8 + 0.4 * Math.random()));
  };
  const arrived = () => {
    failures = 0;
    renewed = loggedOut = false;
    clearTimeout(retry);
    base = { ...base, ...sent };
    baseFiles = sentFiles;
    keep();
  };
  const isOwn = (event) => (event.detail.requestConfig?.elt ?? event.detail.elt) === form;

  for (const name of ["input", "change"]) {
    form.addEventListener(name, () => {
      clearTimeout(pause);
      pause = setTimeout(keep, 300);
      soon ??= setTimeout(() => { soon = undefined; if (isDirty()) save(); }, EVERY);
    });
  }
  form.addEventListener("htmx:beforeRequest", (event) => {
    if (!isOwn(event)) return;
    // Asked twice about the same: when a field was left, and a moment after the last letter.
    if (!isDirty()) { event.preventDefault(); return; }
    sent = valuesOf(form);
    sentFiles = filesOf(form);
  });
  // An answer that is not from this site, such as the page of a hotel's network, is none.
  form.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (!isOwn(event) || xhr.status < 200 || xhr.status > 299) return;
    if (xhr.getResponseHeader("Text-Saved")) arrived();
    else {
      event.detail.shouldSwap = false;
      unreachable();
    }
  });
  for (const name of ["htmx:sendError", "htmx:timeout"]) form.addEventListener(name, (event) => { if (isOwn(event)) unreachable(); });
  form.addEventListener("htmx:responseError", (event) => {
    if (!isOwn(event)) return;
    const { status } = event.detail.xhr;
    if (status >= 500 || status === 429) unreachable();
    else {
      keep();
      say(texts.refused);
    }
  });
  form.addEventListener("htmx:afterSwap", () => {
    // What was refused for a reason stands in the line. The text stays kept.
    keep();
    loggedOut = line.querySelector("[data-logged-out]") !== null;
  });
  // The page was from before a log-in: with the token that came along it may be sent once more.
  form.addEventListener("renewed", () => {
    if (renewed) return;
    renewed = true;
    save();
  });

  window.addEventListener("online", () => { failures = 0; again(); });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") {
      keep();
      if (isDirty()) save();
    } else if (failures || loggedOut) again();
  });
  form.addEventListener("submit", (event) => {
    keep();
    if (navigator.onLine === false && isKept) {
      event.preventDefault();
      say(texts.keptOffline, true);
      return;
    }
    leaving = true;
    if (id) kept.markSent(id);
  });
  window.addEventListener("pagehide", keep);
  // A page from the browser's memory knows an old version: a new one takes over what is kept.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    keep();
    if (isKept) window.location.reload();
  });
  // Leaving with text that is neither saved nor kept, or kept no longer than this tab: let the browser ask.
  window.addEventListener("beforeunload", (event) => {
    if (leaving) return;
    keep();
    if (!isKept || Object.keys(changes()).some((name) => ofTabOnly.has(name))) event.preventDefault();
  });

  // What an earlier visit could not send

  const fieldsOf = (name) => [...form.elements].filter((field) => field.name === name && field.type !== "hidden");
  const put = (name, value) => {
    const chosen = value.split("\n");
    for (const field of fieldsOf(name)) {
      if (field.type === "radio") field.checked = field.value === value;
      else if (field.type === "checkbox") field.checked = chosen.includes(field.value);
      else field.value = value;
    }
    const [field] = fieldsOf(name);
    field.closest("details")?.setAttribute("open", "");
    for (const happens of ["input", "change"]) field.dispatchEvent(new Event(happens, { bubbles: true }));
  };
  const inWords = (name, value) => value.split("\n").map((part) => {
    for (const field of fieldsOf(name)) {
      if (field.options) return [...field.options].find((option) => option.value === part)?.text ?? part;
      if (["radio", "checkbox"].includes(field.type) && field.value === part) return field.labels[0]?.textContent.trim() ?? part;
    }
    return part;
  }).join("\n");

  const element = (tag, text, className) => {
    const made = document.createElement(tag);
    made.textContent = text;
    if (className) made.className = className;
    return made;
  };
  const offer = (name, typed, drop) => {
    const box = element("div", "", "beside");
    let other = typed;
    const heading = element("strong", texts.keptHere);
    const text = element("div", "", "typed");
    text.dir = "auto";
    const show = () => { text.textContent = other ? inWords(name, other) : texts.empty; };
    show();
    const label = (word) => {
      const button = element("button", word, "button second");
      button.type = "button";
      button.append(element("span", `: ${heading.textContent}`, "visually-hidden"));
      return button;
    };
    const [use, forget] = [label(texts.use), label(texts.forget)];
    use.addEventListener("click", () => {
      const current = valuesOf(form)[name];
      drop();
      put(name, other);
      other = current;
      heading.textContent = texts.otherText;
      show();
      keep();
    });
    forget.addEventListener("click", () => {
      drop();
      box.remove();
      keep();
      fieldsOf(name)[0].focus();
    });
    const buttons = element("p", "", "row");
    buttons.append(use, forget);
    const title = element("p", "");
    title.append(heading);
    box.append(title, text, buttons);
    (document.getElementById(`field-${name}`) ?? fieldsOf(name)[0].closest(".field")).insertAdjacentElement("afterend", box);
  };
  const note = (text, at) => {
    const when = new Intl.DateTimeFormat(document.documentElement.lang || "en", { dateStyle: "long", timeStyle: "short" }).format(at);
    const banner = element("div", "", "banner");
    banner.dataset.tone = "reviewer";
    banner.setAttribute("role", "status");
    banner.append(element("p", text.replace("{when}", when)));
    form.insertAdjacentElement("beforebegin", banner);
  };

  const takeOver = () => {
    const typedEarly = valuesOf(form);
    const filled = [];
    const offered = [];
    for (const record of kept.recordsOf(owner)) {
      for (const [name, [was, typed]] of Object.entries(record.fields)) {
        if (!(name in served)) continue;
        const now = valuesOf(form)[name];
        if (now === typed) kept.drop(record.id, name);
        // Nothing was saved there since, and nothing typed just now: it goes on where it stopped.
        else if (served[name] === was && now === served[name] && typedEarly[name] === now) {
          put(name, typed);
          keep();
          kept.drop(record.id, name);
          filled.push(record.at);
        } else {
          offer(name, typed, () => kept.drop(record.id, name));
          offered.push(record.at);
        }
      }
    }
    if (filled.length) note(texts.filled, Math.max(...filled));
    if (offered.length) note(texts.undecided, Math.max(...offered));
  };
  // Typed here by somebody who was not logged in: perhaps by somebody else, so it is only offered.
  const offerFromBefore = () => {
    const offered = [];
    for (const record of texts.keptBefore ? kept.recordsOf(texts.keptBefore) : []) {
      for (const [name, [, typed]] of Object.entries(record.fields)) {
        if (!typed || !(name in served) || valuesOf(form)[name] === typed) kept.drop(record.id, name);
        else {
          offer(name, typed, () => kept.drop(record.id, name));
          offered.push(record.at);
        }
      }
    }
    if (offered.length) note(texts.before, Math.max(...offered));
  };

  if (!id) return;
  if (isUnsaved) {
    // The text that this page shows is kept as it was typed, beside what the site had then.
    const before = `${owner}:${texts.cameFrom}`;
    for (const [name, [was]] of Object.entries(kept.read(before)?.fields ?? {})) if (name in base) base[name] = was;
    keep();
    kept.forget(before);
    return;
  }
  takeOver();
  offerFromBefore();
  if (isDirty()) document.addEventListener("htmx:load", (event) => { if (event.target === document.body) save(); });
})();
