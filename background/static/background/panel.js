/* Keeps the panel of the debug toolbar up to date while it is open and something in it still changes. */
import { $$, ajax, getDebugElement } from "../debug_toolbar/js/utils.js";

const PANEL = "BackgroundPanel";
const EVERY = 1000;

let timer;
let token = "";

function openBox() {
  const panel = getDebugElement().querySelector(`#${PANEL}`);
  return panel && $$.visible(panel) ? panel.querySelector("[data-background-runs]") : null;
}

function show(box, data) {
  const focused = box.getRootNode().activeElement?.dataset.run;
  token = data.token;
  box.innerHTML = data.content;
  if (focused) {
    box.querySelector(`[data-run="${focused}"]`)?.focus();
  }
  clearTimeout(timer);
  if (data.changes) {
    timer = setTimeout(refresh, EVERY);
  }
}

async function refresh() {
  clearTimeout(timer);
  const box = openBox();
  if (!box) {
    return;
  }
  const url = new URL(box.dataset.backgroundRuns, location.href);
  url.searchParams.set("request_id", box.dataset.requestId);
  show(box, await ajax(url));
}

async function retry(event) {
  const button = event.target.closest("[data-run]");
  const box = openBox();
  if (!button || !box?.contains(button)) {
    return;
  }
  button.disabled = true;
  const body = new URLSearchParams({ run: button.dataset.run, request_id: box.dataset.requestId });
  show(box, await ajax(box.dataset.backgroundRetry, { method: "POST", headers: { "X-CSRFToken": token }, body }));
}

const toolbar = getDebugElement();
toolbar.addEventListener("click", retry);
$$.onPanelRender(toolbar, PANEL, refresh);
// The event for this first time was sent before this file had arrived.
refresh();
