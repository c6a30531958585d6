#!/bin/sh
# Install Debian packages and start none of the services that come with them: tools/apt_install.sh PACKAGE…
# A service that runs already is not touched: the same policy forbids restarts.
set -eu
policy=/usr/sbin/policy-rc.d

command -v apt-get >/dev/null 2>&1 || {
    echo "Please install what Debian calls: $*" >&2
    exit 1
}
if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || {
        echo "This needs root: sudo apt-get install --no-install-recommends $*" >&2
        exit 1
    }
    exec sudo -n sh "$0" "$@"
fi

log=$(mktemp)
ours=no

forbidden() {
    test -x $policy || return 1
    answer=0
    $policy rabbitmq-server start >/dev/null 2>&1 || answer=$?
    test $answer = 101
}

restore() {
    rm -f "$log"
    test $ours = no || rm -f $policy
    test ! -e $policy.before || mv $policy.before $policy
}

# invoke-rc.d and deb-systemd-invoke ask this file before they start anything; 101 means "not allowed".
trap restore EXIT
trap 'exit 1' HUP INT TERM
if ! forbidden; then
    test ! -e $policy || mv $policy $policy.before
    ours=yes
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
fi

echo "Installing with apt: $*" >&2
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -qq --yes --no-install-recommends "$@"; } >"$log" 2>&1 || {
    tail -n 30 "$log" >&2
    echo "apt could not install: $*" >&2
    exit 1
}
