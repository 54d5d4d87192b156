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

  // Dragging with a mouse or pen sets every box on the way as the first one. Fingers scroll and tap; held for a moment they drag.
  const HOLD = 350;
  let painting = null;
  let painted = false;
  let held;
  const boxAt = (element) => element?.closest?.(".week-grid td")?.querySelector("input");
  const begin = (box) => {
    painting = !box.checked;
    painted = true;
    paint(box);
    box.focus();
  };
  const paint = (box) => {
    if (painting === null || !box || box.checked === painting) return;
    box.checked = painting;
    update();
  };
  const end = () => {
    clearTimeout(held);
    painting = null;
    setTimeout(() => { painted = false; });
  };
  grid.addEventListener("pointerdown", (event) => {
    const box = boxAt(event.target);
    if (!box || event.button !== 0) return;
    if (event.pointerType === "touch") {
      held = setTimeout(() => begin(box), HOLD);
      return;
    }
    begin(box);
    event.preventDefault();
  });
  grid.addEventListener("pointerover", (event) => { if (event.pointerType !== "touch") paint(boxAt(event.target)); });
  // Before it is held the finger scrolls, afterwards it paints.
  grid.addEventListener("touchmove", (event) => {
    if (painting === null) {
      clearTimeout(held);
      return;
    }
    event.preventDefault();
    const { clientX, clientY } = event.touches[0];
    paint(boxAt(document.elementFromPoint(clientX, clientY)));
  }, { passive: false });
  grid.addEventListener("contextmenu", (event) => { if (painting !== null) event.preventDefault(); });
  document.addEventListener("touchend", (event) => {
    // No click follows a finger that painted.
    if (painting !== null) event.preventDefault();
    end();
  }, { passive: false });
  for (const name of ["touchcancel", "pointerup"]) document.addEventListener(name, end);
  // A finger that begins to scroll is no pointer any more; one that paints is still on the grid.
  document.addEventListener("pointercancel", (event) => { if (event.pointerType !== "touch") end(); else clearTimeout(held); });
  // The click that follows a painted box would turn it back.
  grid.addEventListener("click", (event) => {
    if (painted && event.target.matches("input")) event.preventDefault();
    painted = false;
  });

  // One stop of the tab key for the whole grid, on the box where one was last.
  const boxes = [...grid.querySelectorAll("input")];
  const shown = (box) => box.offsetParent !== null;
  const stopAt = (box) => { for (const each of boxes) each.tabIndex = each === box ? 0 : -1; };
  const firstStop = () => { if (!boxes.some((box) => box.tabIndex === 0 && shown(box))) stopAt(boxes.find((box) => box.checked && shown(box)) ?? boxes.find(shown)); };
  for (const box of boxes) box.tabIndex = -1;
  firstStop();
  document.getElementById("show-night")?.addEventListener("change", firstStop);
  grid.addEventListener("focusin", (event) => { if (event.target.matches("input")) stopAt(event.target); });

  // Arrow keys move between the boxes: along the day, and from day to day. With Shift they make the next one like this one.
  grid.addEventListener("keydown", (event) => {
    const toTheRight = document.documentElement.dir === "rtl" ? -1 : 1;
    const step = {
      ArrowLeft: [0, -toTheRight], ArrowRight: [0, toTheRight], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -Infinity], End: [0, Infinity],
    }[event.key];
    if (!step || !event.target.matches("input")) return;
    const rows = [...grid.querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("input")].filter(shown));
    const y = rows.findIndex((row) => row.includes(event.target));
    const x = rows[y].indexOf(event.target);
    const row = rows[y + step[0]] ?? [];
    const next = row[step[1] ? Math.max(0, Math.min(row.length - 1, x + step[1])) : x];
    event.preventDefault();
    if (!next || next === event.target) return;
    next.focus();
    if (event.shiftKey && Number.isFinite(step[1])) {
      next.checked = event.target.checked;
      update();
    }
  });
})();
