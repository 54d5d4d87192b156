// A chosen file that did not arrive is said beside its field. It is still chosen there: the form brings it along when it is sent.
(() => {
  "use strict";
  const say = (event) => {
    const block = (event.detail.requestConfig?.elt ?? event.target).closest?.(".chosen");
    if (!block) return;
    let line = block.querySelector(":scope > .not-saved");
    if (!line) {
      line = document.createElement("p");
      line.className = "not-saved";
      block.append(line);
    }
    line.textContent = block.dataset.notUploaded;
  };
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) document.addEventListener(name, say);
})();
