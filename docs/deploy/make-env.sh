#!/bin/sh
# Make .env of .env.example: the folder with your photos, secrets of its own, and what this host says of itself.
set -eu
[ -d "${1:-}" ] || { echo "usage: sh docs/deploy/make-env.sh /folder/with/photos" >&2; exit 2; }
library=$(cd "$1" && pwd -L)
case $library in *\'*) echo "a folder with ' in its name cannot be written into .env; give a link to it" >&2; exit 2 ;; esac
cd "$(dirname "$0")/../.."
[ ! -e .env ] || { echo ".env is there already; nothing was changed" >&2; exit 1; }

# Nothing runs as root, so what only root may read is not read.
not_root() { [ "$1" -ne 0 ] && echo "$1" || echo 1000; }
secret() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
umask 077
while IFS= read -r line; do
    case $line in
        LIBRARY_FOLDER=) echo "LIBRARY_FOLDER='$library'" ;;
        LIBRARY_UID=*) echo "LIBRARY_UID=$(not_root "$(stat -c %u "$library")")" ;;
        LIBRARY_GID=*) echo "LIBRARY_GID=$(not_root "$(stat -c %g "$library")")" ;;
        DOCKER_GID=) echo "DOCKER_GID=$(stat -c %g /var/run/docker.sock)" ;;
        *_PASSWORD= | *_KEY= | *_TOKEN=) echo "$line$(secret)" ;;
        *) echo "$line" ;;
    esac
done <.env.example >.env
echo "wrote .env; start with: docker compose up --build --detach"
