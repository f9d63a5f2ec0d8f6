#!/bin/bash
# Make the databases on an empty volume, as the official image does: initdb, the scripts, and only then the network.
set -euo pipefail
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    initdb --username="$POSTGRES_USER" --pwfile=<(echo "$POSTGRES_PASSWORD") --auth-local=trust --auth-host=scram-sha-256 \
        --encoding=UTF8 --locale=C.UTF-8
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    pg_ctl start --wait --options "-c listen_addresses='' -c unix_socket_directories=/run/postgresql"
    export PGHOST=/run/postgresql
    for script in /docker-entrypoint-initdb.d/*.sh; do "$script"; done
    pg_ctl stop --wait
fi
exec postgres -c listen_addresses='*' -c unix_socket_directories=/run/postgresql
