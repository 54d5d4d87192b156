// Rows of the waitlist can be dragged: an extra. The numbers are what counts, and the buttons do the same.
for (const form of document.querySelectorAll("[data-waitlist]")) {
  const body = form.querySelector("tbody");
  let dragged = null;
  const field = (row) => row.querySelector("input[type=number]");
  const first = Math.min(...[...body.rows].map((row) => Number(field(row).value) || Infinity));

  for (const row of body.rows) {
    if (!field(row).value) continue;
    row.draggable = true;
    row.addEventListener("dragstart", (event) => {
      dragged = row;
      row.classList.add("dragged");
      event.dataTransfer.effectAllowed = "move";
    });
    row.addEventListener("dragend", () => {
      row.classList.remove("dragged");
      dragged = null;
    });
    row.addEventListener("dragover", (event) => {
      if (!dragged || dragged === row || dragged.parentElement !== body) return;
      event.preventDefault();
      const box = row.getBoundingClientRect();
      const below = event.clientY > box.top + box.height / 2;
      body.insertBefore(dragged, below ? row.nextElementSibling : row);
    });
    row.addEventListener("drop", (event) => {
      event.preventDefault();
      let number = first;
      for (const each of body.rows) {
        if (field(each).value) field(each).value = number++;
      }
      form.querySelector("[data-unsaved]").hidden = false;
    });
  }
}
