# The driver's image. The base is any image with Python 3.11+ and its venv module; for a machine that can reach no
# image registry, demo/clusters/local makes one from Debian packages.
ARG BASE=docker.io/library/python:3.13-slim

FROM ${BASE} AS build
WORKDIR /src
COPY requirements/build.txt requirements/image.txt requirements/
# How the machine's pip reaches its index (demo/build-driver.sh passes it on): as secrets, so that no layer has them.
RUN --mount=type=secret,id=pip-conf,target=/etc/pip.conf --mount=type=secret,id=pip-cert,target=/etc/pip-cert.pem \
    python3 -m venv /opt/drakit \
    && /opt/drakit/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes \
         -r requirements/build.txt -r requirements/image.txt
COPY pyproject.toml README.md LICENSE ./
COPY core core
COPY shells shells
COPY proto proto
# The wheel carries them for the embedded cluster; the image has neither.
COPY demo/examples demo/examples
COPY demo/examples-classic demo/examples-classic
COPY demo/clusters/sandbox/*.yaml demo/clusters/sandbox/
# Compiled once here: the container's file system is read-only.
RUN /opt/drakit/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation . \
    && rm -r /opt/drakit/bin/dra-sandbox /opt/drakit/lib/python3*/site-packages/dra_sandbox \
    && /opt/drakit/bin/python -m pip uninstall --yes --quiet hatchling editables pip \
    && find /opt/drakit -name tests -type d -prune -exec rm -rf {} + \
    && python3 -m compileall -q /opt/drakit

FROM ${BASE}
COPY --from=build /opt/drakit /opt/drakit
COPY LICENSE /LICENSE
ENV PATH=/opt/drakit/bin:$PATH PYTHONUNBUFFERED=1
# A base that lacks a library shows here, not on a node.
RUN dra-kubeletplugin --help >/dev/null && dra-webhook --help >/dev/null
LABEL org.opencontainers.image.title="dra-example-driver" org.opencontainers.image.licenses="Apache-2.0"
CMD ["dra-kubeletplugin"]
