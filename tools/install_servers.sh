#!/bin/sh
# Install the programs that the tests start: RabbitMQ, PostgreSQL, Pebble (a certificate
# authority, with its challenge server), amqp-publish, strace and libfaketime.
# Only what is missing is installed; the tests run servers of their own and never the machine's.
set -eu
packages=
units=

has() {
    for place in "$@"; do
        command -v "$place" >/dev/null 2>&1 && return 0
    done
    return 1
}

has rabbitmq-server /usr/sbin/rabbitmq-server /usr/lib/rabbitmq/bin/rabbitmq-server || {
    packages="$packages rabbitmq-server"
    units="$units rabbitmq-server.service epmd.socket epmd.service"
}
has initdb /usr/lib/postgresql/*/bin/initdb || {
    packages="$packages postgresql"
    units="$units postgresql.service"
}
has amqp-publish || packages="$packages amqp-tools"
{ has pebble && has pebble-challtestsrv; } || packages="$packages pebble"
has strace || packages="$packages strace"
has faketime || packages="$packages faketime"

test -n "$packages" || exit 0
# The lists are meant to be split into words.
# shellcheck disable=SC2086
sh "$(dirname "$0")/apt_install.sh" $packages

# What was installed for tests alone does not start with the machine either.
if [ -n "$units" ] && command -v systemctl >/dev/null 2>&1; then
    sudo=
    [ "$(id -u)" = 0 ] || sudo="sudo -n"
    for unit in $units; do
        $sudo systemctl disable --quiet "$unit" >/dev/null 2>&1 || true
    done
fi
