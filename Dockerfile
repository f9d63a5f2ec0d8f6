# The platform's one image: webserver, daemon, code server, runs, inference and search differ only in their command.
#
# No weights are in it: they lie in a volume. `docker compose build` makes it; docs/how-to/compose.md says what the
# arguments are for. Behind a proxy with certificates of its own, or with another package index, give pip what it needs:
# `docker build --secret id=ca,src=ca.crt --secret id=pip,src=pip.conf .`; neither stays in the image.

# Pin it by digest where builds must repeat to the byte.
ARG BASE_IMAGE=python:3.11.14-slim-bookworm

FROM ${BASE_IMAGE} AS build
RUN python3 -m venv /opt/venv
WORKDIR /build
COPY pyproject.toml constraints.txt ./
# Where torch is taken from, if not from pip's own index: that one's build for CUDA has gigabytes that a CPU never uses.
ARG TORCH_INDEX=
# What the platform needs comes before the platform, so that a changed line of code does not fetch torch again.
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    --mount=type=secret,id=pip,target=/etc/pip.conf \
    mkdir photo_assets resources sensors && touch README.md LICENSE \
    && if [ -n "${TORCH_INDEX}" ]; then \
        /opt/venv/bin/pip install --no-cache-dir --constraint constraints.txt --index-url "${TORCH_INDEX}" torch; fi \
    && /opt/venv/bin/pip install --no-cache-dir --constraint constraints.txt '.[postgres,celery]'
COPY README.md LICENSE ./
COPY photo_assets photo_assets
COPY resources resources
COPY sensors sensors
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    --mount=type=secret,id=pip,target=/etc/pip.conf \
    rm -rf build && /opt/venv/bin/pip install --no-cache-dir --no-deps --force-reinstall .

FROM ${BASE_IMAGE}
# Whoever may read the photos, and never root; the volumes belong to the same.
ARG LIBRARY_UID=1000
ARG LIBRARY_GID=1000
RUN test "${LIBRARY_UID}" -ne 0 \
    && groupadd --non-unique --gid "${LIBRARY_GID}" photos \
    && useradd --non-unique --uid "${LIBRARY_UID}" --gid photos --no-create-home --home-dir /tmp photos \
    && install --directory --owner photos --group photos /data /data/inference /models /logs /dagster
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DAGSTER_HOME=/dagster \
    HF_HOME=/models \
    PHOTO_DATA=/data
# By number: Kubernetes refuses a name where it is to be sure that nothing runs as root.
USER ${LIBRARY_UID}:${LIBRARY_GID}
WORKDIR /tmp
CMD ["photos", "--help"]
