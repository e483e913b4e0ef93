"""Checks access tokens of Postern in a Python service: signature and claims by its public keys, ended sessions by its
revocation feed. Needs Python 3.9, PyJWT and cryptography (Debian: python3-jwt, python3-cryptography).
Checker(postern, issuer, audience, client, secret).check(token) answers the claims, or raises jwt.PyJWTError."""
import base64, jwt, os, sys, threading, time, urllib.error, urllib.parse, urllib.request

BY_KEY = {"ECAlgorithm": "ES256", "OKPAlgorithm": "EdDSA", "RSAAlgorithm": "RS256", "RSAPSSAlgorithm": "PS256"}  # not by the token
STALE_S = 90  # without news for so long nobody is let in: who cut us off may have ended sessions


class Checker:
    def __init__(self, postern, issuer, audience, client, secret):
        self.postern, self.issuer, self.audience, self.keys = postern, issuer, audience, jwt.PyJWKClient(postern + "/.well-known/jwks.json")
        pair = f"{urllib.parse.quote(client, safe='')}:{urllib.parse.quote(secret, safe='')}"
        self.headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        self._ask()
        threading.Thread(target=self._follow, daemon=True).start()

    def _decode(self, token, typ, **more):
        if jwt.get_unverified_header(token).get("typ") != typ:
            raise jwt.InvalidTokenError("another kind of token")
        key = self.keys.get_signing_key_from_jwt(token)
        algorithms, options = [BY_KEY[type(key.Algorithm).__name__]], {"require": ["exp", "iat"]}
        return jwt.decode(token, key.key, algorithms, options, issuer=self.issuer, **more)

    def _ask(self):  # with a tag of before, Postern answers when there is news, at the latest after 25 s
        try:
            request = urllib.request.Request(self.postern + "/revocations?wait=25", headers=self.headers)
            with urllib.request.urlopen(request, timeout=40) as answer:
                self.revoked = self._decode(answer.read().decode(), "revocations+jwt")
                self.headers["If-None-Match"] = answer.headers["ETag"]
        except urllib.error.HTTPError as error:
            if error.code != 304:
                raise
        self.heard_at = time.monotonic()

    def _follow(self):
        while True:
            try:
                self._ask()
            except (OSError, jwt.PyJWTError):
                time.sleep(1)

    def check(self, token):
        t, revoked = self._decode(token, "at+jwt", audience=self.audience), self.revoked
        if time.monotonic() - self.heard_at > STALE_S:
            raise jwt.InvalidTokenError("no news from the revocation feed")
        raised = any(u["sub"] == t["sub"] and t.get("tv", 0) < u["tv"] for u in revoked["users"])
        if raised or t["iat"] < revoked["not_before"] or t.get("sid") in revoked["sessions"] or t.get("client_id") in revoked["clients"]:
            raise jwt.InvalidTokenError("the token was taken back")
        return t


if __name__ == "__main__":  # settings from the environment, a token a line on stdin, a verdict a line on stdout
    checker = Checker(*(os.environ[name] for name in ("POSTERN", "ISSUER", "AUDIENCE", "CLIENT", "SECRET")))
    for line in sys.stdin:
        try:
            print("good", checker.check(line.strip())["sub"], flush=True)
        except jwt.PyJWTError as error:
            print("refused:", error, flush=True)
