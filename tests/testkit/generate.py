#!/usr/bin/env python3
"""Writes the cases of the testkit, by default into `cases` beside this file; README.md tells what they are.

    generate.py [DIR]

Needs Python 3.9 and: pip install cryptography argon2-cffi
"""

import importlib
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
TOPICS = ("shape content header geometry slots passphrases volumes records index index_text frames").split()


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "cases"
    folder.mkdir(exist_ok=True)
    cases = {}
    for topic in TOPICS:
        for case in importlib.import_module("topics." + topic).cases():
            assert case.name not in cases, case.name
            cases[case.name] = case
    for stale in folder.glob("*.case"):
        stale.unlink()
    for name, case in cases.items():
        (folder / f"{name}.case").write_bytes(case.encode())
    print(f"{len(cases)} cases in {folder}")


if __name__ == "__main__":
    main()
