// The page of a session's figures: copies the Markdown, and draws a picture as PNG. Both work without this file: the text can be
// selected, and the picture can be saved as SVG.
(() => {
  "use strict";

  const say = (button, text) => {
    const live = document.getElementById("live");
    if (live) live.textContent = text;
    let beside = button.nextElementSibling;
    if (!beside?.matches(".said")) {
      beside = document.createElement("span");
      beside.className = "said soft";
      beside.setAttribute("aria-hidden", "true");
      button.after(" ", beside);
    }
    beside.textContent = text;
  };

  for (const button of document.querySelectorAll("[data-copy]")) {
    const field = document.getElementById(button.dataset.copy);
    button.hidden = false;
    button.addEventListener("click", async () => {
      field.select();
      try {
        // Without https there is no clipboard, and the old way still works in most browsers.
        if (navigator.clipboard) await navigator.clipboard.writeText(field.value);
        else if (!document.execCommand("copy")) throw new Error("refused");
        say(button, button.dataset.copied);
      } catch {
        say(button, button.dataset.failed);
      }
    });
  }

  // Twice as many pixels as the picture is wide: sharp on any screen.
  const SCALE = 2;
  const drawn = (source) => new Promise((done, failed) => {
    const image = new Image();
    image.onload = () => {
      const canvas = document.createElement("canvas");
      canvas.width = image.naturalWidth * SCALE;
      canvas.height = image.naturalHeight * SCALE;
      const context = canvas.getContext("2d");
      context.scale(SCALE, SCALE);
      context.drawImage(image, 0, 0);
      canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("no picture"))), "image/png");
    };
    image.onerror = () => failed(new Error("not drawn"));
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(source)}`;
  });

  for (const button of document.querySelectorAll("[data-png]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        const answer = await fetch(button.dataset.png, { credentials: "same-origin" });
        if (!answer.ok) throw new Error(String(answer.status));
        const name = /filename="([^"]+)\.svg"/.exec(answer.headers.get("Content-Disposition") || "")?.[1] || "picture";
        const address = URL.createObjectURL(await drawn(await answer.text()));
        const link = Object.assign(document.createElement("a"), { href: address, download: `${name}.png` });
        document.body.append(link);
        link.click();
        link.remove();
        setTimeout(() => URL.revokeObjectURL(address), 10_000);
      } catch {
        say(button, button.dataset.failed);
      }
    });
  }
})();
