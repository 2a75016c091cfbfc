#!/bin/sh
# Installs the programs that the tests and the demo drive, where they are missing. Does nothing,
# and quickly, where they are all there. Says what it does.
#
# As root, or with sudo, on Debian and what descends from it; elsewhere it names what is missing.
# `tests/setup.sh deb` brings what makes and tries the Debian package instead, `tests/setup.sh deny`
# what looks at the dependencies; `tests/setup.sh ct` what the check of constant time needs; `tests/setup.sh pictures` what makes pictures small as well.
set -eu
what=${1:-tests}

missing=""
need() { # package, kind of proof, what proves it
    case $2 in
    command) command -v "$3" >/dev/null 2>&1 || missing="$missing $1" ;;
    library) pkg-config --exists "$3" 2>/dev/null || missing="$missing $1" ;;
    # shellcheck disable=SC2086
    pattern) ls $3 >/dev/null 2>&1 || missing="$missing $1" ;;
    file) [ -e "$3" ] || missing="$missing $1" ;;
    esac
}

look() {
    missing=""
    need make command make
    if [ "$what" = deny ]; then
        return
    fi
    if [ "$what" = ct ]; then
        need gcc command gcc
        need valgrind command valgrind
        need libclang-dev pattern '/usr/lib/llvm-*/lib/libclang.so'
        return
    fi
    if [ "$what" = deb ]; then
        need mmdebstrap command mmdebstrap
        need binutils command objcopy
        need iproute2 command ip
        need systemd command systemd-analyze
        return
    fi
    if [ "$what" = pictures ]; then
        need pngquant command pngquant
        need fonts-dejavu-core file /usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf
    fi
    need gcc command gcc
    need pkg-config command pkg-config
    need libc6-dev file /usr/include/stdio.h
    need libotr5-dev library libotr
    need libgcrypt20-dev library libgcrypt
    need python3-potr file /usr/lib/python3/dist-packages/potr/__init__.py
    need python3-jsonschema file /usr/lib/python3/dist-packages/jsonschema/__init__.py
    need python3-oauthlib file /usr/lib/python3/dist-packages/oauthlib/__init__.py
    need python3-pycryptodome file /usr/lib/python3/dist-packages/Cryptodome/__init__.py
    need prosody command prosody
    need ejabberd command ejabberdctl
    need nginx command nginx
    need caddy command caddy
    need curl command curl
    need patch command patch
    need iproute2 command ip
    need systemd command systemd-analyze
    need profanity command profanity
    need tmux command tmux
    need openssl command openssl
    need gettext command msgfmt
    need chromium command chromium
    need chromium-driver command chromedriver
    need postgresql pattern '/usr/lib/postgresql/*/bin/initdb'
    need prometheus command promtool
    need ca-certificates file /etc/ssl/certs/ca-certificates.crt
}

if ! command -v cargo >/dev/null 2>&1; then
    echo "setup: cargo is missing. Install Rust $(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml) or newer:" >&2
    echo "setup: see https://www.rust-lang.org/tools/install, or Debian's package 'rustup' (Debian 13 and newer)" >&2
    exit 1
fi

bring() { # program of cargo
    if ! PATH="target/tools/bin:$PATH" command -v "$1" >/dev/null 2>&1; then
        echo "setup: bringing $1 into target/tools"
        # What it is optimised for is to be there soon.
        CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off \
            CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_DEBUG=false \
            cargo install "$1" --locked --quiet --root target/tools
    fi
}
case $what in
deb) bring cargo-deb ;;
deny) bring cargo-deny ;;
esac

look
if [ -z "$missing" ]; then
    echo "setup: nothing is missing"
    exit 0
fi
echo "setup: missing packages:$missing"

if ! command -v apt-get >/dev/null 2>&1; then
    echo "setup: this is not Debian: install what these packages hold, then try again" >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1; then
    as_root="sudo"
else
    echo "setup: run this as root: apt-get install --no-install-recommends$missing" >&2
    exit 1
fi

echo "setup: installing them with apt-get (the log is shown if that fails)"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() {
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --no-install-recommends $missing >"$log" 2>&1
}
# The lists may be old or not there at all: fetch them when the first try fails.
if ! install && ! { $as_root apt-get update >"$log" 2>&1 && install; }; then
    cat "$log" >&2
    echo "setup: apt-get failed" >&2
    exit 1
fi

look
if [ -n "$missing" ]; then
    echo "setup: still missing after the installation:$missing" >&2
    exit 1
fi
echo "setup: done"
