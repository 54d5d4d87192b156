// Writing the words of a mail: placeholders at a press, and the mail in its frame as it is typed. The page works without this file.
(() => {
  "use strict";
  const form = document.getElementById("mail-form");
  if (!form) return;
  const fields = [form.elements.subject, form.elements.body];
  let last = form.elements.body;
  for (const field of fields) field.addEventListener("focus", () => { last = field; });

  for (const button of form.querySelectorAll("[data-insert]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      last.focus();
      last.setRangeText(button.dataset.insert, last.selectionStart, last.selectionEnd, "end");
      last.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }

  // What these do by hand happens by itself from here on.
  const show = document.getElementById("show-in-frame");
  for (const button of document.querySelectorAll("[data-by-hand]")) button.hidden = true;
  document.getElementById("mail-preview").addEventListener("htmx:afterSwap", (event) => {
    if (!show || !event.currentTarget.querySelector("[data-fits]")) return;
    // In a frame that is new, the mail is no step of the browser's history.
    const old = document.querySelector("iframe.mail-frame");
    const frame = old.cloneNode();
    frame.removeAttribute("src");
    old.replaceWith(frame);
    form.requestSubmit(show);
  });
})();
