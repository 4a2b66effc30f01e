/* The queue by keyboard. Without this script links and buttons do the same; the keys can
   be turned off, since a stray key may come from a voice or a sleeve (WCAG 2.1.4). */
"use strict";

(() => {
  const help = document.querySelector("dialog[data-help]");
  if (!help) return;
  const box = help.querySelector("[data-keys]");
  const NAME = "fairlead-queue-keys";
  box.checked = localStorage.getItem(NAME) !== "off";
  box.addEventListener("change", () => localStorage.setItem(NAME, box.checked ? "on" : "off"));
  for (const opener of document.querySelectorAll("[data-open-help]")) {
    opener.hidden = false;
    opener.addEventListener("click", () => help.showModal());
  }

  /* On a phone the cases come before filters that nobody asked for. */
  const more = document.querySelector("[data-show-more]");
  const rest = document.querySelectorAll("[data-more]:not([data-chosen])");
  if (matchMedia("(max-width: 40rem)").matches && rest.length) {
    for (const field of rest) field.hidden = true;
    more.hidden = false;
    more.addEventListener("click", () => {
      for (const field of rest) field.hidden = false;
      more.hidden = true;
    });
  }

  const rows = () => [...document.querySelectorAll("[data-row]")];

  function step(by) {
    const all = rows();
    if (!all.length) return;
    const here = all.indexOf(document.activeElement);
    const next = here < 0 ? (by > 0 ? 0 : all.length - 1) : here + by;
    all[Math.min(all.length - 1, Math.max(0, next))].focus();
  }

  const KEYS = {
    j: () => step(1),
    k: () => step(-1),
    "/": () => document.querySelector("#q").focus(),
    n: () => document.querySelector("a[rel=next]")?.click(),
    p: () => document.querySelector("a[rel=prev]")?.click(),
    "?": () => help.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.matches("#q")) return event.target.blur();
    if (event.ctrlKey || event.altKey || event.metaKey || help.open) return;
    if (event.target.matches("input:not([type=checkbox]), textarea, select")) return;
    if (!box.checked && event.key !== "?") return;
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
})();
