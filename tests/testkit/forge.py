"""Writes the bundle that an attacker would: `forge.py LAYOUT BUNDLE` seals an OCI layout as it is.

Sealift packs no artifact under a name of its own choice, and no layer of a type that it does not know.
"""

import json
import pathlib
import sys

from encode import Bundle

layout, out = map(pathlib.Path, sys.argv[1:])
entries = json.loads((layout / "index.json").read_text())["manifests"]
types = {entry["digest"]: entry["mediaType"] for entry in entries}
bundle = Bundle(out.name)
for path in sorted((layout / "blobs/sha256").iterdir()):
    bundle.blob(path.read_bytes(), types.get("sha256:" + path.name, "application/octet-stream"))
names = {}
for entry in entries:
    names.setdefault(entry["digest"], []).append(entry["annotations"]["io.containerd.image.name"])
for target, named in names.items():
    bundle.image({"digest": target}, *named)
out.write_bytes(bundle.write()[0])
