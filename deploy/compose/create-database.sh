#!/bin/sh
# Run by PostgreSQL's image when its volume is new: a role that owns its database, and nothing else.
set -eu
psql --set=ON_ERROR_STOP=1 --set=password="$(cat "$POSTGRES_PASSWORD_FILE")" --no-psqlrc --quiet <<'SQL'
CREATE ROLE houselights LOGIN PASSWORD :'password';
CREATE DATABASE houselights OWNER houselights;
SQL
