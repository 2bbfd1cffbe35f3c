# One image for the service, the workers of a sweep and the MLflow server: docker build -t recsys .
# compose.yaml and k8s/ run it without root and with its file system read-only.

# --- What is built, and left behind
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

# --- What runs
FROM python:3.11-slim

# OpenMP, for implicit. hadolint asks for the version; the base image's Debian decides it.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /work --shell /usr/sbin/nologin recsys \
    && mkdir /work /mlartifacts \
    && chown recsys:recsys /work /mlartifacts

COPY --from=build /opt/recsys /opt/recsys

# No git in here: GitPython, which MLflow brings, need not warn of it.
ENV PATH=/opt/recsys/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    GIT_PYTHON_REFRESH=quiet \
    NUMBA_CACHE_DIR=/tmp/numba \
    MPLCONFIGDIR=/tmp/matplotlib \
    XDG_CACHE_HOME=/tmp/cache

# Numba compiles at first use and keeps what it made: here, so that no container waits for it.
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

# The service's; compose.yaml has others for the other programs.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
