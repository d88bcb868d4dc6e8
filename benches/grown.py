#!/usr/bin/env python3
"""Writes an OCI archive of N layers, each FILE under another XOR mask: equally compressible, with nothing in common.

usage: grown.py FILE N OUT
"""

import hashlib
import io
import json
import sys
import tarfile


def main():
    content, num_layers, out = open(sys.argv[1], "rb").read(), int(sys.argv[2]), sys.argv[3]
    with tarfile.open(out, "w") as tar:
        def add(name, data):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))

        def blob(media_type, data):
            digest = hashlib.sha256(data).hexdigest()
            add("blobs/sha256/" + digest, data)
            return {"mediaType": "application/vnd.oci.image." + media_type, "digest": "sha256:" + digest, "size": len(data)}

        masks = (bytes(byte ^ mask for byte in range(256)) for mask in range(num_layers))
        layers = [blob("layer.v1.tar", content.translate(mask)) for mask in masks]
        rootfs = {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]}
        config = blob("config.v1+json", json.dumps({"os": "linux", "architecture": "amd64", "rootfs": rootfs}).encode())
        manifest = blob("manifest.v1+json", json.dumps({"schemaVersion": 2, "config": config, "layers": layers}).encode())
        manifest["annotations"] = {"org.opencontainers.image.ref.name": "bench"}
        add("index.json", json.dumps({"schemaVersion": 2, "manifests": [manifest]}).encode())
        add("oci-layout", b'{"imageLayoutVersion": "1.0.0"}')


if __name__ == "__main__":
    main()
