#!/bin/sh
# Puts the images of the bundle beside this file back. Needs nothing but a shell on the host.
#
# usage: restore.sh [BUNDLE] [--text | --to DESTINATION [OPTION...]]
#
# With a display it opens the window, else it asks here. The stick may be read-only, and mounted without the right to
# run programs: then the program is copied to a temporary folder for as long as it runs.
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 1
program=$here/sealift-kit/sealift
copy=

case ${LC_ALL:-${LC_MESSAGES:-${LANG:-}}} in
zh*) say() { printf '%s\n' "$1"; } ;;
*) say() { printf '%s\n' "$2"; } ;;
esac

fail() {
    say "$1" "$2" >&2
    exit "${3:-1}"
}

clean() { if [ -n "$copy" ]; then rm -rf "$copy"; fi; }
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

runs() { "$1" --version >/dev/null 2>&1; }

# shown NAME: the name, safe to show. Whoever made the stick chose it, and it stands above the fingerprint. Printable
# ASCII, Chinese, kana and full-width signs are shown as they are; of a name with anything else, all but ASCII as "?".
next=$(printf '[\200-\277]')
plain="s/[ -~]//g;s/$(printf '[\344-\351]')$next$next//g;s/$(printf '\343[\200-\203]')$next//g;s/$(printf '\357[\274\275]')$next//g"
shown() {
    if other=$(printf '%s' "$1" | LC_ALL=C tr '\n' '\001' | LC_ALL=C sed "$plain") && [ -z "$other" ]; then
        printf '%s' "$1"
    else
        printf '%s' "$1" | LC_ALL=C tr -c ' -~' '?'
    fi
}

# The program where it lies, else a copy of it where programs may run.
find_program() {
    if runs "$program"; then return 0; fi
    for folder in "${TMPDIR:-/tmp}" /var/tmp /dev/shm "${HOME:-/}"; do
        copy=$(mktemp -d "$folder/sealift.XXXXXX" 2>/dev/null) || { copy=; continue; }
        if cp "$program" "$copy/sealift" 2>/dev/null && chmod 700 "$copy/sealift" && runs "$copy/sealift"; then
            program=$copy/sealift
            return 0
        fi
        rm -rf "$copy"
        copy=
    done
    say "程序不能在这台主机上运行：它适用于 @SYSTEM@。" \
        "The program does not run on this host: it is made for @SYSTEM@." >&2
    folder=$(shown "$here")
    fail "请改用 Python 3：python3 $folder/sealift-kit/recover.py --help" \
        "Use Python 3 instead: python3 $folder/sealift-kit/recover.py --help"
}

# The only bundle beside this file, or the one that is chosen.
find_bundle() {
    set -- "$here"/*.sealift
    if [ ! -e "$1" ]; then
        folder=$(shown "$here")
        fail "$folder 中没有密封包（*.sealift）。" "There is no bundle (*.sealift) in $folder."
    fi
    if [ $# -gt 1 ]; then
        number=0
        for bundle in "$@"; do
            number=$((number + 1))
            printf '  %s) %s\n' "$number" "$(shown "${bundle##*/}")"
        done
        until
            ask "要还原哪一个？" "Which one?"
            is_entry $#
        do no_such_entry; done
        shift $((answer - 1))
    fi
    bundle=$1
}

# ask ZH EN: one line from the person, into $answer.
ask() {
    printf '%s ' "$(say "$1" "$2")"
    IFS= read -r answer || exit 130
}

# is_entry LAST: whether the answer is a number of the list.
is_entry() {
    case $answer in
    *[!0-9]* | '' | ????*) return 1 ;;
    esac
    [ "$answer" -ge 1 ] && [ "$answer" -le "$1" ]
}

no_such_entry() { say "没有这一项，请重新输入。" "There is no such entry. Try again." >&2; }

restore() {
    "$program" restore "$bundle" "$@"
    exit
}

# With what opens it every part of the images is compared, without it the records alone.
check() {
    ask "用口令（p）或密钥文件的路径核对镜像；直接回车则只校验记录：" \
        "Check the images with the passphrase (p), or the path of a key file; Enter checks the records alone:"
    case $answer in
    '') "$program" verify "$bundle" ;;
    p | P) "$program" verify "$bundle" --password ;;
    *) "$program" verify "$bundle" --identity="$answer" ;;
    esac
    exit
}

# found PROGRAM: a mark for what is on this host.
found() { if command -v "$1" >/dev/null 2>&1; then say "（本机已安装）" "(installed here)"; fi; }

menu() {
    "$program" inspect "$bundle" || exit
    say "请与发送方核对上面的指纹，然后选择还原到哪里：" \
        "Compare the fingerprint above with the sender, then choose where the images go:"
    printf '  1) Docker %s\n' "$(found docker)"
    printf '  2) Podman %s\n' "$(found podman)"
    printf '  3) containerd / Kubernetes %s\n' "$(found ctr)"
    printf '  4) %s\n' "$(say "镜像仓库（Harbor 等）" "a registry (Harbor and others)")"
    printf '  5) %s\n' "$(say "一个 docker load 可用的文件" "a file for docker load")"
    printf '  6) %s\n' "$(say "只校验，不写入" "only check it, write nothing")"
    until
        ask "请输入编号：" "Number:"
        is_entry 6
    do no_such_entry; done
    case $answer in
    1) restore --to docker-daemon: ;;
    2) restore --to containers-storage: ;;
    3) restore --to containerd: ;;
    4)
        ask "镜像仓库，例如 harbor.site.local/vendor：" "Registry, such as harbor.site.local/vendor:"
        restore --to "docker://${answer#docker://}"
        ;;
    5)
        ask "文件，例如 /root/images.tar：" "File, such as /root/images.tar:"
        restore --to "docker-archive:$answer"
        ;;
    6) check ;;
    esac
}

bundle=
case ${1:-} in
'' | --*) ;;
*)
    bundle=$1
    shift
    ;;
esac
# A name, and no option.
case $bundle in -*) bundle=./$bundle ;; esac
find_program
[ -n "$bundle" ] || find_bundle
case ${1:-} in
--text) menu ;;
--*) restore "$@" ;;
esac
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && "$program" "$bundle"; then exit 0; fi
menu
