/* A page that keeps itself up to date. `data-live` names the address that tells its
   version; when that changes, the page is fetched anew and the parts marked `data-part`,
   or else all of it, are put in place. Where somebody is typing or has opened something,
   it is only said that there is something new. Whoever may not see the page any more is
   shown what the server says then. Nothing is asked while the tab is hidden. */
"use strict";

(() => {
  const main = document.querySelector("[data-live]");
  if (!main) return;
  const EVERY = 5000;
  const LONGEST = 60000;
  let version = main.dataset.version;
  let pause = EVERY;
  let timer = 0;

  const TYPED = "input:not([type=hidden]), textarea, select";

  function busy(part) {
    const here = document.activeElement;
    if (part.contains(here) && here.matches(TYPED)) return true;
    return part === main && main.querySelector("details[open], dialog[open]") !== null;
  }

  function put(part, next) {
    const focus = part.contains(document.activeElement) && document.activeElement.id;
    const fresh = document.importNode(next, true);
    if (part === main) part.replaceChildren(...fresh.childNodes);
    else part.replaceWith(fresh);
    if (focus) document.getElementById(focus)?.focus();
  }

  async function renew() {
    const answer = await fetch(location.href);
    if (!answer.ok || answer.redirected) return location.reload();
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const shown = fresh.querySelector("[data-live]");
    if (!shown) return location.reload();
    const marked = [...document.querySelectorAll("[data-part]")];
    const parts = marked.length ? marked : [main];
    if (parts.some(busy)) return tell();
    for (const part of parts) {
      const place = part === main ? "main" : `[data-part="${CSS.escape(part.dataset.part)}"]`;
      const next = fresh.querySelector(place);
      if (next && next.innerHTML !== part.innerHTML) put(part, next);
    }
    version = shown.dataset.version;
    say("The page was brought up to date.");
  }

  function say(text) {
    const place = document.querySelector("[data-said]");
    if (place) place.textContent = text;
  }

  function tell() {
    const bar = document.querySelector("[data-changed]");
    if (bar) bar.hidden = false;
  }

  async function look() {
    try {
      const answer = await fetch(main.dataset.live);
      if (answer.redirected || [401, 403, 404].includes(answer.status)) {
        return location.reload();
      }
      if (answer.ok) {
        pause = EVERY;
        if ((await answer.json()).version !== version) await renew();
      } else {
        pause = Math.min(LONGEST, pause * 2);
      }
    } catch {
      pause = Math.min(LONGEST, pause * 2);
    }
    wait();
  }

  function wait() {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(look, pause);
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) look();
  });
  wait();
})();
