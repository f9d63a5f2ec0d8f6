#!/bin/sh
# Run once, on an empty volume: one database for Dagster's runs, one for the ledger, and a user who owns just these.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --set "password=$POSTGRES_PASSWORD" <<'SQL'
CREATE ROLE photos LOGIN PASSWORD :'password';
CREATE DATABASE dagster OWNER photos ENCODING 'UTF8' TEMPLATE template0;
CREATE DATABASE photos OWNER photos ENCODING 'UTF8' TEMPLATE template0;
-- The superuser is for the container itself; nobody comes in as such from outside.
ALTER ROLE CURRENT_USER PASSWORD NULL;
SQL
