"""Drops files on a window, as a file manager does: drop.py WINDOW X Y FILE...

Speaks XDND version 5 (https://www.freedesktop.org/wiki/Specifications/XDND/) and ends with 0 once the window
has told that it took the drop.
"""
import sys
import time
import urllib.parse

from Xlib import X, display
from Xlib.protocol import event

TIMEOUT_SECS = 30


def main(window, x, y, files):
    screen = display.Display()
    atom = screen.intern_atom
    target = screen.create_resource_object("window", window)
    source = screen.screen().root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
    uri_list = atom("text/uri-list")
    data = "".join("file://" + urllib.parse.quote(file) + "\r\n" for file in files).encode()
    source.set_selection_owner(atom("XdndSelection"), X.CurrentTime)

    def tell(name, *values):
        values = (32, list(values) + [0] * (5 - len(values)))
        target.send_event(event.ClientMessage(window=target, client_type=atom(name), data=values))
        screen.flush()

    def wait_for(name):
        """Serves the list of files until the message comes."""
        end = time.monotonic() + TIMEOUT_SECS
        while time.monotonic() < end:
            while screen.pending_events():
                got = screen.next_event()
                if got.type == X.SelectionRequest:
                    got.requestor.change_property(got.property, got.target, 8, data)
                    got.requestor.send_event(event.SelectionNotify(
                        time=got.time, requestor=got.requestor, selection=got.selection,
                        target=got.target, property=got.property))
                    screen.flush()
                elif got.type == X.ClientMessage and screen.get_atom_name(got.client_type) == name:
                    return
            time.sleep(0.01)
        sys.exit(f"no {name} from the window")

    tell("XdndEnter", source.id, 5 << 24, uri_list)
    for step in range(2):
        tell("XdndPosition", source.id, 0, (x + step) << 16 | y, X.CurrentTime, atom("XdndActionCopy"))
        wait_for("XdndStatus")
    tell("XdndDrop", source.id, 0, X.CurrentTime)
    wait_for("XdndFinished")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
