// The one script of the pages for people: it has the browser make a passkey, or use one, and sends what came of it with the
// form that stands for that. Without it, or where a browser knows no passkeys, those forms are not shown.
"use strict";

(() => {
  if (!window.PublicKeyCredential || !navigator.credentials) {
    return;
  }

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(Array.from(new Uint8Array(buffer), (b) => String.fromCharCode(b)).join("")).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const known = (list) => (list || []).map((key) => ({ ...key, id: bytes(key.id) }));

  const make = async (options) => {
    const made = await navigator.credentials.create({
      publicKey: {
        ...options,
        challenge: bytes(options.challenge),
        user: { ...options.user, id: bytes(options.user.id) },
        excludeCredentials: known(options.excludeCredentials),
      },
    });
    const transports = made.response.getTransports ? made.response.getTransports() : [];
    return [made, { attestationObject: text(made.response.attestationObject), transports }];
  };

  const use = async (options) => {
    const used = await navigator.credentials.get({ publicKey: { ...options, challenge: bytes(options.challenge) } });
    const { authenticatorData, signature, userHandle } = used.response;
    return [used, { authenticatorData: text(authenticatorData), signature: text(signature), userHandle: text(userHandle || new ArrayBuffer(0)) }];
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const button = form.querySelector("button");
    const failed = form.querySelector("p[role=alert][hidden]");
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      failed.hidden = true;
      try {
        const options = JSON.parse(form.dataset.options);
        const [key, response] = await (form.dataset.passkey === "create" ? make(options) : use(options));
        form.elements.credential.value = JSON.stringify({
          id: key.id,
          rawId: text(key.rawId),
          type: key.type,
          authenticatorAttachment: key.authenticatorAttachment || undefined,
          response: { ...response, clientDataJSON: text(key.response.clientDataJSON) },
          clientExtensionResults: {},
        });
        form.submit();
      } catch {
        failed.hidden = false;
        button.disabled = false;
      }
    });
  }
})();
