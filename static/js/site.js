// What a page does beyond htmx. Every page works without this file.
(() => {
  "use strict";

  const say = (text) => {
    const live = document.getElementById("live");
    if (live) live.textContent = text;
  };

  // Tell the server the browser's time zone, so that visitors who are not logged in see their own times.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.split("; ").includes(`tz=${zone}`)) {
    document.cookie = `tz=${zone}; path=/; max-age=31536000; samesite=lax`;
  }

  // Forms that ask for the browser's zone without showing it.
  for (const field of document.querySelectorAll("[data-browser-zone]")) {
    if (!field.value) field.value = zone || "";
  }

  // The server knew no zone when it wrote the first page: put the browser's into its deadlines.
  const written = new Intl.DateTimeFormat(document.documentElement.lang || "en", {
    weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone,
  });
  for (const time of document.querySelectorAll(zone && zone !== "UTC" ? "[data-zone-unknown]" : "nothing")) {
    const part = Object.fromEntries(written.formatToParts(new Date(time.dateTime)).map(({ type, value }) => [type, value]));
    time.querySelector("strong").textContent = `${part.weekday} ${part.day} ${part.month} ${part.year}, ${part.hour}:${part.minute}`;
    time.querySelector("span").textContent = `(${zone.split("/").pop().replaceAll("_", " ")})`;
    time.parentElement.querySelectorAll("[data-utc]").forEach((utc) => { utc.hidden = false; });
  }

  // Deadlines count down while the page stays open: days, then hours, then minutes. Nothing of it is announced, and it is
  // always reckoned from the clock, so that it is right after a tab slept.
  const until = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { numeric: "always" });
  const countDown = () => {
    for (const element of document.querySelectorAll("[data-countdown]")) {
      const left = new Date(element.dataset.countdown) - Date.now();
      const minutes = Math.floor(left / 60_000);
      const [size, unit] = minutes >= 2880 ? [1440, "day"] : minutes >= 120 ? [60, "hour"] : [1, "minute"];
      const words = left <= 0 ? element.dataset.over : minutes < 1 ? element.dataset.last : until.format(Math.floor(minutes / size), unit);
      if (element.textContent !== `· ${words}`) element.textContent = `· ${words}`;
    }
    // What is to be said when a moment has come is said once: <… data-shown-at="the moment" hidden>.
    for (const element of document.querySelectorAll("[data-shown-at][hidden]")) {
      if (new Date(element.dataset.shownAt) > Date.now()) continue;
      element.hidden = false;
      say(element.textContent.trim());
    }
  };
  if (document.querySelector("[data-countdown], [data-shown-at]")) {
    setInterval(countDown, 1000);
    document.addEventListener("visibilitychange", countDown);
    window.addEventListener("pageshow", countDown);
  }

  // The summary of a form's errors gets the focus.
  document.querySelector(".error-summary")?.focus();

  // On a slow line people fill in a form before htmx is there to save it. Nothing of it may be lost: the fields of forms that
  // save themselves tell the page's own scripts at once, and htmx as soon as it listens, of what differs from what was served.
  const saves = '[hx-trigger*="change"]';
  const state = (field) => {
    if (field.options) return [...field.options].map((option) => option.selected).join();
    return ["checkbox", "radio"].includes(field.type) ? field.checked : field.value;
  };
  const typedEarly = () => [...document.forms].flatMap((form) => {
    if (!form.matches(saves) && !form.querySelector(saves)) return [];
    // A copy that is reset knows what was served as the browser understood it, whatever the kind of field.
    const served = form.cloneNode(true);
    served.reset();
    return [...form.elements].filter((field, place) => (
      field.closest(saves) && state(field) !== state(served.elements[place]) && (field.type !== "radio" || field.checked)
    ));
  });
  const tell = (name) => typedEarly().forEach((field) => field.dispatchEvent(new Event(name, { bubbles: true })));
  tell("input");
  document.addEventListener("htmx:load", (event) => { if (event.target === document.body) tell("change"); });

  // A form that saves itself says where one looks that it could not, tries again, and lets the browser ask before words are lost:
  // <form data-saves data-not-saved="…" data-refused="…"> with an element #saved, or [data-saved], in it.
  for (const form of document.querySelectorAll("form[data-saves]")) {
    const RETRY_AFTER = 10_000;
    const unsaved = new Set();
    let retry;
    const saveAgain = () => {
      const fields = [...unsaved];
      unsaved.clear();
      fields.forEach((field) => window.htmx?.trigger(field, "change"));
    };
    const failed = (event, again) => {
      const text = again ? form.dataset.notSaved : form.dataset.refused;
      const line = form.querySelector("#saved, [data-saved]");
      if (line) {
        line.className = "not-saved";
        line.textContent = text;
      }
      unsaved.add(event.detail.elt);
      clearTimeout(retry);
      if (again) retry = setTimeout(saveAgain, RETRY_AFTER);
    };
    form.addEventListener("input", (event) => { if (event.target.closest(saves)) unsaved.add(event.target); });
    form.addEventListener("submit", () => unsaved.clear());
    form.addEventListener("htmx:beforeRequest", (event) => unsaved.delete(event.detail.elt));
    form.addEventListener("htmx:sendError", (event) => failed(event, true));
    form.addEventListener("htmx:responseError", (event) => failed(event, event.detail.xhr.status >= 500));
    document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") saveAgain(); });
    window.addEventListener("beforeunload", (event) => { if (unsaved.size) event.preventDefault(); });
  }

  // A failed htmx request must not pass in silence.
  document.addEventListener("htmx:sendError", () => say("The site could not be reached. Check your connection."));

  // Pages may announce what htmx brought in: <… data-announce="text">.
  document.addEventListener("htmx:afterSwap", (event) => {
    const element = event.detail.target;
    const announced = element?.matches?.("[data-announce]") ? element : element?.querySelector?.("[data-announce]");
    if (announced) say(announced.dataset.announce);
  });
})();
