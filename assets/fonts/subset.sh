#!/usr/bin/env bash
# Makes the embedded fonts anew from the published ones. Needs npm, Python and a network; run it in this folder.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv env
env/bin/pip -q install fonttools==4.68.0 fontpkg-inter==4.1.post1 fontpkg-jetbrains-mono==2.211
npm pack --silent @expo-google-fonts/noto-sans-sc@0.4.3
tar xzf expo-google-fonts-noto-sans-sc-*.tgz
site=$(env/bin/python -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')

# GB 2312: the 6,763 characters and the signs that Chinese texts are written with.
env/bin/python - > gb2312.txt <<'PY'
rows = (bytes([row, cell]) for row in range(0xA1, 0xF8) for cell in range(0xA1, 0xFF))
print("".join(pair.decode("gb2312", "ignore") for pair in rows))
PY
# Latin, Greek, Cyrillic, punctuation, arrows, signs and shapes.
latin=U+0020-024F,U+02B0-02FF,U+0370-03FF,U+0400-04FF,U+1E00-1EFF,U+2000-206F,U+20A0-20BF,U+2100-22FF,U+2500-25FF
subset() { env/bin/pyftsubset "$1" --output-file="$here/$2" --no-hinting --desubroutinize "${@:3}"; }
instance() { env/bin/fonttools varLib.instancer -q "$1" "${@:3}" -o "$2"; }

for weight in 400Regular 600SemiBold; do
  subset "package/$weight/NotoSansSC_$weight.ttf" "NotoSansSC-${weight:0:3}.ttf" \
    --text-file=gb2312.txt --unicodes=U+0020-007E,U+3000-303F,U+FF00-FFEF --layout-features=''
  instance "$site/fontpkg_inter/files/Inter[opsz,wght].ttf" "inter-${weight:0:3}.ttf" wght="${weight:0:3}" opsz=14
  subset "inter-${weight:0:3}.ttf" "Inter-${weight:0:3}.ttf" --unicodes=$latin --layout-features='kern,mark,mkmk'
done
instance "$site/fontpkg_jetbrains_mono/files/JetBrainsMono[wght].ttf" mono.ttf wght=400
subset mono.ttf JetBrainsMono-400.ttf --unicodes=$latin --layout-features=''

cp package/LICENSE_FONT "$here/NotoSansSC-OFL.txt"
cp "$site/fontpkg_inter/LICENSE" "$here/Inter-OFL.txt"
cp "$site/fontpkg_jetbrains_mono/LICENSE" "$here/JetBrainsMono-OFL.txt"
