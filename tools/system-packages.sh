#!/usr/bin/env bash
# Install the Debian packages that a list names and this machine lacks. Usage: system-packages.sh LIST [PACKAGE…]
#
# Costs nothing when all are there. As root it installs them and starts no service; else it prints
# the one line to run and ends with status 1.
set -euo pipefail

list=$1
shift
missing=("$@")
while read -r package shown_by _; do
    case "$package" in '' | '#'*) continue ;; esac
    if [ "$shown_by" = dpkg ]; then
        # Elsewhere than on Debian nothing could tell, and nothing could be installed.
        command -v dpkg-query >/dev/null || continue
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || missing+=("$package")
    else
        command -v "$shown_by" >/dev/null || missing+=("$package")
    fi
done <"$list"
[ "${#missing[@]}" -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "Missing here: ${missing[*]} (Debian's names). Install them as this system does, then run make again." >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "Some system packages are missing. Run this line, then make again:" >&2
    echo "  sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi

# A package must not start a service on somebody's machine: 101 means "not allowed" to Debian's scripts.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
echo "installing system packages: ${missing[*]}"
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
