#!/bin/sh
# Installs the Debian package in a clean Debian, tries it, updates, removes and purges it.
#
#     packaging/test-deb.sh [FILE.deb]
#
# As root, with mmdebstrap and iproute2. BASE=FILE.tar is the clean Debian, made if it is not there;
# without it a fresh one is fetched and thrown away. SUITE is the release of Debian, for the first
# time. The last line is the count.
set -eu

cd "$(dirname "$0")/.."
deb=${1:-$(ls -t "${CARGO_TARGET_DIR:-target}"/debian/otrbot_*.deb | head -n 1)}
suite=${SUITE:-bookworm}
folder=$(mktemp -d)
trap 'umount "$folder/system/proc" 2>/dev/null || true; rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
root=$folder/system
base=${BASE:-$folder/base.tar}
passed=0
failed=0

if [ ! -e "$base" ]; then
    echo "fetching a clean Debian ($suite)"
    # The sources of this machine, where it has them in the newer form: they name its mirror.
    sources=/etc/apt/sources.list.d/debian.sources
    [ -e "$sources" ] || sources=""
    # shellcheck disable=SC2086
    mmdebstrap --quiet --variant=minbase --include=systemd,ca-certificates "$suite" "$base" $sources
fi
mkdir "$root"
tar -C "$root" -xf "$base"
# Services are not started in a root that is not booted.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
mount -t proc proc "$root/proc"

# In the clean Debian, with a network of its own, so that no port is taken.
inside() {
    unshare --net sh -c 'ip link set lo up && exec chroot "$@"' sh "$root" /usr/bin/env -i \
        PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"
}
as_user() { inside runuser -u "$1" -- sh -c "$2"; }

# claim NAME COMMAND…: the command must succeed.
claim() {
    name=$1
    shift
    if "$@" >"$folder/said" 2>&1; then
        passed=$((passed + 1))
        echo "ok      $name"
    else
        failed=$((failed + 1))
        echo "FAILED  $name"
        sed 's/^/        /' "$folder/said"
    fi
}
says() { # WORDS COMMAND…: its output has these words
    words=$1
    shift
    said=$("$@" 2>&1) || true
    echo "$said"
    case $said in *"$words"*) return 0 ;; *) return 1 ;; esac
}
is_mode() { # MODE OWNER:GROUP FILE, the owners by their names inside
    is=$(inside stat -c '%a %U:%G' "$3")
    echo "$3: $is"
    [ "$is" = "$1 $2" ]
}
# All files, but for the records of packages and logs.
files() {
    (cd "$root" && find . -xdev \
        \( -path ./proc -o -path ./run -o -path ./var/lib/dpkg -o -path ./var/log -o -path ./var/cache \) -prune \
        -o -print | sort)
}

files >"$folder/before"
cp "$root/etc/passwd" "$folder/passwd"
cp "$root/etc/group" "$folder/group"
cp "$deb" "$root/tmp/otrbot.deb"

claim "the package installs" inside dpkg --install /tmp/otrbot.deb
version=$(dpkg-deb --field "$deb" Version | sed 's/-[^-]*$//')
claim "the program says its version" says "otrbot $version" inside otrbot --version
# Nothing for debuggers is in it: that is in otrbot-dbgsym. The name of gdb's scripts, 34 bytes, is loaded
# with the program, and strip keeps what is.
stripped() {
    ! readelf --sections --wide "$root/usr/bin/otrbot" | grep -v '\.debug_gdb_scripts ' |
        grep -E '\.(debug_|symtab)'
}
claim "the program is stripped" stripped
claim "and smaller than 90 MB, also as the tests build it" test "$(stat -c %s "$root/usr/bin/otrbot")" -lt 90000000
claim "what debuggers need is in a package of its own" \
    says "usr/lib/debug/.build-id/" sh -c 'dpkg-deb --contents "$(dirname "$0")"/otrbot-dbgsym_*.ddeb' "$deb"
claim "the user is there, and cannot log in" says "/usr/sbin/nologin" inside getent passwd otrbot
claim "root sees no problem in the settings" \
    says "/etc/otrbot/settings.yaml: no problems" inside otrbot check
claim "root checks as the service's user" says "checked as the user otrbot" inside otrbot check
claim "what is still an example is told" says "lti.public_url: is still" inside otrbot check
claim "the user sees no problem in the settings" \
    says "no problems" as_user otrbot "cd / && otrbot check"
