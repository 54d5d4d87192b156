// A link to a folded part of the page opens it. Without this file the link leads to the part, and one click more opens it.
(() => {
  "use strict";
  const open = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const fold = id && document.getElementById(id)?.querySelector("details");
    if (fold) fold.open = true;
  };
  window.addEventListener("hashchange", open);
  // The same link once more changes no address.
  for (const link of document.querySelectorAll(".parts a")) link.addEventListener("click", () => setTimeout(open));
  open();
})();
