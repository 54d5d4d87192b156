// Forming cohorts by hand, beyond links and forms: choosing in a window, and dragging people by the dots beside their names.
// Without this file every link opens a page of its own that does the same.
(() => {
  "use strict";
  const dialog = document.getElementById("choosing");
  const body = document.getElementById("choosing-body");
  const said = document.getElementById("said");
  if (!dialog?.showModal || !window.htmx) return;
  document.documentElement.classList.add("can-drag");

  const say = (words) => { said.textContent = words; };
  // Where the focus goes once the board is drawn anew.
  let cameFrom = "";

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target === body && event.detail.elt.id !== "board") {
      cameFrom = event.detail.elt.closest("[id]:not(#board)")?.id ?? "";
    }
  });

  // Only now the forms in it are those of htmx.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target !== body || !body.firstElementChild) return;
    // What breaks nothing needs no question.
    if (body.querySelector(".choosing-part")?.dataset.asks === "no") {
      body.querySelector("form")?.requestSubmit();
      return;
    }
    if (!dialog.open) dialog.showModal();
    document.getElementById("choosing-heading")?.focus();
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    const board = document.getElementById("board");
    if (event.detail.target?.id !== "board" || !board) return;
    if (dialog.open) dialog.close();
    body.replaceChildren();
    const words = board.dataset.said;
    if (words) say(words);
    const place = cameFrom ? document.getElementById(cameFrom) : null;
    const link = place?.matches("a") ? place : place?.querySelector("a");
    (link ?? board.querySelector("a, button"))?.focus({ preventScroll: true });
    cameFrom = "";
  });

  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(name, () => {
      if (dialog.open) dialog.close();
      say(dialog.dataset.failed);
      let banner = document.getElementById("failed");
      if (!banner) {
        banner = document.createElement("p");
        banner.id = "failed";
        banner.className = "errornote";
        document.getElementById("board").prepend(banner);
      }
      banner.textContent = dialog.dataset.failed;
    });
  }
  // A click beside the window closes it.
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

  // --- Dragging, with mouse, pen or finger.
  const FAR = 6;
  const EDGE = 60;
  let drag = null;

  const placeAt = (x, y) => document.elementFromPoint(x, y)?.closest("[data-drop]");
  const mark = (place) => {
    if (drag.over === place) return;
    drag.over?.classList.remove("drop-here");
    drag.over = place;
    place?.classList.add("drop-here");
  };
  const scroll = () => {
    if (!drag?.ghost) return;
    const by = drag.y < EDGE ? -12 : drag.y > window.innerHeight - EDGE ? 12 : 0;
    if (by) window.scrollBy(0, by);
    drag.frame = requestAnimationFrame(scroll);
  };
  const begin = () => {
    drag.ghost = drag.row.cloneNode(true);
    drag.ghost.removeAttribute("id");
    drag.ghost.classList.add("ghost");
    drag.ghost.setAttribute("aria-hidden", "true");
    drag.ghost.style.width = `${drag.row.offsetWidth}px`;
    document.querySelector(".arranging").append(drag.ghost);
    drag.row.classList.add("dragged");
    scroll();
  };
  const end = () => {
    if (!drag) return;
    cancelAnimationFrame(drag.frame);
    drag.ghost?.remove();
    drag.row.classList.remove("dragged");
    drag.over?.classList.remove("drop-here");
    drag = null;
  };

  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest?.(".grip");
    if (!grip || event.button !== 0 || drag) return;
    event.preventDefault();
    drag = { row: grip.closest(".person"), pointer: event.pointerId, fromX: event.clientX, fromY: event.clientY, x: 0, y: 0, over: null, ghost: null };
  });
  document.addEventListener("pointermove", (event) => {
    if (!drag || event.pointerId !== drag.pointer) return;
    drag.x = event.clientX;
    drag.y = event.clientY;
    if (!drag.ghost) {
      if (Math.hypot(drag.x - drag.fromX, drag.y - drag.fromY) < FAR) return;
      begin();
    }
    drag.ghost.style.transform = `translate(${drag.x + 8}px, ${drag.y + 8}px)`;
    mark(placeAt(drag.x, drag.y));
  });
  document.addEventListener("pointerup", (event) => {
    if (!drag || event.pointerId !== drag.pointer) return;
    const { row, over, ghost } = drag;
    end();
    if (!ghost || !over || over.dataset.drop === row.dataset.here) return;
    cameFrom = row.id;
    const address = new URL(row.dataset.person, location.href);
    address.searchParams.set("to", over.dataset.drop);
    window.htmx.ajax("GET", address.pathname + address.search, { target: body, swap: "innerHTML" });
  });
  document.addEventListener("pointercancel", end);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && drag) { event.preventDefault(); end(); } });
})();
