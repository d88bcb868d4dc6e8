#!/bin/sh
# Installs the program and all that goes with it, or takes exactly that away again.
#
# usage: install.sh install|uninstall BINARY DESTDIR PREFIX
set -eu
what=$1 binary=$2 root=$3$4
here=$(cd "$(dirname "$0")" && pwd)
assets=$(dirname "$here")
share=$root/share
icons=$share/icons/hicolor

# put MODE TARGET [FILE]: installs FILE, or what comes on stdin, as TARGET; uninstalling, removes TARGET.
put() {
    if [ "$what" = uninstall ]; then
        rm -f "$2"
    elif [ $# -eq 3 ]; then
        install -D -m "$1" "$3" "$2"
    else
        install -D -m "$1" /dev/stdin "$2"
    fi
}

# made ARGS: what the program prints; nothing is asked of it when it goes.
made() { if [ "$what" = install ]; then "$binary" "$@"; fi; }

put 755 "$root/bin/sealift" "$binary"
made man | put 644 "$share/man/man1/sealift.1"
made completions bash | put 644 "$share/bash-completion/completions/sealift"
made completions zsh | put 644 "$share/zsh/site-functions/_sealift"
made completions fish | put 644 "$share/fish/vendor_completions.d/sealift.fish"
put 644 "$share/applications/sealift.desktop" "$here/sealift.desktop"
put 644 "$share/mime/packages/sealift.xml" "$here/sealift-mime.xml"
put 644 "$share/metainfo/sealift.metainfo.xml" "$here/sealift.metainfo.xml"
for size in 16 32 48 64 128 256 512; do
    put 644 "$icons/${size}x$size/apps/sealift.png" "$assets/icons/sealift-$size.png"
done
put 644 "$icons/scalable/apps/sealift.svg" "$assets/icons/sealift.svg"
put 755 "$share/sealift/recover.py" "$assets/recover.py"
for licence in LICENSE LICENSE-APACHE LICENSE-MIT; do
    put 644 "$share/doc/sealift/$licence" "$assets/../$licence"
done
for font in Inter JetBrainsMono NotoSansSC; do
    put 644 "$share/doc/sealift/$font-OFL.txt" "$assets/fonts/$font-OFL.txt"
done
if [ "$what" = uninstall ]; then
    rmdir "$share/sealift" "$share/doc/sealift" 2>/dev/null || true
fi

# A packager's own scripts bring the caches up to date on the host; here it is done only for a live system.
if [ -z "$3" ]; then
    update-mime-database "$share/mime" 2>/dev/null || true
    update-desktop-database -q "$share/applications" 2>/dev/null || true
    gtk-update-icon-cache -q -t "$icons" 2>/dev/null || true
fi
