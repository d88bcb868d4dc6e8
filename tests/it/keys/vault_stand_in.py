#!/usr/bin/env python3
"""Answers as Vault's transit engine documents it, over TLS. Not a Vault: one key, kept in memory, and four policies.

    vault_stand_in.py PORT CERTIFICATE KEY STATE     STATE is a file: "sealed", or anything else for open
"""
import base64, json, os, ssl, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEYS = {name: AESGCM(AESGCM.generate_key(256)) for name in ("site", "other")}
TOKENS = {"s.root": ("encrypt", "decrypt"), "s.locker": ("encrypt",)}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def error(self, status, *errors):
        self.answer(status, {"errors": list(errors)})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if open(sys.argv[4]).read().strip() == "sealed":
            return self.error(503, "Vault is sealed")
        if self.path == "/v1/auth/approle/login":
            if (body.get("role_id"), body.get("secret_id")) != ("role", "secret"):
                return self.error(400, "invalid role or secret ID")
            return self.answer(200, {"auth": {"client_token": "s.root", "lease_duration": 60}})
        _, version, mount, operation, name = self.path.split("/", 4)
        allowed = TOKENS.get(self.headers.get("X-Vault-Token"), ())
        if operation not in allowed:
            return self.error(403, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n")
        if mount != "transit":
            return self.error(404, f"no handler for route \"{mount}/{operation}/{name}\". route entry not found.")
        if name not in KEYS:
            return self.error(400, "encryption key not found")
        if operation == "encrypt":
            nonce = os.urandom(12)
            sealed = nonce + KEYS[name].encrypt(nonce, base64.b64decode(body["plaintext"]), None)
            text = "vault:v1:" + base64.b64encode(sealed).decode()
            return self.answer(200, {"data": {"ciphertext": text, "key_version": 1}})
        try:
            prefix, version, text = body["ciphertext"].split(":")
            sealed = base64.b64decode(text, validate=True)
            if (prefix, version) != ("vault", "v1"):
                return self.error(400, "invalid ciphertext: no prefix")
            plain = KEYS[name].decrypt(sealed[:12], sealed[12:], None)
        except (ValueError, InvalidTag):
            return self.error(400, "cipher: message authentication failed")
        return self.answer(200, {"data": {"plaintext": base64.b64encode(plain).decode()}})


server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
