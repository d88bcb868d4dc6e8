#!/usr/bin/env python3
"""Signs an image as cosign does without a key: authorities and logs of its own, and what goes wrong with each.

sign.py DIGEST [CASE…] > cases.json

DIGEST is the manifest that is signed, "sha256:…"; without CASE, all are made. Out comes JSON: a trusted root, and by name the cases. Of a case,
`annotations` and `payload` are cosign's tag form, `att` and `envelope` that of an attestation, `bundle` and `chained`
sigstore's bundles of versions 0.3 and 0.2. Needs python3-cryptography.
"""

import base64
import datetime
import hashlib
import json
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

IDENTITY = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1"
ISSUER = "https://token.actions.githubusercontent.com"
IN_TOTO = "application/vnd.in-toto+json"
SIGNED_AT = datetime.datetime(2026, 1, 15, 12, 0, tzinfo=datetime.timezone.utc)
BEGIN = SIGNED_AT - datetime.timedelta(days=300)
END = SIGNED_AT + datetime.timedelta(days=3000)
SCT_LIST = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")


def b64(data):
    return base64.b64encode(data).decode()


def compact(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def der(tag, content):
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def spki(key):
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def sha256(data):
    return hashlib.sha256(data).digest()


def sign(key, data):
    return key.sign(data, ec.ECDSA(hashes.SHA256()))


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "test"), x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Site:
    """A certificate authority with an intermediate, a log of signatures, a log of certificates."""

    def __init__(self):
        self.root_key, self.ca_key = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP384R1())
        self.rekor, self.ct = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self.root = self.authority("root", self.root_key, "root", self.root_key, None)
        self.ca = self.authority("intermediate", self.ca_key, "root", self.root_key, 0)

    def authority(self, subject, key, issuer, issuer_key, path_length):
        builder = x509.CertificateBuilder(name(issuer), name(subject), key.public_key(), x509.random_serial_number(), BEGIN, END)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = builder.add_extension(usage, True)
        builder = builder.add_extension(x509.BasicConstraints(True, path_length), True)
        if subject != issuer:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False)
        return builder.sign(issuer_key, hashes.SHA384())

    def certificate(self, key, san, issuer, ct, with_sct):
        after = SIGNED_AT + datetime.timedelta(minutes=10)
        builder = x509.CertificateBuilder(name("intermediate"), x509.Name([]), key.public_key(), x509.random_serial_number(), SIGNED_AT, after)
        usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
        builder = builder.add_extension(usage, True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False)
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.ca_key.public_key()), False)
        builder = builder.add_extension(x509.SubjectAlternativeName([san]), True)
        for number, value in [(1, issuer.encode()), (8, der(0x0C, issuer.encode()))]:
            oid = ObjectIdentifier(f"1.3.6.1.4.1.57264.1.{number}")
            builder = builder.add_extension(x509.UnrecognizedExtension(oid, value), False)
        if with_sct:
            tbs = builder.sign(self.ca_key, hashes.SHA384()).tbs_certificate_bytes
            millis = int(SIGNED_AT.timestamp() * 1000).to_bytes(8, "big")
            entry = sha256(spki(self.ca_key)) + len(tbs).to_bytes(3, "big") + tbs
            signature = sign(ct, b"\0\0" + millis + b"\0\1" + entry + b"\0\0")
            sct = b"\0" + sha256(spki(ct)) + millis + b"\0\0" + b"\4\3" + len(signature).to_bytes(2, "big") + signature
            scts = len(sct).to_bytes(2, "big") + sct
            scts = len(scts).to_bytes(2, "big") + scts
            builder = builder.add_extension(x509.UnrecognizedExtension(SCT_LIST, der(4, scts)), False)
        return builder.sign(self.ca_key, hashes.SHA384())

    def trusted_root(self):
        valid = {"start": BEGIN.strftime("%Y-%m-%dT%H:%M:%SZ")}

        def log(key):
            public = {"rawBytes": b64(spki(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": valid}
            return {"baseUrl": "https://log.test", "hashAlgorithm": "SHA2_256", "publicKey": public, "logId": {"keyId": b64(sha256(spki(key)))}}

        chain = [{"rawBytes": b64(one.public_bytes(serialization.Encoding.DER))} for one in (self.ca, self.root)]
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log(self.rekor)],
            "certificateAuthorities": [{"subject": {"organization": "test", "commonName": "root"}, "uri": "https://fulcio.test", "certChain": {"certificates": chain}, "validFor": valid}],
            "ctlogs": [log(self.ct)],
            "timestampAuthorities": [],
        }


def entry(rekor, kind, body, at):
    """A log entry, second of a log of two: cosign's form and sigstore's."""
    body, log_id, seconds = compact(body), sha256(spki(rekor)), int(at.timestamp())
    payload = {"body": b64(body), "integratedTime": seconds, "logIndex": 1, "logID": log_id.hex()}
    promise = b64(sign(rekor, compact(payload)))
    sibling, leaf = sha256(b"\0first"), sha256(b"\0" + body)
    root = sha256(b"\1" + sibling + leaf)
    note = f"log.test\n2\n{b64(root)}\n"
    note += f"\n— log.test {b64(log_id[:4] + sign(rekor, note.encode()))}\n"
    proof = {"logIndex": "1", "rootHash": b64(root), "treeSize": "2", "hashes": [b64(sibling)], "checkpoint": {"envelope": note}}
    sigstore = {
        "logIndex": "1", "logId": {"keyId": b64(log_id)}, "kindVersion": {"kind": kind, "version": "0.0.1"}, "integratedTime": str(seconds),
        "inclusionPromise": {"signedEntryTimestamp": promise}, "inclusionProof": proof, "canonicalizedBody": b64(body),
    }
    return {"SignedEntryTimestamp": promise, "Payload": payload}, sigstore


def case(site, digest, *, by=None, san=None, issuer=ISSUER, ct=None, rekor=None, late=0, with_sct=True, with_entry=True, logged_by=None):
    key = ec.generate_private_key(ec.SECP256R1())
    san = san or x509.UniformResourceIdentifier(IDENTITY)
    certificate = (by or site).certificate(key, san, issuer, ct or site.ct, with_sct)
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    rekor, at = rekor or site.rekor, SIGNED_AT + datetime.timedelta(minutes=1 + late)
    logged_key = logged_by or key

    critical = {"identity": {"docker-reference": "registry.test/acme/app"}, "image": {"docker-manifest-digest": digest}, "type": "cosign container image signature"}
    payload = compact({"critical": critical, "optional": None})
    signature = sign(key, payload)
    logged = signature if logged_by is None else sign(logged_key, payload)
    public = {"content": b64(pem)}
    record = {"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {"data": {"hash": {"algorithm": "sha256", "value": sha256(payload).hex()}}, "signature": {"content": b64(logged), "publicKey": public}}}
    annotations = {"dev.cosignproject.cosign/signature": b64(signature), "dev.sigstore.cosign/certificate": pem.decode()}
    annotations["dev.sigstore.cosign/chain"] = "".join(one.public_bytes(serialization.Encoding.PEM).decode() for one in (site.ca, site.root))
    if with_entry:
        annotations["dev.sigstore.cosign/bundle"] = compact(entry(rekor, "hashedrekord", record, at)[0]).decode()

    def attest(predicate_type):
        statement = {"_type": "https://in-toto.io/Statement/v1", "subject": [{"name": "app", "digest": {"sha256": digest[7:]}}], "predicateType": predicate_type, "predicate": {}}
        content = compact(statement)
        signed = f"DSSEv1 {len(IN_TOTO)} {IN_TOTO} {len(content)} ".encode() + content
        signature = sign(key, signed)
        envelope = {"payloadType": IN_TOTO, "payload": b64(content), "signatures": [{"sig": b64(signature)}]}
        logged = signature if logged_by is None else sign(logged_key, signed)
        body = {
            "apiVersion": "0.0.1", "kind": "dsse",
            "spec": {"envelopeHash": {"algorithm": "sha256", "value": sha256(compact(envelope)).hex()}, "payloadHash": {"algorithm": "sha256", "value": sha256(content).hex()}, "signatures": [{"signature": b64(logged), "verifier": b64(pem)}]},
        }
        return envelope, entry(rekor, "dsse", body, at)

    def bundle(media_type, material):
        envelope, (_, sigstore) = attest("https://sigstore.dev/cosign/sign/v1")
        material = {**material, "tlogEntries": [sigstore] if with_entry else []}
        return {"mediaType": media_type, "verificationMaterial": material, "dsseEnvelope": envelope}

    raw = {"rawBytes": b64(certificate.public_bytes(serialization.Encoding.DER))}
    envelope, (cosigns, _) = attest("https://spdx.dev/Document")
    att = {name: value for name, value in annotations.items() if "cosignproject" not in name and "bundle" not in name}
    if with_entry:
        att["dev.sigstore.cosign/bundle"] = compact(cosigns).decode()
    return {
        "payload": payload.decode(), "annotations": annotations, "envelope": envelope, "att": att,
        "bundle": bundle("application/vnd.dev.sigstore.bundle.v0.3+json", {"certificate": raw}),
        "chained": bundle("application/vnd.dev.sigstore.bundle+json;version=0.2", {"x509CertificateChain": {"certificates": [raw]}}),
    }


def main():
    digest, wanted = sys.argv[1], sys.argv[2:]
    site, other = Site(), Site()
    cases = {
        "good": {},
        "other-identity": {"san": x509.UniformResourceIdentifier(IDENTITY.replace("acme", "acmee"))},
        "mail": {"san": x509.RFC822Name("release@acme.test")},
        "other-issuer": {"issuer": "https://accounts.acme.test"},
        "other-authority": {"by": other},
        "expired": {"late": 60},
        "not-yet-valid": {"late": -60},
        "unknown-log": {"rekor": other.rekor},
        "no-entry": {"with_entry": False},
        "no-sct": {"with_sct": False},
        "unknown-certificate-log": {"ct": other.ct},
        "entry-of-another": {"logged_by": ec.generate_private_key(ec.SECP256R1())},
    }
    made = {name: case(site, digest, **how) for name, how in cases.items() if not wanted or name in wanted}
    json.dump({"identity": IDENTITY, "issuer": ISSUER, "trusted_root": site.trusted_root(), "other_root": other.trusted_root(), "cases": made}, sys.stdout, indent=1)


main()
