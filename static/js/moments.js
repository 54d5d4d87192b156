// Beside a day and a time in the administration: which moment that is, in the session's zone and in UTC, before it is saved.
// The server reckons for itself; without this file the page says it once it is saved.
(() => {
  "use strict";
  const lang = document.documentElement.lang || "en";
  const parts = (moment, zone) => Object.fromEntries(new Intl.DateTimeFormat("en", {
    year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric", hourCycle: "h23", timeZone: zone,
  }).formatToParts(moment).map(({ type, value }) => [type, Number(value)]));
  const offset = (moment, zone) => {
    const wall = parts(moment, zone);
    return Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute, wall.second) - Math.floor(moment / 1000) * 1000;
  };
  // The instant at which clocks in the zone show this; null where they never do.
  const instant = (wall, zone) => {
    const near = wall - offset(wall, zone);
    const found = wall - offset(near, zone);
    return found + offset(found, zone) === wall ? found : null;
  };
  const written = (moment, zone) => {
    const part = Object.fromEntries(new Intl.DateTimeFormat(lang, {
      weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone,
    }).formatToParts(moment).map(({ type, value }) => [type, value]));
    return `${part.weekday} ${part.day} ${part.month} ${part.year}, ${part.hour}:${part.minute} (${zone.split("/").pop().replaceAll("_", " ")})`;
  };

  for (const moment of document.querySelectorAll(".moment[data-zone]")) {
    const [day, time, anywhere] = moment.querySelectorAll("input");
    const said = moment.querySelector("output");
    const sessionZone = () => document.getElementById("id_time_zone")?.value || moment.dataset.sessionZone || "UTC";
    const say = () => {
      const wall = Date.parse(`${day.value}T${anywhere?.checked ? "12:00" : time.value}Z`);
      const found = Number.isNaN(wall) ? null : anywhere?.checked ? wall + 86_400_000 : instant(wall, moment.dataset.zone);
      const zones = [...new Set([sessionZone(), "UTC"])];
      try {
        said.textContent = found === null ? "" : `= ${zones.map((zone) => written(found, zone)).join(" = ")}`;
      } catch {
        // A zone that this browser does not know: the server does.
        said.textContent = "";
      }
      time.disabled = Boolean(anywhere?.checked);
    };
    moment.addEventListener("input", say);
    document.getElementById("id_time_zone")?.addEventListener("change", say);
    say();
  }
})();
