// Canaries: every password and token that a story sends or gets. None may turn up in a log, the audit trail or the database.
const TELLING = /^(password|current_password|new_password|access_token|refresh_token|mfa_token|token|code|codes|secret|uri|client_secret|client_assertion)$/;
const SHORTEST = 8; // a shorter text, or a plain word, stands in innocent places too

export class Canaries {
  #seen = new Set();

  remember(secret) {
    if (typeof secret === 'string' && secret.length >= SHORTEST && !/^[a-z_]+$/.test(secret)) this.#seen.add(secret);
    return secret;
  }

  // Members of a body, sent or received, whose names say that they are secret.
  rememberIn(value) {
    if (value === null || typeof value !== 'object') return;
    for (const [name, inner] of Object.entries(value)) {
      if (typeof inner === 'string' && TELLING.test(name)) this.remember(inner);
      else if (Array.isArray(inner) && TELLING.test(name)) inner.forEach((one) => this.remember(one));
      else this.rememberIn(inner);
    }
  }

  get count() {
    return this.#seen.size;
  }

  // The canaries that a text holds, plain or as a JSON string would write them. One way through the text, however many there are.
  foundIn(text) {
    const heads = this.#heads(), found = new Set();
    for (let at = 0; at + SHORTEST <= text.length; at++)
      for (const { form, secret } of heads.get(text.slice(at, at + SHORTEST)) ?? []) if (text.startsWith(form, at)) found.add(secret);
    return [...found];
  }

  // By their first characters.
  #heads() {
    const heads = new Map();
    for (const secret of this.#seen)
      for (const form of new Set([secret, JSON.stringify(secret).slice(1, -1)])) {
        const head = form.slice(0, SHORTEST);
        if (!heads.has(head)) heads.set(head, []);
        heads.get(head).push({ form, secret });
      }
    return heads;
  }
}
