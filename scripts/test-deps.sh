#!/bin/sh
# Installs the programs that the tests talk to, from Debian, where they are
# missing and we are root. Otherwise it names them and lets the tests say what
# they lack.
set -eu

packages=""
need() { # program package
	command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || packages="$packages $2"
}
need gcc gcc # for the race detector, which needs the headers too
[ -e /usr/include/stdlib.h ] || packages="$packages libc6-dev"
need sipp sip-tester
need sipsak sipsak
need kamailio kamailio
need baresip baresip-core
need svmap sipvicious
need nsd nsd
need fail2ban-regex fail2ban
need ip iproute2 # for tests across several machines
[ -n "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] || packages="$packages postgresql"

[ -n "$packages" ] || exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
	echo "these Debian packages are needed by the tests:$packages" >&2
	exit 0
fi
# Their services would take ports; the tests start their own instances.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod +x "$policy"
	trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $packages >/dev/null
