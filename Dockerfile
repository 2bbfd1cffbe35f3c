# One image for the service, the workers of a sweep and the MLflow server: docker build -t recsys .
# compose.yaml and k8s/ run it without root and with a read-only file system.

# --- Build stage
FROM python:3.11-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /source

RUN python -m venv /opt/recsys
COPY requirements.txt requirements-runtime.txt ./
RUN /opt/recsys/bin/pip install --no-deps -r requirements-runtime.txt \
    && pip install --constraint requirements.txt hatchling

COPY pyproject.toml README.md LICENSE ./
COPY recsys recsys
COPY hydra_plugins hydra_plugins
COPY optuna_sweeper optuna_sweeper
COPY conf conf
RUN python -m hatchling build -t wheel -d /wheel \
    && /opt/recsys/bin/pip install --no-deps /wheel/*.whl

# --- Runtime stage
FROM python:3.11-slim

# OpenMP, needed by implicit. Its version is not pinned (hadolint DL3008): the Debian of the base image provides it.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /work --shell /usr/sbin/nologin recsys \
    && mkdir /work /mlartifacts \
    && chown recsys:recsys /work /mlartifacts

COPY --from=build /opt/recsys /opt/recsys

# The image has no git; GIT_PYTHON_REFRESH silences the warning of GitPython, a dependency of MLflow.
ENV PATH=/opt/recsys/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    GIT_PYTHON_REFRESH=quiet \
    NUMBA_CACHE_DIR=/tmp/numba \
    MPLCONFIGDIR=/tmp/matplotlib \
    XDG_CACHE_HOME=/tmp/cache

# Numba compiles at first use and caches the result: run once here so that containers start without delay.
WORKDIR /tmp/first
RUN NUMBA_CACHE_DIR=/opt/recsys/numba python -m recsys -m apriori.min_support=0.1 apriori.max_len=2,3 \
        recommender=rules,hybrid hydra/callbacks=untracked \
    && rm -rf /tmp/*
COPY docker/entrypoint.sh /usr/local/bin/recsys-entrypoint

USER 10001:10001
WORKDIR /work
EXPOSE 8000

ENTRYPOINT ["recsys-entrypoint"]
CMD ["python", "-m", "recsys", "serve", "--host", "0.0.0.0", "--port", "8000"]

# Health check of the service; compose.yaml overrides it for the other programs.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
