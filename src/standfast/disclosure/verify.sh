#!/bin/sh
# Repeats the steps of HOW-TO-CHECK.txt on an unpacked bundle, without the program that made it.
#
#   sh verify.sh [POLICY [ROOTS]]     POLICY: your own policy file; ROOTS: your own authorities' roots, one PEM file
#
# Needs sh, coreutils, sed, grep, find, xxd and OpenSSL 3. Asks no network. Step numbers are those of the other ways.
# Ends with 0 when no step failed, 1 when one did, 2 when it can't work here. "not checked" is never "passed".
set -u
LC_ALL=C
export LC_ALL

case ${1-} in '' | /*) own_policy=${1-} ;; *) own_policy=$PWD/$1 ;; esac
case ${2-} in '' | /*) own_roots=${2-} ;; *) own_roots=$PWD/$2 ;; esac
cd "$(dirname "$0")" || exit 2
for tool in sha256sum sha512sum base64 cmp sort xxd openssl sed grep find; do
    command -v "$tool" >/dev/null || { echo "this script needs $tool" >&2; exit 2; }
done
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM
: >"$work/failed"
dash='— '
ml_dsa=no
openssl list -signature-algorithms 2>/dev/null | grep -qi 'ml-dsa-44' && ml_dsa=yes

passed() { printf '%2s. passed       %s\n' "$1" "$2"; }
unchecked() { printf '%2s. NOT CHECKED  %s\n' "$1" "$2"; }
failed() {
    printf '%2s. FAILED       %s\n' "$1" "$2"
    echo "$1" >>"$work/failed"
}

# ---- small parts

hex_of() { printf %s "$1" | base64 -d 2>/dev/null | xxd -p | tr -d '\n'; }
node() { printf '01%s%s' "$1" "$2" | xxd -r -p | sha256sum | cut -c1-64; }
# A number that the shell can count with: decimal, no leading zero, at most 18 digits.
is_number() {
    case $1 in '' | *[!0-9]* | 0?* | ???????????????????*) return 1 ;; esac
}

# The path from a leaf to the root (RFC 9162, 2.1.3.2): index, size, leaf hash; the path's hashes, hex, in $work/path.
root_over() {
    fn=$1 sn=$(($2 - 1)) r=$3
    while read -r p; do
        [ "$sn" -gt 0 ] || return 1
        if [ $((fn & 1)) = 1 ] || [ "$fn" = "$sn" ]; then
            r=$(node "$p" "$r")
            while [ $((fn & 1)) = 0 ] && [ "$fn" != 0 ]; do fn=$((fn >> 1)) sn=$((sn >> 1)); done
        else
            r=$(node "$r" "$p")
        fi
        fn=$((fn >> 1)) sn=$((sn >> 1))
    done <"$work/path"
    [ "$sn" = 0 ] && printf %s "$r"
}

# One tree begins with another (RFC 9162, 2.1.4.2): old size, old root, size, root; the path in $work/path.
continues() {
    fn=$(($1 - 1)) sn=$(($3 - 1))
    if [ $(($1 & ($1 - 1))) = 0 ]; then
        printf '%s\n' "$2" | cat - "$work/path" >"$work/whole"
    else
        cat "$work/path" >"$work/whole"
    fi
    while [ $((fn & 1)) = 1 ]; do fn=$((fn >> 1)) sn=$((sn >> 1)); done
    fr= sr=
    while read -r c; do
        if [ -z "$fr" ]; then fr=$c sr=$c; continue; fi
        [ "$sn" -gt 0 ] || return 1
        if [ $((fn & 1)) = 1 ] || [ "$fn" = "$sn" ]; then
            fr=$(node "$c" "$fr") sr=$(node "$c" "$sr")
            while [ $((fn & 1)) = 0 ] && [ "$fn" != 0 ]; do fn=$((fn >> 1)) sn=$((sn >> 1)); done
        else
            sr=$(node "$sr" "$c")
        fi
        fn=$((fn >> 1)) sn=$((sn >> 1))
    done <"$work/whole"
    [ "$sn" = 0 ] && [ "$fr" = "$2" ] && [ "$sr" = "$4" ]
}

# Base64 lines on standard input to hex lines in $work/path; fails when one is no hash of 32 bytes.
to_path() {
    : >"$work/path"
    while read -r line; do
        one=$(hex_of "$line")
        [ ${#one} = 64 ] || return 1
        echo "$one" >>"$work/path"
    done
}

# A key by its vkey on a note: 0 signed, 1 its line is false, 2 it has not signed, 3 this OpenSSL knows no such key.
# $1 vkey, $2 note. For a cosignature, $when becomes its time in seconds since 1970.
signed() {
    name=${1%%+*} rest=${1#*+}
    id=${rest%%+*} key=$(hex_of "${rest#*+}")
    is=$(printf '%s\n' "$name" >"$work/id"; printf %s "$key" | xxd -r -p >>"$work/id"; sha256sum <"$work/id" | cut -c1-8)
    [ "$is" = "$id" ] || return 1
    sed -n 1,3p "$2" >"$work/text"
    found=2 when=
    sed 1,4d "$2" >"$work/lines"
    while IFS= read -r line; do
        case $line in "$dash$name "*) ;; *) continue ;; esac
        blob=$(hex_of "${line#"$dash$name "}")
        case $blob in "$id"*) ;; *) continue ;; esac
        blob=${blob#"$id"} public=${key#??} message=$work/text
        case $key in
        01*) start=302a300506032b6570032100 ;;
        04*)
            start=302a300506032b6570032100 when=$(printf '%d' "0x$(printf %s "$blob" | cut -c1-16)")
            { printf 'cosignature/v1\ntime %s\n' "$when"; cat "$work/text"; } >"$work/message"
            blob=${blob#????????????????} message=$work/message
            ;;
        06*)
            [ $ml_dsa = yes ] || return 3
            start=30820532300b060960864801650304031103820521 start=${start}00
            time=$(printf %s "$blob" | cut -c1-16) when=$(printf '%d' "0x$time")
            blob=${blob#????????????????} message=$work/message
            origin=$(sed -n 1p "$2")
            {
                printf 'subtree/v1\n\000'
                printf '%02x' ${#name} | xxd -r -p; printf %s "$name"
                printf %s "$time" | xxd -r -p
                printf '%02x' ${#origin} | xxd -r -p; printf %s "$origin"
                printf '%016x%016x' 0 "$(sed -n 2p "$2")" | xxd -r -p
                sed -n 3p "$2" | base64 -d
            } >"$work/message"
            ;;
        *) return 3 ;;
        esac
        printf '%s%s' "$start" "$public" | xxd -r -p >"$work/key.der"
        printf %s "$blob" | xxd -r -p >"$work/signature"
        openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key.der" -rawin -in "$message" \
            -sigfile "$work/signature" >/dev/null 2>&1 || return 1
        found=0
    done <"$work/lines"
    return $found
}

# A policy on a note, in $verdict: met, unmet, false, unknown. $1 policy, $2 note, $3 log or quorum.
judge() {
    verdict=unmet met=' ' quorum= unknown=no times=
    while read -r kind a b rest; do
        case $kind in
        log)
            [ "$3" = log ] || continue
            [ "${a%%+*}" = "$(sed -n 1p "$2")" ] || continue
            signed "$a" "$2"
            case $? in 0) [ $verdict = unmet ] && verdict=met ;; 1) verdict=false ;; 3) unknown=yes ;; esac
            ;;
        witness)
            [ "$3" = quorum ] || continue
            signed "$b" "$2"
            case $? in
            0) met="$met$a " times="$times $when" ;;
            1) verdict=false ;;
            3) unknown=yes ;;
            esac
            ;;
        group)
            count=0 members=0
            for each in $rest; do
                members=$((members + 1))
                case $met in *" $each "*) count=$((count + 1)) ;; esac
            done
            case $b in any) need=1 ;; all) need=$members ;; *) need=$b ;; esac
            [ "$count" -ge "$need" ] && met="$met$a "
            ;;
        quorum) quorum=$a ;;
        esac
    done <"$1"
    [ -n "$quorum" ] || verdict=false
    if [ "$3" = quorum ] && [ $verdict = unmet ]; then
        if [ "$quorum" = none ]; then verdict=none; else
            case $met in *" $quorum "*) verdict=met ;; esac
        fi
    fi
    if [ $verdict = unmet ] && [ $unknown = yes ]; then verdict=unknown; fi
}

# ---- the bundle

unchecked 1 'zip: it is unpacked already; check it with the page or the program'

listed() { sed 's/^[0-9a-f]*  //' "$1" | sort; }
bad=
for family in 256 512; do
    "sha${family}sum" --strict --quiet -c "manifest-sha$family.txt" >/dev/null 2>&1 || bad="manifest-sha$family.txt"
    "sha${family}sum" --strict --quiet -c "tagmanifest-sha$family.txt" >/dev/null 2>&1 || bad="tagmanifest-sha$family.txt"
    find data -type f | sort >"$work/there"
    listed "manifest-sha$family.txt" | cmp -s - "$work/there" || bad="the list of files below data/"
    find . -maxdepth 1 -type f ! -name 'tagmanifest-*' | sed 's|^\./||' | sort >"$work/there"
    listed "tagmanifest-sha$family.txt" | cmp -s - "$work/there" || bad="the list of files beside data/"
done
[ -z "$(find . ! -type f ! -type d)" ] || bad="a file that is none"
if [ -z "$bad" ]; then passed 2 'bag: every file is whole'; else failed 2 "bag: $bad does not fit"; fi

for item in data/items/*/; do
    n=$(basename "$item") record=${item}record.json
    unchecked 3 "record $n: its one spelling (RFC 8785) takes a program"

    # The top-level members in their order: blake3 comes first, sha256 and size_bytes stand before tool.
    blake3=$(sed -n 's/^{"blake3":"\([0-9a-f]\{64\}\)",.*/\1/p' "$record")
    sha256=$(sed -n 's/.*,"sha256":"\([0-9a-f]\{64\}\)","size_bytes":[0-9]*,"tool":".*/\1/p' "$record")
    size_bytes=$(sed -n 's/.*,"sha256":"[0-9a-f]\{64\}","size_bytes":\([0-9]*\),"tool":".*/\1/p' "$record")
    id=$(sed -n 's/.*,"id":"\(i[a-z2-7]*\)","media_type":".*/\1/p' "$record")
    set -- "${item}content/"*
    content=$1 also=
    if [ $# != 1 ] || [ ! -f "$content" ]; then
        failed 4 "content $n: there must be one file"
    elif [ "$(sha256sum <"$content" | cut -c1-64)" != "$sha256" ] || [ "$(wc -c <"$content" | tr -d ' ')" != "$size_bytes" ]; then
        failed 4 "content $n: it is not what the record describes"
    elif command -v b3sum >/dev/null && also=' and BLAKE3' && [ "$(b3sum --no-names <"$content")" != "$blake3" ]; then
        failed 4 "content $n: it has another BLAKE3 than the record"
    else
        passed 4 "content $n: $size_bytes bytes, SHA-256$also as the record says"
    fi

    {
        printf 'standfast/leaf/v1\000'
        cat "${item}salt"
        openssl dgst -sha512 -binary <"$record"
    } >"$work/blinded"
    {
        printf SFL1
        openssl dgst -sha256 -binary <"$work/blinded"
        openssl dgst -sha3-256 -binary <"$work/blinded"
    } >"$work/leaf"
    if [ "$(wc -c <"${item}salt" | tr -d ' ')" = 32 ] && cmp -s "$work/leaf" "${item}leaf"; then
        passed 5 "leaf $n: record and salt give it, by SHA-256 and SHA3-256"
    else
        failed 5 "leaf $n: record and salt do not give it"
    fi

    proof=${item}proof.tlog-proof
    sed '1,/^$/d' "$proof" >"$work/note.$n"
    index=$(sed -n '2s/^index //p' "$proof") size=$(sed -n 2p "$work/note.$n") root=$(hex_of "$(sed -n 3p "$work/note.$n")")
    leaf=$({ printf '\000'; cat "${item}leaf"; } | sha256sum | cut -c1-64)
    if [ "$(sed -n 1p "$proof")" = c2sp.org/tlog-proof@v1 ] && is_number "$index" && is_number "$size" &&
        [ "$index" -lt "$size" ] && cmp -s "$work/note.$n" "data/log/$size/checkpoint" &&
        sed '1,2d;/^$/,$d' "$proof" | to_path && [ "$(root_over "$index" "$size" "$leaf")" = "$root" ]; then
        passed 6 "inclusion $n: entry $index of $size"
    else
        failed 6 "inclusion $n: the path does not lead from the leaf to the checkpoint"
    fi

    if [ ! -f "${item}consistency" ]; then
        unchecked 11 "consistency $n: there is no earlier checkpoint"
    else
        old=$(sed -n '1s/^old //p' "${item}consistency") before=
        is_number "$old" && before=data/log/$old/checkpoint
        if [ -n "$before" ] && [ -f "$before" ] && [ "$old" = "$(sed -n 2p "$before")" ] && [ "$old" -gt 0 ] &&
            is_number "$index" && [ "$old" -le "$index" ] &&
            [ "$(sed -n 1p "$before")" = "$(sed -n 1p "$work/note.$n")" ] &&
            sed '1,/^$/d' "${item}consistency" | cmp -s - "$work/note.$n" &&
            sed '1d;/^$/,$d' "${item}consistency" | to_path &&
            continues "$old" "$(hex_of "$(sed -n 3p "$before")")" "$size" "$root"; then
            passed 11 "consistency $n: at $old entries, entry $index was not there yet"
        else
            failed 11 "consistency $n: the earlier checkpoint is not continued, or holds the item"
        fi
    fi

    if grep -q "\"item\":\"$id\"}\$" "${item}custody.json"; then
        unchecked 13 "custody $n: it is about this item; read it"
    else
        failed 13 "custody $n: it is about another item"
    fi

    said=yes
    for fact in "id\">$id<" "sha256\">$sha256<" "blake3\">$blake3<" "size_bytes\">$size_bytes<"; do
        grep -qF "<bdi data-item=\"$n\" data-field=\"$fact" data/report.html || said=no
    done
    if [ $said = yes ]; then
        passed 14 "report $n: id, digests and size; compare the rest by eye"
    else
        failed 14 "report $n: it says something else than the record"
    fi
done

for folder in data/log/*/; do
    note=${folder}checkpoint size=$(basename "$folder")
    unset_form=no
    [ "$(sed -n 2p "$note")" = "$size" ] && [ -z "$(sed -n 4p "$note")" ] || unset_form=yes
    for policy in ${own_policy:+"$own_policy"} $([ -n "$own_policy" ] || echo data/policy/classic data/policy/pq); do
        judge "$policy" "$note" log
        label="$size, $(basename "$policy")"
        [ $unset_form = no ] || verdict=false
        case $verdict in
        met) passed 7 "log-signatures $label" ;;
        unknown) unchecked 7 "log-signatures $label: this OpenSSL knows no ML-DSA-44 (3.5 does)" ;;
        *) failed 7 "log-signatures $label: false or missing" ;;
        esac
        judge "$policy" "$note" quorum
        case $verdict in
        met) passed 8 "cosignatures $label: quorum $quorum at$times (seconds since 1970)" ;;
        none) unchecked 8 "cosignatures $label: the policy asks for none" ;;
        unknown) unchecked 8 "cosignatures $label: this OpenSSL knows no ML-DSA-44 (3.5 does)" ;;
        *) failed 8 "cosignatures $label: one is false, or the quorum is not met" ;;
        esac
    done
    stamps=no
    for stamp in "${folder}stamps/"*/; do
        [ -f "${stamp}response.tsr" ] || continue
        stamps=yes
        name=$(basename "$stamp") roots=${own_roots:-${stamp}chain.pem}
        at=$(openssl ts -reply -in "${stamp}response.tsr" -text 2>/dev/null | sed -n 's/^Time stamp: //p')
        moment=$(date -u -d "$at" +%s 2>/dev/null || date -u -j -f '%b %e %T %Y %Z' "$at" +%s 2>/dev/null)
        # The stamp's own time is what its certificates must be good at. Without -sha512 of ours: the digest is the token's.
        if [ -n "$moment" ] && openssl ts -reply -in "${stamp}response.tsr" -text 2>/dev/null | grep -q '^Hash Algorithm: sha512$' &&
            openssl ts -verify -data "$note" -in "${stamp}response.tsr" -CAfile "$roots" -untrusted "${stamp}chain.pem" \
                -attime "$moment" >/dev/null 2>&1; then
            passed 9 "stamps $size, $name: $at"
        else
            failed 9 "stamps $size, $name: it does not verify"
        fi
        set -- "${stamp}"renewal-*.ers
        if [ -f "$1" ]; then
            unchecked 10 "renewals $size, $name: evidence records (RFC 4998) take a program"
        else
            unchecked 10 "renewals $size, $name: there is none"
        fi
    done
    [ $stamps = yes ] || unchecked 9 "stamps $size: there is none"
done

unchecked 12 'window: not before the times of the checkpoint in step 11, not after those of the one in step 6'
if [ -n "$own_policy" ] && [ -n "$own_roots" ]; then
    passed 15 'trust: policy and roots are your own'
else
    unchecked 15 'trust: keys and roots are those of the bundle; compare them with what their owners publish'
fi
if [ -s "$work/failed" ]; then
    echo "FAILED: step $(sort -nu "$work/failed" | tr '\n' ' ')"
    exit 1
fi
echo 'no step failed'
