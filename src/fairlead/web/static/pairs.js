/* One key each for yes, no and later. Without this script the buttons do the same; the
   keys can be turned off, since a stray key may come from a voice or a sleeve. */
"use strict";

(() => {
  const box = document.querySelector("[data-keys]");
  if (!box) return;
  box.parentElement.hidden = false;
  const NAME = "fairlead-pair-keys";
  box.checked = localStorage.getItem(NAME) !== "off";
  box.addEventListener("change", () => localStorage.setItem(NAME, box.checked ? "on" : "off"));
  document.addEventListener("keydown", (event) => {
    if (!box.checked || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.matches("input:not([type=checkbox]), textarea, select")) return;
    const button = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (button) button.click();
  });
})();
