#!/bin/sh
# Make the site's fonts and scripts from npm packages, once; the site ships the result. fonttools and brotli are needed.
#   npm install @fontsource-variable/source-serif-4@5 @fontsource-variable/source-sans-3@5 @fontsource/noto-naskh-arabic@5 \
#       @fontsource/noto-sans-arabic@5 minisearch@7
#   sh tools/register_fonts.sh node_modules src/standfast/register/site/static
set -eu
from=$1 to=$2
mkdir -p "$to/fonts"
latin=U+0020-007E,U+00A0-00FF,U+0131,U+0152-0153,U+02C6,U+02DA,U+02DC,U+2010-2027,U+2030,U+2039-203A,U+20AC,U+2190-2193,U+2212
extended=U+0100-0130,U+0132-0151,U+0154-017F
arabic=U+0600-06FF,U+0750-077F,U+200C-200F,U+2010-2015,U+0020-0022,U+0027-0029,U+002C-003B,U+00AB,U+00BB,U+FE70-FEFF
subset() { pyftsubset "$1" --unicodes="$2" --layout-features='*' --flavor=woff2 --output-file="$to/fonts/$3"; }
v=@fontsource-variable
subset "$from/$v/source-serif-4/files/source-serif-4-latin-wght-normal.woff2" "$latin" serif-latin.woff2
subset "$from/$v/source-serif-4/files/source-serif-4-latin-ext-wght-normal.woff2" "$extended" serif-extended.woff2
subset "$from/$v/source-sans-3/files/source-sans-3-latin-wght-normal.woff2" "$latin" sans-latin.woff2
subset "$from/$v/source-sans-3/files/source-sans-3-latin-ext-wght-normal.woff2" "$extended" sans-extended.woff2
subset "$from/@fontsource/noto-naskh-arabic/files/noto-naskh-arabic-arabic-600-normal.woff2" "$arabic" naskh-600.woff2
subset "$from/@fontsource/noto-sans-arabic/files/noto-sans-arabic-arabic-400-normal.woff2" "$arabic" arabic-400.woff2
subset "$from/@fontsource/noto-sans-arabic/files/noto-sans-arabic-arabic-600-normal.woff2" "$arabic" arabic-600.woff2
for each in "$v/source-serif-4" "$v/source-sans-3" @fontsource/noto-naskh-arabic @fontsource/noto-sans-arabic; do
    cp "$from/$each/LICENSE" "$to/fonts/OFL-$(basename "$each").txt"
done
{ echo "/*! MiniSearch $(sed -n 's/.*"version": "\(.*\)".*/\1/p' "$from/minisearch/package.json"), MIT licence, from the npm package minisearch */"
  grep -v '^//# sourceMappingURL' "$from/minisearch/dist/umd/index.js"; } > "$to/minisearch.js"
cp "$from/minisearch/LICENSE.txt" "$to/LICENSE-minisearch.txt"
