#!/bin/sh
# Make the images of the deployment where none can be pulled: a base by debootstrap, Postgres and HAProxy of Debian's
# packages on it, and the project's own. As root, with a Docker engine, debootstrap and the network of the host.
#
#   sh tests/deploy/build-images.sh [pip.conf]
set -eu
cd "$(dirname "$0")/../.."
pip_conf=${1:-/dev/null}
base=photos-verify/debian-python:bookworm
export DOCKER_BUILDKIT=1

if ! docker image inspect "$base" >/dev/null 2>&1; then
    root=$(mktemp -d)
    debootstrap --variant=minbase --include=python3,python3-venv,python3-pip,ca-certificates bookworm "$root"
    tar -C "$root" -c . | docker import --change 'CMD ["bash"]' - "$base"
    rm -rf "$root"
fi
for name in postgres haproxy; do
    docker build --network host --build-arg BASE_IMAGE="$base" --tag "photos-verify/$name:debian" "tests/deploy/images/$name"
done
docker build --network host --build-arg BASE_IMAGE="$base" --tag photo-assets:local \
    --secret id=ca,src=/etc/ssl/certs/ca-certificates.crt --secret id=pip,src="$pip_conf" .
