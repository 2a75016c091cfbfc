# A machine for one test: the network, the processes, and all that is written under /etc, /root,
# /run, /usr/local and /var are its own, and gone when it ends. The packages are those of this machine.
#
#     unshare --net --mount --pid --fork --kill-child --mount-proc \
#         bash machine.sh FOLDER SOURCES PROGRAM SCRIPT
#
# As root. Runs SCRIPT, a text of bash, which may use the functions below.
set -eu
work=$1 sources=$2 program=$3 script=$4
export LC_ALL=C DEBIAN_FRONTEND=noninteractive NO_COLOR=1

mount -t tmpfs tmpfs "$work"
chmod 0755 "$work"
for folder in etc root run usr/local var; do
    mkdir -p "$work/own/$folder" "$work/overlay/$folder"
    chmod --reference="/$folder" "$work/own/$folder"
    chown --reference="/$folder" "$work/own/$folder"
    mount -t overlay overlay \
        -o "lowerdir=/$folder,upperdir=$work/own/$folder,workdir=$work/overlay/$folder" "/$folder"
done
ip link set lo up
# What systemd lets services do that are no root: listen at ports below 1024.
echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start
mkdir "$work/bin" "$work/sources" "$work/sources/target" "$work/sources/target/release" "$work/services"
cp -r "$sources/packaging" "$work/sources/"
strip -o "$work/sources/target/release/otrbot" "$program"
export PATH=$work/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# Fails, with these words.
fail() {
    echo "machine: $*" >&2
    exit 1
}
# Tries a command again until it succeeds, for a minute.
until_so() {
    local tries=0
    until "$@" >"$work/tried" 2>&1; do
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || fail "not within a minute: $*: $(cat "$work/tried")"
        sleep 0.2
    done
}
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
export -f fail until_so listens
export work

# pristine PACKAGE FILE: the file must be as the package has it.
pristine() {
    local is
    is=$(md5sum <"$2" | cut -d' ' -f1)
    dpkg-query --show --showformat='${Conffiles}\n' "$1" | grep -qF " $2 $is" ||
        fail "$2 is not as Debian's package $1 brings it: these tests follow the documents from there"
}

# certificate NAME…: for these hosts, and its own authority; in $work/NAME.crt and .key.
certificate() {
    local names
    names=$(printf ',DNS:%s' "$@")
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj "/CN=$1" \
        -addext "subjectAltName=${names#,}" -addext basicConstraints=critical,CA:FALSE \
        -keyout "$work/$1.key" -out "$work/$1.crt" 2>"$work/said" || fail "$(cat "$work/said")"
}

# What stands in the place of systemd, which does not run in tests: services by their own programs.
cat >"$work/bin/systemctl" <<'END'
#!/bin/bash
set -eu
as() { # user command…
    local user=$1
    shift
    exec setpriv --reuid="$user" --regid="$user" --init-groups "$@"
}
unit() {
    local unit=/etc/systemd/system/otrbot.service
    [ -e "$unit" ] || fail "there is no $unit"
    sed -n "s/^$1=//p" "$unit"
}
main() { # the process of a service
    case $1 in
    otrbot) cd /var/lib/otrbot && as "$(unit User)" $(unit ExecStart) ;;
    prosody) install -d -o prosody -g prosody /run/prosody && as prosody prosody -F ;;
    nginx) exec nginx -g 'daemon off;' ;;
    caddy) install -d -o caddy -g caddy /var/lib/caddy &&
        HOME=/var/lib/caddy as caddy caddy run --config /etc/caddy/Caddyfile ;;
    prometheus) install -d -o prometheus "$work/tsdb" && as prometheus prometheus --storage.tsdb.path="$work/tsdb" \
        --config.file=/etc/prometheus/prometheus.yml ;;
    *) fail "systemctl: what is $1?" ;;
    esac
}
is_up() {
    case $1 in
    otrbot) otrbot status | grep -q '^healthz: alive' ;;
    prosody) listens 5222 ;;
    nginx | caddy) listens 443 ;;
    prometheus) listens 9090 ;;
    esac
}
is_gone() { ! kill -0 "$1"; }
start() {
    main "$1" </dev/null >>"$work/services/$1.log" 2>&1 &
    echo "$!" >"$work/services/$1"
    until_so is_up "$1"
}
stop() {
    [ -e "$work/services/$1" ] || return 0
    kill "$(cat "$work/services/$1")" 2>/dev/null || true
    until_so is_gone "$(cat "$work/services/$1")"
    rm "$work/services/$1"
}
command=$1
shift
[ "${1-}" != --now ] || shift
case $command:${1-} in
daemon-reload:) ;;
start:ejabberd | restart:ejabberd)
    install -d -o ejabberd /run/ejabberd
    ! ejabberdctl status >/dev/null 2>&1 || { ejabberdctl stop && ejabberdctl stopped; }
    ejabberdctl start
    ;;
start:* | enable:*) start "$1" ;;
stop:*) stop "$1" ;;
restart:*) stop "$1" && start "$1" ;;
reload:*) if [ -e "$work/services/$1" ]; then kill -HUP "$(cat "$work/services/$1")"; else start "$1"; fi ;;
*) fail "systemctl: what is $command?" ;;
esac
END
# What stands in the place of an editor: the script "$work/edit", which is given the file.
printf '#!/bin/sh\nexec bash -eu "%s/edit" "$@"\n' "$work" >"$work/bin/editor"
chmod +x "$work/bin/systemctl" "$work/bin/editor"

# Servers as they are after their installation.
fresh_prosody() {
    pristine prosody /etc/prosody/prosody.cfg.lua
    find /etc/prosody/conf.d -mindepth 1 ! -name localhost.cfg.lua -delete
    rm -rf /var/lib/prosody/* /etc/prosody/certs/*
}
fresh_ejabberd() {
    # As the installation makes it of its example; some lines of that are meant for it alone.
    sed -e 's/  ## admin/  admin/; 0,/  ##   user/s/  ##   user/     user/; s/.*ermine.*//' \
        -e 's/  ##     - "aleksey@localhost"/       - ""/' \
        /usr/share/ejabberd/ejabberd.yml.example >/etc/ejabberd/ejabberd.yml
    rm -rf /var/lib/ejabberd/*
}
fresh_postgres() {
    local version
    version=$(find /usr/lib/postgresql -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -V | tail -n 1)
    rm -rf /etc/postgresql/* /var/lib/postgresql/* /run/postgresql/*
    pg_createcluster "$version" main --start >/dev/null
}

ended() {
    local code=$?
    [ "$code" = 0 ] || tail --verbose --lines=20 "$work"/services/*.log /var/log/prosody/prosody.log || true
    exit "$code"
}
trap ended EXIT

cd "$work/sources"
# shellcheck disable=SC1090
. "$script"
