// What a page does beyond htmx. Every page works without this file.
(() => {
  "use strict";

  // Tell the server the browser's time zone, so that visitors who are not logged in see their own times.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.split("; ").includes(`tz=${zone}`)) {
    document.cookie = `tz=${zone}; path=/; max-age=31536000; samesite=lax`;
  }

  // The summary of a form's errors gets the focus.
  document.querySelector(".error-summary")?.focus();

  // A failed htmx request must not pass in silence.
  const say = (text) => {
    const live = document.getElementById("live");
    if (live) live.textContent = text;
  };
  document.addEventListener("htmx:sendError", () => say("The site could not be reached. Check your connection."));

  // Pages may announce what htmx brought in: <… data-announce="text">.
  document.addEventListener("htmx:afterSwap", (event) => {
    const element = event.detail.target;
    const announced = element?.matches?.("[data-announce]") ? element : element?.querySelector?.("[data-announce]");
    if (announced) say(announced.dataset.announce);
  });
})();
