// The weekly grid: paint half hours by dragging, and keep the sums right. The grid works without this file.
(() => {
  "use strict";
  const grid = document.querySelector(".week-grid");
  if (!grid) return;

  const total = document.querySelector("[data-total]");
  const count = (root) => root.querySelectorAll("input:checked").length / 2;
  const update = () => {
    for (const row of grid.querySelectorAll("tbody tr")) row.querySelector("[data-sum]").textContent = count(row);
    total.textContent = count(grid);
  };
  grid.addEventListener("change", update);

  // Dragging with a mouse or pen sets every box on the way as the first one. Fingers scroll, and tap single boxes.
  let painting = null;
  let painted = false;
  grid.addEventListener("pointerdown", (event) => {
    const box = event.target.closest("td")?.querySelector("input");
    if (!box || event.pointerType === "touch" || event.button !== 0) return;
    painting = !box.checked;
    painted = true;
    box.checked = painting;
    box.focus();
    event.preventDefault();
    update();
  });
  grid.addEventListener("pointerover", (event) => {
    if (painting === null) return;
    const box = event.target.closest("td")?.querySelector("input");
    if (box && box.checked !== painting) {
      box.checked = painting;
      update();
    }
  });
  // The click that follows a painted box would turn it back.
  grid.addEventListener("click", (event) => {
    if (painted && event.target.matches("input")) event.preventDefault();
    painted = false;
  });
  document.addEventListener("pointerup", () => {
    painting = null;
    setTimeout(() => { painted = false; });
  });
  document.addEventListener("pointercancel", () => { painting = null; });

  // Arrow keys move between the boxes: along the day, and from day to day.
  grid.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!step || !event.target.matches("input")) return;
    const rows = [...grid.querySelectorAll("tbody tr")].map((row) =>
      [...row.querySelectorAll("input")].filter((box) => box.offsetParent !== null));
    const y = rows.findIndex((row) => row.includes(event.target));
    const x = rows[y].indexOf(event.target);
    const next = rows[y + step[0]]?.[x + step[1]];
    if (next) {
      next.focus();
      event.preventDefault();
    }
  });
})();
