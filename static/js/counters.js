// Limits of an application form, counted while somebody types or chooses. The server judges; this only helps.
// Screen readers hear a count after a pause, and only where a limit is near or passed: never at each key.
(() => {
  "use strict";
  const form = document.getElementById("application-form");
  if (!form) return;
  const PAUSE = 1500;
  // From this share of a limit on, it is worth saying how much is left.
  const NEAR = 0.8;

  const texts = form.dataset;
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const isSeen = /[^\p{Cc}\p{Cf}\p{Z}]/u;
  const wordsOf = (text) => (text.match(/\S+/g) || []).filter((word) => isSeen.test(word)).length;
  const charactersOf = (text) => [...text.trim()].length;

  const status = document.createElement("p");
  status.className = "visually-hidden";
  status.setAttribute("role", "status");
  form.append(status);
  let waiting;
  const announce = (text) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { if (status.textContent !== text) status.textContent = text; }, PAUSE);
  };

  // What stands under a field, and whether a screen reader should hear of it.
  const say = (unit, count, least, most) => {
    const over = most > 0 && count > most;
    const under = count < least;
    const text = over ? texts[`${unit}Over`] : under ? texts[`${unit}Under`] : most ? texts[`${unit}Most`] : texts[unit];
    return { text: fill(text, { count, least, most, over: count - most }), over, matters: over || (most > 0 && count >= most * NEAR) };
  };

  const counterFor = (id, describe, after, counted) => {
    const counter = document.createElement("p");
    counter.className = "words";
    counter.id = `${id}_count`;
    after.insertAdjacentElement("afterend", counter);
    const before = describe.getAttribute("aria-describedby");
    describe.setAttribute("aria-describedby", before ? `${before} ${counter.id}` : counter.id);
    let said = "";
    return (byHand) => {
      const parts = counted();
      counter.textContent = parts.map((part) => part.text).join(" · ");
      counter.hidden = !parts.length;
      counter.classList.toggle("over", parts.some((part) => part.over));
      const heard = parts.filter((part) => part.matters).map((part) => part.text).join(". ");
      if (byHand && heard !== said) announce(heard);
      said = heard;
    };
  };

  for (const field of form.querySelectorAll("[data-longest]")) {
    const limit = (name) => Number(field.dataset[name] || 0);
    const counted = () => {
      const words = wordsOf(field.value);
      const characters = charactersOf(field.value);
      const parts = [];
      if (limit("minWords") || limit("maxWords")) parts.push(say("words", words, limit("minWords"), limit("maxWords")));
      if (limit("minCharacters") || limit("maxCharacters")) {
        parts.push(say("characters", characters, limit("minCharacters"), limit("maxCharacters")));
      } else if (characters >= limit("longest") * NEAR) {
        parts.push(say("characters", characters, 0, limit("longest")));
      }
      return parts;
    };
    const count = counterFor(field.id, field, field, counted);
    field.addEventListener("input", () => count(true));
    count(false);
  }

  const groups = new Map();
  for (const box of form.querySelectorAll("input[data-least-choices], input[data-most-choices]")) {
    groups.set(box.name, [...(groups.get(box.name) || []), box]);
  }
  for (const [name, boxes] of groups) {
    const group = boxes[0].closest("fieldset");
    const { leastChoices, mostChoices } = boxes[0].dataset;
    const counted = () => {
      const chosen = boxes.filter((box) => box.checked).length;
      return [say("chosen", chosen, Number(leastChoices || 0), Number(mostChoices || 0))];
    };
    const count = counterFor(`id_${name}`, group, group.lastElementChild, counted);
    group.addEventListener("change", () => count(true));
    count(false);
  }
})();
