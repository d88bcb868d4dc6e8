#!/usr/bin/env python3
"""Runs recover.py for many bundles in one process, each time through its `main` as if from the command line.

    recover_all.py RECOVER_PY

Each line of input is a JSON list of arguments; for each one line of JSON comes back: status, stdout, stderr.
"""

import contextlib
import faulthandler
import importlib.util
import io
import json
import sys
import traceback

# Seconds for one bundle. A decoder that comes to no end is wrong too; then this process ends, and says where.
LIMIT = 60


def run(recover, arguments):
    sys.argv, status = ["recover.py", *arguments], 0
    faulthandler.dump_traceback_later(LIMIT, exit=True)
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        try:
            recover.main()
        except SystemExit as ended:
            status = ended.code or 0
        except BaseException:  # what Python itself does with an exception that nobody caught
            traceback.print_exc()
            status = 1
    faulthandler.cancel_dump_traceback_later()
    return {"status": status, "stdout": out.getvalue(), "stderr": err.getvalue()}


def main():
    spec = importlib.util.spec_from_file_location("recover", sys.argv[1])
    recover = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recover)
    for line in sys.stdin:
        print(json.dumps(run(recover, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
