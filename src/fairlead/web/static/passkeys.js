/* Passkeys (W3C Web Authentication). A form with data-passkey is sent only after the
   browser has asked the authenticator; what that answers goes along as JSON. Without
   this script, or without passkeys, such a form stays hidden. */
"use strict";

(() => {
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const SAID = {
    InvalidStateError: "This device holds a passkey for this account already.",
    NotAllowedError: "Nothing came back: it was cancelled, or took too long.",
    SecurityError: "Passkeys do not work at this address; use the one that was given to you.",
  };

  async function options(address) {
    const answer = await fetch(address, { method: "POST" });
    if (answer.status === 403) {
      location.assign("/verify?onward=" + encodeURIComponent(location.pathname));
      return null;
    }
    if (answer.status === 429) throw new Error("Too many tries; wait a minute.");
    if (!answer.ok || answer.redirected) throw new Error("It could not be done now; sign in anew.");
    return answer.json();
  }

  async function made(told) {
    const key = await navigator.credentials.create({
      publicKey: {
        ...told,
        challenge: bytes(told.challenge),
        user: { ...told.user, id: bytes(told.user.id) },
        excludeCredentials: named(told.excludeCredentials),
      },
    });
    return {
      id: key.id, rawId: text(key.rawId), type: key.type,
      response: {
        clientDataJSON: text(key.response.clientDataJSON),
        attestationObject: text(key.response.attestationObject),
      },
    };
  }

  async function shown(told) {
    const key = await navigator.credentials.get({
      publicKey: {
        ...told,
        challenge: bytes(told.challenge),
        allowCredentials: named(told.allowCredentials),
      },
    });
    const handle = key.response.userHandle;
    return {
      id: key.id, rawId: text(key.rawId), type: key.type,
      response: {
        clientDataJSON: text(key.response.clientDataJSON),
        authenticatorData: text(key.response.authenticatorData),
        signature: text(key.response.signature),
        userHandle: handle ? text(handle) : null,
      },
    };
  }

  async function ask(form) {
    const said = form.querySelector("[data-passkey-said]");
    said.textContent = "";
    try {
      const told = await options(form.dataset.passkey);
      if (told === null) return;
      const answer = await ("passkeyNew" in form.dataset ? made(told) : shown(told));
      form.elements.answer.value = JSON.stringify(answer);
      form.submit();
    } catch (error) {
      said.textContent = SAID[error.name] || error.message;
    }
  }

  if (!window.PublicKeyCredential) return;
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      ask(form);
    });
  }
})();