chmod 0700 "$root/root"
claim "nor from a folder that it may not enter, as the documents print it" \
    says "no problems" inside sh -c 'cd ~root && runuser -u otrbot -- otrbot check'
warns_not() { ! says "may read it" inside otrbot check; }
claim "none of its files is told to be open to others" warns_not
claim "others cannot read them" says "the user nobody may not read it" as_user nobody "cd / && otrbot check"
for file in settings.yaml xmpp-password lti-secret pages-key; do
    claim "$file is for root and otrbot alone" is_mode 640 root:otrbot "/etc/otrbot/$file"
done
claim "the state is the user's alone" is_mode 700 otrbot:otrbot /var/lib/otrbot
for file in usr/lib/systemd/system/otrbot.service usr/share/man/man1/otrbot.1.gz \
    usr/share/man/man1/otrbot-keys-generate.1.gz usr/share/zsh/vendor-completions/_otrbot \
    usr/share/bash-completion/completions/otrbot usr/share/doc/otrbot/sample.yaml \
    usr/share/fish/vendor_completions.d/otrbot.fish usr/share/doc/otrbot/copyright \
    usr/share/doc/otrbot/README.md usr/share/doc/otrbot/docs/install.md \
    usr/share/doc/otrbot/docs/pictures/learner.png usr/share/doc/otrbot/settings/lessons/README.md \
    usr/share/doc/otrbot/otrbot.rules.yml usr/share/doc/otrbot/otrbot.json \
    usr/share/otrbot/lessons/basics.yaml \
    usr/share/otrbot/locales/nl_NL/LC_MESSAGES/otrbot.po usr/share/otrbot/static/otrbot.css; do
    claim "$file is there" test -s "$root/$file" -o -s "$root/${file#usr/}"
done
claim "systemd accepts the unit" inside systemd-analyze verify --man=no otrbot.service
# What docs/install.md says of it, in tenths.
claim "the service may do little" \
    inside systemd-analyze security --offline=true --threshold=15 otrbot.service
claim "the shipped lessons have no fault" \
    inside sh -c 'cd /usr/share/otrbot/lessons && otrbot lesson check *.yaml'

# The domain of the sample account has no server: the bot lives, and is not ready.
cat >"$root/tmp/run.sh" <<'END'
cd /var/lib/otrbot
otrbot run >/tmp/log 2>&1 &
bot=$!
tries=0
until said=$(otrbot status 2>&1) || case $said in *"healthz: alive"*) true ;; *) false ;; esac; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || break
    sleep 0.1
done
echo "$said"
kill "$bot"
wait "$bot"
code=$?
cat /tmp/log
[ -s /var/lib/otrbot/otrbot.db ] && [ "$code" = 0 ] && echo "it ran and ended"
END
claim "the bot runs as the user, lives without its server, and ends when asked to" \
    says "it ran and ended" as_user otrbot "sh /tmp/run.sh"
claim "its store is the user's alone" is_mode 700 otrbot:otrbot /var/lib/otrbot

inside sh -c 'echo "# mine" >>/etc/otrbot/settings.yaml'
secret=$(cat "$root/etc/otrbot/lti-secret")
claim "it can be installed over itself" inside dpkg --install /tmp/otrbot.deb
claim "settings that were changed stay" grep -q '^# mine$' "$root/etc/otrbot/settings.yaml"
claim "secrets stay" test "$(cat "$root/etc/otrbot/lti-secret")" = "$secret"
claim "and who may read them" is_mode 640 root:otrbot /etc/otrbot/settings.yaml

claim "the package can be removed" inside dpkg --remove otrbot
claim "the program is gone" test ! -e "$root/usr/bin/otrbot"
claim "settings and state are not" \
    test -e "$root/etc/otrbot/settings.yaml" -a -e "$root/var/lib/otrbot/otrbot.db"
claim "what is left can be purged" inside dpkg --purge otrbot
rm "$root"/tmp/*
files >"$folder/after"
claim "nothing is left" diff "$folder/before" "$folder/after"
claim "the user is gone" diff "$folder/passwd" "$root/etc/passwd"
claim "the group is gone" diff "$folder/group" "$root/etc/group"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
